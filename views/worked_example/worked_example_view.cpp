#include "views/worked_example/worked_example_view.h"

#include "views/picture_frame.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QImage>
#include <QPainter>

#include <algorithm>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("WorkedExampleView", text);
}

using Example = WorkedExampleModel::Example;

struct ExampleName {
  Example example;
  const char* id;
  const char* title;
};

constexpr ExampleName kExamples[] = {
    {Example::linear, "linear", QT_TRANSLATE_NOOP("WorkedExampleView", "A linear layer")},
    {Example::norm, "norm", QT_TRANSLATE_NOOP("WorkedExampleView", "LayerNorm and RMSNorm")},
    {Example::mask, "mask", QT_TRANSLATE_NOOP("WorkedExampleView", "Two ways to mask")},
    {Example::softmax, "softmax", QT_TRANSLATE_NOOP("WorkedExampleView", "Softmax of 10, 1, 2")},
    {Example::cache, "cache", QT_TRANSLATE_NOOP("WorkedExampleView", "The next day is bright")},
    {Example::scaling, "scaling", QT_TRANSLATE_NOOP("WorkedExampleView", "Why √d")},
};

constexpr double kRemarkPitch = 1.15;

QFont remarkFont(const Theme& theme) {
  return theme.sized(12.5);
}

constexpr NumberRange kSeed{.minimum = 1, .maximum = 99, .step = 1, .standard = 1};

}  // namespace

std::unique_ptr<View> makeWorkedExampleView() {
  return std::make_unique<WorkedExampleView>();
}

WorkedExampleView::WorkedExampleView() {
  m_model.present(m_example, m_seed);
}

std::vector<ViewOption> WorkedExampleView::options() const {
  ViewOption example{QStringLiteral("example"), tr("Example"), tr("Which of the lectures' examples"), {}, {}};
  for (const ExampleName& name : kExamples) {
    example.choices.emplace_back(QLatin1String(name.id), tr(name.title));
    if (name.example == m_example) example.value = QLatin1String(name.id);
  }
  std::vector<ViewOption> options{example};
  if (m_example != Example::mask && m_example != Example::softmax) {
    ViewOption seed{QStringLiteral("seed"),
                    tr("Seed"),
                    tr("Other random numbers of the same kind"),
                    {},
                    kSeed.text(m_seed)};
    seed.number = kSeed;
    options.push_back(seed);
  }
  return options;
}

bool WorkedExampleView::setOption(const QString& id, const QString& value) {
  if (id == QLatin1String("example")) {
    const auto* found =
        std::find_if(std::begin(kExamples), std::end(kExamples),
                     [&](const ExampleName& name) { return value == QLatin1String(name.id); });
    if (found == std::end(kExamples)) return false;
    m_example = found->example;
  } else if (id == QLatin1String("seed")) {
    const std::optional<double> number = kSeed.parse(value);
    if (!number) return false;
    m_seed = static_cast<int>(*number);
  } else {
    return false;
  }
  m_model.present(m_example, m_seed);
  return true;
}

void WorkedExampleView::present(const SessionSnapshot&, const Selection& selection) {
  m_selection = selection;
}

QStringList WorkedExampleView::settle(QPainter& painter, const PictureFrame& frame, const Theme& theme,
                                      GridSheet& sheet) const {
  QRectF body = frame.body;
  // What to see stands below, where it leaves the matrices most of the room.
  const TextMetrics metrics(remarkFont(theme), painter.device());
  QStringList lines;
  if (!frame.small) {
    for (const QString& remark : m_model.remarks()) lines << wrappedWords(remark, metrics, body.width(), 4);
  }
  const double height = static_cast<double>(lines.size()) * metrics.height() * kRemarkPitch;
  if (height > body.height() * 0.4) lines.clear();
  if (!lines.isEmpty()) body.setBottom(body.bottom() - height - theme.px(14));
  sheet.settle(painter, body, theme, m_model.lines());
  if (!sheet.hasNumbers() && !lines.isEmpty()) {
    // The numbers matter more than what is said of them.
    lines.clear();
    sheet.settle(painter, frame.body, theme, m_model.lines());
  }
  return lines;
}

void WorkedExampleView::paint(QPainter& painter, const QRectF& area, const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.fillRect(area, theme.background);
  const PictureFrame frame = framePicture(painter, area, theme, words());
  const QStringList lines = settle(painter, frame, theme, m_sheet);
  m_sheet.paint(painter, theme, m_model.lines());
  painter.setFont(remarkFont(theme));
  painter.setPen(theme.text);
  const TextMetrics metrics(painter.font(), painter.device());
  const double pitch = metrics.height() * kRemarkPitch;
  double y = std::min(m_sheet.bottom() + theme.px(14),
                      frame.body.bottom() - pitch * static_cast<double>(lines.size()));
  for (const QString& line : lines) {
    drawFitted(painter, QRectF(frame.body.left(), y, frame.body.width(), metrics.height()),
               Qt::AlignLeft | Qt::AlignVCenter, line);
    y += pitch;
  }
  paintFrame(painter, frame, theme, words());
  painter.restore();
}

double WorkedExampleView::neededHeight(const QSizeF& room, const Theme& theme) const {
  if (m_needed && m_needed->example == m_example && m_needed->seed == m_seed && m_needed->room == room &&
      m_needed->scale == theme.scale)
    return m_needed->height;
  QImage device(1, 1, QImage::Format_RGB32);
  QPainter painter(&device);
  const double step = theme.px(40);
  double height = room.height();
  // Numbers, and what is to be seen below them; else numbers; where no height brings any (the width is too
  // small) scrolling brings nothing.
  double found = room.height();
  bool hasNumbers = false;
  for (int i = 0; i < 40; ++i, height += step) {
    GridSheet sheet;
    const PictureFrame frame =
        framePicture(painter, QRectF(QPointF(), QSizeF(room.width(), height)), theme, words());
    const bool hasWords = !settle(painter, frame, theme, sheet).isEmpty();
    if (!sheet.hasNumbers()) continue;
    if (!hasNumbers || hasWords) found = height;
    hasNumbers = true;
    if (hasWords) break;
  }
  m_needed = Needed{m_example, m_seed, room, theme.scale, found};
  return found;
}

std::optional<Hit> WorkedExampleView::hitTest(QPointF point) const {
  const std::optional<GridSheet::Spot> spot = m_sheet.at(point);
  if (!spot) return std::nullopt;
  Hit hit;
  hit.hovered = m_selection;
  hit.locks = false;
  hit.toolTip = m_model.toolTip(*spot);
  if (std::optional<Explanation> explanation = m_model.explanation(*spot))
    hit.number = derivedPlace(m_selection, std::move(*explanation));
  return hit;
}

}  // namespace decodescope
