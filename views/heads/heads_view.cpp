#include "views/heads/heads_view.h"

#include "core/attention/attention_rows.h"
#include "views/colormap.h"
#include "views/picture_frame.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <array>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("HeadsView", text);
}

/// Shazeer's multi-query attention as the cheat sheet codes it.
constexpr AttentionSizes kLecture{4, 128, 512, 8, 1, 64};

struct SizeOption {
  const char* id;
  const char* tip;
  int AttentionSizes::*member;
  int most;
};
constexpr std::array<SizeOption, 5> kSizeOptions{{
    {"B", QT_TRANSLATE_NOOP("HeadsView", "Batch: sequences at once. 0: as it is"), &AttentionSizes::batch,
     4096},
    {"T", QT_TRANSLATE_NOOP("HeadsView", "Tokens of a sequence. 0: as it is"), &AttentionSizes::tokens,
     1000000},
    {"D", QT_TRANSLATE_NOOP("HeadsView", "hidden_size. 0: as it is"), &AttentionSizes::hidden, 65536},
    {"H", QT_TRANSLATE_NOOP("HeadsView", "Query heads. 0: as it is"), &AttentionSizes::heads, 256},
    {"G", QT_TRANSLATE_NOOP("HeadsView", "Key/value heads, a divisor of H. 0: as it is"),
     &AttentionSizes::keyValueHeads, 256},
}};

NumberRange rangeOf(const SizeOption& option) {
  return {.minimum = 0, .maximum = static_cast<double>(option.most), .step = 1, .standard = 0, .typed = true};
}

}  // namespace

std::unique_ptr<View> makeHeadsView() {
  return std::make_unique<HeadsView>();
}

std::vector<ViewOption> HeadsView::options() const {
  std::vector<ViewOption> options{
      {QStringLiteral("show"),
       tr("Show"),
       tr("The rows of this run, or the shapes that follow from the sizes"),
       {{QStringLiteral("heads"), tr("Who reads whom")},
        {QStringLiteral("shapes"), tr("Shapes of Q, K, V and output")}},
       m_panel == Panel::heads ? QStringLiteral("heads") : QStringLiteral("shapes")}};
  if (m_panel == Panel::heads) {
    options.push_back(
        {QStringLiteral("keys"),
         tr("Keys"),
         tr("The keys and values of all tokens that the query sees, or of the selected one"),
         {{QStringLiteral("all"), tr("All tokens")}, {QStringLiteral("selected"), tr("Selected token")}},
         m_selectedKeyOnly ? QStringLiteral("selected") : QStringLiteral("all")});
    if (!m_hasLatents) return options;
    options.push_back(
        {QStringLiteral("mla"),
         tr("MLA"),
         tr("Under multi-head latent attention: what all heads share and the cache keeps, or the "
            "keys and values that each head rebuilds from it"),
         {{QStringLiteral("latents"), tr("Latents")}, {QStringLiteral("rebuilt"), tr("Rebuilt")}},
         m_rebuilt ? QStringLiteral("rebuilt") : QStringLiteral("latents")});
    return options;
  }
  options.push_back({QStringLiteral("sizes"),
                     tr("Sizes"),
                     tr("Where the sizes come from that are left at 0"),
                     {{QStringLiteral("model"), tr("This model")},
                      {QStringLiteral("lecture"), tr("Lecture: 4 × 128 × 512, 8 heads")}},
                     m_lectureSizes ? QStringLiteral("lecture") : QStringLiteral("model")});
  for (const SizeOption& size : kSizeOptions) {
    const NumberRange range = rangeOf(size);
    ViewOption option{
        QLatin1String(size.id), QLatin1String(size.id), tr(size.tip), {}, range.text(m_wanted.*size.member)};
    option.number = range;
    options.push_back(option);
  }
  return options;
}

bool HeadsView::setOption(const QString& id, const QString& value) {
  const auto pick = [&](const char* off, const char* on, auto set) {
    if (value != QLatin1String(off) && value != QLatin1String(on)) return false;
    set(value == QLatin1String(on));
    return true;
  };
  bool known = false;
  if (id == QLatin1String("show")) {
    known = pick("heads", "shapes", [&](bool on) { m_panel = on ? Panel::shapes : Panel::heads; });
  } else if (id == QLatin1String("keys")) {
    known = pick("all", "selected", [&](bool on) { m_selectedKeyOnly = on; });
  } else if (id == QLatin1String("mla")) {
    known = pick("latents", "rebuilt", [&](bool on) { m_rebuilt = on; });
  } else if (id == QLatin1String("sizes")) {
    known = pick("model", "lecture", [&](bool on) { m_lectureSizes = on; });
  } else {
    for (const SizeOption& size : kSizeOptions) {
      if (id != QLatin1String(size.id)) continue;
      const std::optional<double> number = rangeOf(size).parse(value);
      if (!number) return false;
      m_wanted.*size.member = static_cast<int>(*number);
      known = true;
    }
  }
  if (known) update();
  return known;
}

void HeadsView::present(const SessionSnapshot& session, const Selection& selection) {
  m_hasLatents = std::any_of(session.lanes.begin(), session.lanes.end(), [](const LaneSnapshot& lane) {
    return lane.run->model && lane.run->model->config().attention == AttentionKind::latent;
  });
  m_shown = shownRun(session, selection);
  update();
}

std::vector<double> HeadsView::scaleEnds() const {
  return m_panel == Panel::heads && m_model.ready() ? m_model.scaleEnds() : std::vector<double>();
}

AttentionSizes HeadsView::baseSizes() const {
  if (m_lectureSizes || !m_shown.run) return kLecture;
  const ModelConfig& config = m_shown.config();
  return {1,
          std::max(1, m_shown.tokens),
          config.hiddenSize,
          config.numAttentionHeads,
          std::max(1, config.numKeyValueHeads),
          config.headDim};
}

void HeadsView::update() {
  if (m_panel == Panel::heads) return m_model.present(m_shown, m_selectedKeyOnly, m_rebuilt);
  const AttentionSizes base = baseSizes();
  AttentionSizes sizes = base;
  for (const SizeOption& option : kSizeOptions) {
    if (m_wanted.*option.member > 0) sizes.*option.member = m_wanted.*option.member;
  }
  // Another width or number of heads: heads share the width as usual.
  if (sizes.hidden != base.hidden || sizes.heads != base.heads)
    sizes.headDim = std::max(1, sizes.hidden / sizes.heads);
  sizes.keyValueHeads = std::min(sizes.keyValueHeads, sizes.heads);
  const bool isModels =
      !m_lectureSizes && m_shown.run && sizes.heads == base.heads && sizes.hidden == base.hidden;
  m_table.present(sizes, isModels ? std::optional(base.keyValueHeads) : std::nullopt);
}

bool HeadsView::hasPicture() const {
  if (m_panel == Panel::heads) return m_model.ready();
  return m_lectureSizes || m_shown.run;
}

QString HeadsView::emptyTitle() const {
  return m_panel == Panel::heads ? m_model.emptyTitle() : m_shown.emptyTitle();
}

QString HeadsView::emptyText() const {
  return m_panel == Panel::heads ? m_model.emptyText()
                                 : tr("Open a model for its shapes, or choose the lecture's sizes above.");
}

FrameTexts HeadsView::words(const Theme& theme) const {
  FrameTexts texts;
  if (m_panel == Panel::heads) {
    texts = {m_model.title(), m_model.facts(), m_model.note(), m_model.readout(), m_model.shortReadout(), {}};
    const std::vector<double> ends = m_model.scaleEnds();
    const QList<QRgb> signs = colormapTable(Colormap::diverging, theme.dark);
    texts.legend = {{tr("number below 0"), colorSample(QColor::fromRgb(signs[40]))},
                    {tr("above 0"), colorSample(QColor::fromRgb(signs[215]))},
                    {(m_model.showsLatents() ? tr("colours end at q ±%1, ĉ ±%2, k_r ±%3, context ±%4")
                                             : tr("colours end at q ±%1, k ±%2, v ±%3, context ±%4"))
                         .arg(shortNumber(ends[0]), shortNumber(ends[m_model.showsLatents() ? 4 : 1]),
                              shortNumber(ends[m_model.showsLatents() ? 5 : 2]), shortNumber(ends[3])),
                     [](QPainter&, const QRectF&) {}, 0}};
  } else {
    texts.title = tr("Shapes of multi-head attention");
    const AttentionSizes& s = m_table.columns().front().sizes;
    texts.subtitle << tr("batch B = %1").arg(s.batch) << tr("tokens T = %1").arg(s.tokens)
                   << tr("hidden_size D = %1").arg(s.hidden) << tr("query heads H = %1").arg(s.heads)
                   << tr("head_dim d = %1").arg(s.headDim);
    texts.readout =
        tr("Bold: what sharing changes. K and V shrink with G; scores, context and output do not.");
  }
  return texts;
}

double HeadsView::neededHeight(const QSizeF& room, const Theme& theme) const {
  if (m_panel != Panel::shapes || !hasPicture()) return room.height();
  return framedHeight(room, theme, words(theme), [&](QPainter& painter, const QSizeF& body) {
    return HeadShapesPicture::neededHeight(painter, body.width(), theme, m_table);
  });
}

void HeadsView::paint(QPainter& painter, const QRectF& area, const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.fillRect(area, theme.background);
  m_picture = {};
  m_tablePicture = {};
  if (!hasPicture()) {
    painter.setRenderHint(QPainter::Antialiasing, true);
    drawMessage(painter, area, theme, emptyTitle(), emptyText());
    painter.restore();
    return;
  }
  const FrameTexts texts = words(theme);
  const PictureFrame frame = framePicture(painter, area, theme, texts);
  if (m_panel == Panel::heads) {
    m_picture.paint(painter, frame.body, theme, m_model);
  } else {
    m_tablePicture.paint(painter, frame.body, theme, m_table);
  }
  paintFrame(painter, frame, theme, texts);
  painter.restore();
}

std::optional<Hit> HeadsView::hitTest(QPointF point) const {
  if (!hasPicture()) return std::nullopt;
  Hit hit;
  hit.hovered = m_shown.selection;
  if (m_panel == Panel::shapes) {
    const auto spot = m_tablePicture.at(point);
    if (!spot) return std::nullopt;
    hit.toolTip = m_table.toolTip(spot->row, spot->column);
    return hit;
  }
  const auto spot = m_picture.at(point);
  if (!spot) return std::nullopt;
  using Kind = HeadsPicture::Spot::Kind;
  if (spot->kind == Kind::query || spot->kind == Kind::context) {
    hit.hovered.head = HeadIndex{spot->head};
    hit.toolTip = spot->kind == Kind::query ? m_model.queryToolTip(spot->head, spot->element)
                                            : m_model.contextToolTip(spot->head, spot->element);
    hit.number = NumberPlace{hit.hovered, spot->element};
    hit.number->row.site = spot->kind == Kind::context
                               ? Site::context
                               : attentionQueryPlace(m_shown.config(), HeadIndex{spot->head}).site;
    return hit;
  }
  const bool isValue = spot->kind == Kind::value;
  // One of the heads that read it, the chosen one if it does.
  if (m_model.groupOf(m_model.chosenHead()) != spot->head)
    hit.hovered.head = HeadIndex{spot->head * m_model.headsPerGroup()};
  hit.hovered.key = Position{m_model.firstKey() + spot->row};
  hit.toolTip = m_model.keyToolTip(spot->head, spot->row, spot->element, isValue);
  hit.number = NumberPlace{hit.hovered, spot->element, hit.hovered.key.value};
  if (m_model.showsLatents()) {
    hit.number->row.site = isValue ? Site::kRot : Site::kvALayernorm;
    return hit;
  }
  const ModelConfig& config = m_shown.config();
  const KvHeadIndex group{spot->head};
  hit.number->row.site =
      (isValue ? attentionValuePlace(config, group) : attentionKeyPlace(config, group)).site;
  // A row of MLA's rebuilt values begins behind those of the head's keys.
  if (isValue && config.attention == AttentionKind::latent) hit.number->element += config.qkNopeHeadDim;
  return hit;
}

Selection HeadsView::moved(const Selection& selection, int dx, int dy) const {
  // Heads stand below each other.
  Selection s = selection;
  s.head = HeadIndex{std::max(0, s.head.value + dy)};
  s.key = Position{std::max(0, s.key.value + dx)};
  return s;
}

std::vector<NamedTable> HeadsView::tables() const {
  if (!hasPicture()) return {};
  return m_panel == Panel::heads ? m_model.tables() : m_table.tables();
}

QString HeadsView::description() const {
  if (!hasPicture()) return emptyTitle() + QStringLiteral(". ") + emptyText();
  if (m_panel == Panel::heads)
    return m_model.title() + QStringLiteral(": ") + m_model.facts().join(QStringLiteral(", ")) +
           QStringLiteral(". ") + m_model.readout();
  QString text = tr("Shapes of multi-head attention.");
  for (const HeadShapesColumn& column : m_table.columns()) {
    text += QStringLiteral(" %1 (%2):").arg(column.name, column.groupText);
    for (const HeadShapesRow& row : HeadShapesTable::rows())
      text += QStringLiteral(" %1 %2,").arg(HeadShapesTable::rowName(row),
                                            HeadShapesTable::shapeText(row.shape(column.sizes)));
    text.chop(1);
    text += QLatin1Char('.');
  }
  return text;
}

}  // namespace decodescope
