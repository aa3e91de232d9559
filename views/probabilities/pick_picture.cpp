#include "views/probabilities/pick_picture.h"

#include "views/heatmap.h"
#include "views/picture_frame.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("ProbabilitiesView", text);
}

/// The smallest of 1, 0.5, 0.2, 0.1 … that is not below p: the end of the bars' axis.
double axisEnd(double p) {
  double end = 1;
  for (int i = 0; i < 30; ++i) {
    static constexpr double kNext[] = {0.5, 0.4, 0.5};
    const double smaller = end * kNext[i % 3];
    if (smaller < p) break;
    end = smaller;
  }
  return end;
}

QString logitText(float logit) {
  if (!std::isfinite(logit)) return logit < 0 ? QStringLiteral("−∞") : QStringLiteral("∞");
  return QString::number(static_cast<double>(logit), 'f', 2).replace(QLatin1Char('-'), QChar(0x2212));
}

QString share(double p) {
  if (p > 0 && p < 0.0005) return QStringLiteral("<0.001");
  return QString::number(p, 'f', 3);
}

}  // namespace

void PickPicture::paintPipeline(QPainter& painter, QRectF& area, const Theme& theme,
                                const PickModel& model) const {
  const auto stages = model.pipeline();
  const QFont nameFont = theme.sized(10.5), valueFont = theme.sized(12, QFont::DemiBold);
  const TextMetrics names(nameFont, painter.device()), values(valueFont, painter.device());
  const double arrow = theme.px(18), inside = theme.px(8);
  const double height = names.height() + values.height() + theme.px(6);
  if (area.height() < height + theme.px(120)) return;
  std::vector<double> widths;
  double total = 0;
  for (const auto& [name, value] : stages) {
    widths.push_back(
        std::min(theme.px(150), std::max(names.horizontalAdvance(name), values.horizontalAdvance(value))) +
        2 * inside + theme.px(1));
    total += widths.back();
  }
  total += arrow * static_cast<double>(stages.size() - 1);
  if (total > area.width()) return;
  painter.setRenderHint(QPainter::Antialiasing, true);
  double x = area.left();
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const QRectF box(x, area.top(), widths[i], height);
    const bool last = i + 1 == stages.size();
    painter.setPen(QPen(last ? theme.accent : theme.line, theme.px(last ? 1.5 : 1)));
    painter.setBrush(last ? mixed(theme.background, theme.accent, 0.10) : theme.panel);
    painter.drawRoundedRect(box, theme.px(4), theme.px(4));
    painter.setFont(nameFont);
    painter.setPen(theme.faintText);
    const QRectF text = box.adjusted(inside, theme.px(3), -inside, -theme.px(3));
    drawFitted(painter, QRectF(text.left(), text.top(), text.width(), names.height()), Qt::AlignHCenter,
               stages[i].first);
    painter.setFont(valueFont);
    painter.setPen(last ? theme.accent : theme.text);
    drawFitted(painter, QRectF(text.left(), text.top() + names.height(), text.width(), values.height()),
               Qt::AlignHCenter, stages[i].second);
    x += widths[i];
    if (last) break;
    painter.setPen(QPen(theme.faintText, theme.px(1.2)));
    const double y = box.center().y(), tip = x + arrow - theme.px(3);
    painter.drawLine(QPointF(x + theme.px(3), y), QPointF(tip, y));
    painter.drawLine(QPointF(tip - theme.px(4), y - theme.px(3)), QPointF(tip, y));
    painter.drawLine(QPointF(tip - theme.px(4), y + theme.px(3)), QPointF(tip, y));
    x += arrow;
  }
  painter.setRenderHint(QPainter::Antialiasing, false);
  area.setTop(area.top() + height + theme.px(10));
}

int PickPicture::candidateAt(QPointF point) const {
  for (const Row& row : m_rows) {
    if (row.area.contains(point)) return row.candidate;
  }
  return -1;
}

void PickPicture::paint(QPainter& painter, const QRectF& whole, const Theme& theme, const PickModel& model) {
  m_rows.clear();
  QRectF area = whole;
  paintPipeline(painter, area, theme, model);
  const std::vector<CandidateSteps>& candidates = model.steps().candidates;
  const QFont font = theme.sized(12), bold = theme.sized(12, QFont::DemiBold), small = theme.sized(10.5);
  const TextMetrics metrics(font, painter.device()), smallMetrics(small, painter.device());
  const double least = metrics.height() + theme.px(1);
  const double header = area.height() > 4 * least ? smallMetrics.height() * 2 + theme.px(4) : 0;

  // Which candidates fit: the likeliest ones and always the pick; then what all others hold together.
  const int room = std::max(1, static_cast<int>((area.height() - header) / least) - 1);
  std::vector<int> shown;
  for (int i = 0; i < static_cast<int>(candidates.size()) && static_cast<int>(shown.size()) < room; ++i)
    shown.push_back(i);
  const auto picked = std::find_if(candidates.begin(), candidates.end(),
                                   [&](const auto& c) { return c.token == model.picked(); });
  const int pick = picked == candidates.end() ? -1 : static_cast<int>(picked - candidates.begin());
  if (pick >= 0 && std::find(shown.begin(), shown.end(), pick) == shown.end()) shown.back() = pick;
  double largest = 0;
  for (const int i : shown) {
    const CandidateSteps& c = candidates[static_cast<std::size_t>(i)];
    largest = std::max({largest, c.probability, c.kept});
  }
  const PickModel::Rest rest = model.rest(shown);
  const bool hasRest = rest.tokens > 0;
  if (hasRest) largest = std::max({largest, rest.probability, rest.kept});
  const double end = axisEnd(largest);
  const double rows = static_cast<double>(shown.size()) + (hasRest ? 1 : 0);
  const double rowHeight = std::clamp((area.height() - header) / rows, 1.0, theme.px(40));

  // Columns; those for which there is no room are left out from the left.
  double pieceWidth = 0, idWidth = smallMetrics.horizontalAdvance(tr("id")), logitWidth = 0;
  const TextMetrics boldMetrics(bold, painter.device());
  for (const int i : shown) {
    const CandidateSteps& c = candidates[static_cast<std::size_t>(i)];
    pieceWidth = std::max(pieceWidth, boldMetrics.horizontalAdvance(model.piece(c.token)));
    idWidth = std::max(idWidth, metrics.horizontalAdvance(QString::number(c.token.value)));
    logitWidth = std::max(logitWidth, metrics.horizontalAdvance(logitText(c.logit)));
  }
  const QString others =
      tr("%1 others").arg(groupedNumber(static_cast<std::uint64_t>(std::max(0, rest.tokens))));
  if (hasRest) pieceWidth = std::max(pieceWidth, metrics.horizontalAdvance(others));
  logitWidth = std::max(logitWidth, smallMetrics.horizontalAdvance(tr("logit z")));
  const double gap = theme.px(12);
  const double rankWidth = metrics.horizontalAdvance(QStringLiteral("00"));
  pieceWidth = std::min(pieceWidth, area.width() * 0.3);
  double x = area.left() + theme.px(6);
  const bool roomy = area.width() >= theme.px(420);
  const double rankX = x;
  if (roomy) x += rankWidth + gap;
  const double pieceX = x;
  x += pieceWidth + gap;
  const double idX = x;
  if (roomy) x += idWidth + gap;
  const double logitX = x;
  if (area.width() >= theme.px(340)) x += logitWidth + gap;
  const bool hasLogits = x > logitX;
  const double barsLeft = x, barsWidth = area.right() - x;
  const double half = (barsWidth - gap) / 2;
  const QRectF before(barsLeft, area.top(), half, area.height()),
      after(barsLeft + half + gap, area.top(), half, area.height());
  const double number = metrics.horizontalAdvance(QStringLiteral("<0.001")) + theme.px(5);
  const QString tag = model.isWhatIf()        ? tr("what-if pick")
                      : model.chosenInstead() ? tr("chosen")
                                              : tr("picked");
  const double tagWidth = boldMetrics.horizontalAdvance(tag) + theme.px(8);
  const bool tagged = half > 2.5 * (number + tagWidth);

  if (header > 0) {
    painter.setFont(small);
    painter.setPen(theme.faintText);
    const double line = smallMetrics.height();
    const auto head = [&](double left, double width, Qt::Alignment align, const QString& first,
                          const QString& second) {
      drawFitted(painter, QRectF(left, area.top(), width, line), align | Qt::AlignVCenter, first);
      drawFitted(painter, QRectF(left, area.top() + line, width, line), align | Qt::AlignVCenter, second);
    };
    if (roomy) head(rankX, rankWidth, Qt::AlignRight, {}, QStringLiteral("#"));
    head(pieceX, pieceWidth, Qt::AlignLeft, {}, tr("token"));
    if (roomy) head(idX, idWidth, Qt::AlignRight, {}, tr("id"));
    if (hasLogits) head(logitX, logitWidth, Qt::AlignRight, {}, tr("logit z"));
    const QString axis = QStringLiteral("0 … %1").arg(QString::number(end, 'g', 3));
    head(before.left(), half, Qt::AlignLeft, tr("probability at temperature 1"), axis);
    head(after.left(), half, Qt::AlignLeft,
         model.isWhatIf() ? tr("what-if: after its settings") : tr("probability after the settings"), axis);
  }

  const auto bar = [&](const QRectF& column, double y, double p, const QColor& color, const QString& text,
                       bool grey) {
    const double full = std::max(1.0, column.width() - number - (tagged ? tagWidth : 0));
    const double height = std::clamp(rowHeight * 0.62, theme.px(3), theme.px(20));
    const double width = std::clamp(p / end, 0.0, 1.0) * full;
    const QRectF box(column.left(), y + (rowHeight - height) / 2, std::max(width, theme.px(1)), height);
    painter.fillRect(box, color);
    painter.setFont(font);
    painter.setPen(grey ? theme.faintText : theme.text);
    const QRectF beside(box.right() + theme.px(5), y, column.right() - box.right() - theme.px(5), rowHeight);
    drawFitted(painter, beside, Qt::AlignLeft | Qt::AlignVCenter, text);
  };

  const QColor plainBar = mixed(theme.faintText, theme.background, 0.35);
  double y = area.top() + header;
  for (const int i : shown) {
    const CandidateSteps& c = candidates[static_cast<std::size_t>(i)];
    const bool isPick = c.token == model.picked();
    const bool cut = c.fate != CandidateFate::kept;
    const QRectF row(area.left(), y, area.width(), rowHeight);
    m_rows.push_back({row, i});
    if (isPick) painter.fillRect(row, mixed(theme.background, theme.accent, 0.12));
    const auto cell = [&](double left, double width, Qt::Alignment align, const QString& text) {
      drawFitted(painter, QRectF(left, y, width, rowHeight), align | Qt::AlignVCenter, text);
    };
    painter.setFont(small);
    painter.setPen(theme.faintText);
    if (roomy) cell(rankX, rankWidth, Qt::AlignRight, QString::number(c.rank));
    painter.setFont(isPick ? bold : font);
    painter.setPen(isPick ? theme.accent : cut ? theme.faintText : theme.text);
    cell(pieceX, pieceWidth, Qt::AlignLeft, model.piece(c.token));
    painter.setFont(font);
    painter.setPen(theme.faintText);
    if (roomy) cell(idX, idWidth, Qt::AlignRight, QString::number(c.token.value));
    painter.setPen(cut ? theme.faintText : theme.text);
    if (hasLogits) cell(logitX, logitWidth, Qt::AlignRight, logitText(c.logit));
    bar(before, y, c.probability, isPick ? mixed(theme.accent, theme.background, 0.45) : plainBar,
        share(c.probability), cut);
    if (cut) {
      bar(after, y, 0, theme.line, model.fateText(c), true);
    } else {
      bar(after, y, c.kept, isPick ? theme.accent : mixed(theme.faintText, theme.text, 0.25), share(c.kept),
          false);
      if (tagged && c.token == (model.isWhatIf() ? model.whatIfPick() : model.picked())) {
        painter.setFont(bold);
        painter.setPen(theme.accent);
        cell(after.right() - tagWidth, tagWidth - theme.px(4), Qt::AlignRight, tag);
      }
    }
    y += rowHeight;
  }
  if (hasRest) {
    painter.setPen(QPen(theme.line, theme.px(1)));
    painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y));
    painter.setFont(font);
    painter.setPen(theme.faintText);
    drawFitted(painter, QRectF(pieceX, y, pieceWidth, rowHeight), Qt::AlignLeft | Qt::AlignVCenter, others);
    bar(before, y, rest.probability, mixed(plainBar, theme.background, 0.4), share(rest.probability), true);
    bar(after, y, rest.kept, mixed(plainBar, theme.background, 0.4),
        rest.kept > 0 ? share(rest.kept) : tr("cut"), true);
  }
}

}  // namespace decodescope
