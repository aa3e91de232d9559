#include "views/attention/attention_page.h"

#include <QCoreApplication>
#include <QPainter>

#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("AttentionView", text);
}

}  // namespace

QRectF AttentionPage::matrixAt(QPointF) const {
  return {};
}

AttentionPictureKey pictureKey(const AttentionModel& model, const Theme& theme, AttentionStage stage,
                               const MatrixWindow::Shown& shown, double high) {
  AttentionPictureKey key;
  key.run = model.runId();
  key.firstTrace = model.causal() || model.traces().empty() ? nullptr : model.traces().front().get();
  key.layer = model.selection().layer.value;
  key.head = model.selection().head.value;
  key.tokens = model.tokens();
  key.missing = model.missingRows();
  key.settings = model.settings();
  key.stage = stage;
  key.high = high;
  key.scale = theme.scale;
  key.dark = theme.dark;
  key.shown = shown;
  return key;
}

MatrixNumbers matrixNumbers(const AttentionModel& model, AttentionStage stage, const ColorScale& scale) {
  return {model.rows(stage), scale, [stage](float v) { return AttentionModel::cellText(stage, v); },
          model.showsGhosts(stage) ? BeyondDiagonal::ghost : BeyondDiagonal::masked,
          model.config().slidingWindow > 0 ? [&model](int query) { return model.firstVisible(query); }
                                           : std::function<int(int)>()};
}

MatrixAxes matrixAxes(const AttentionModel& model) {
  return {model.labels(), model.selection().query.value, model.selection().key.value, model.firstComputed(),
          model.firstNew()};
}

std::vector<LegendItem> attentionLegend(const AttentionModel& model, const Theme& theme, bool ghosts) {
  const int first = model.firstNew(), end = model.tokens();
  std::vector<LegendItem> items;
  items.push_back({end - first == 1 ? tr("row %1 is new in this step").arg(first)
                                    : tr("rows %1–%2 are new in this step").arg(first).arg(end - 1),
                   colorSample(theme.accent)});
  if (model.firstComputed() < first)
    items.push_back({tr("rows %1–%2 computed again (no cache)").arg(model.firstComputed()).arg(first - 1),
                     colorSample(theme.warning)});
  if (end > 1 && model.causal()) {
    if (ghosts)
      items.push_back({tr("veiled: later than the query, never computed by the run"),
                       [theme](QPainter& painter, const QRectF& r) {
                         painter.fillRect(r, mixed(theme.background, theme.query, 0.2));
                         drawOutline(painter, r, theme.maskedLine, theme.px(1), Qt::DashLine);
                       }});
    else
      items.push_back({tr("masked: later than the query"),
                       [theme](QPainter& painter, const QRectF& r) { drawMasked(painter, r, theme); }});
  }
  if (end > 0 && model.firstVisible(end - 1) > 0)
    items.push_back(
        {tr("hatched on the left: before the window of %1 keys").arg(model.config().slidingWindow),
         [theme](QPainter& painter, const QRectF& r) { drawMasked(painter, r, theme); }});
  if (model.withoutFirst())
    items.push_back({tr("key 0 is left out of the colours"), colorSample(theme.panel)});
  if (model.missingRows() > 0)
    items.push_back(
        {tr("%1 rows not stored (trace budget)").arg(model.missingRows()), colorSample(theme.panel)});
  return items;
}

std::optional<LegendItem> poolingNote(int count, double side, double ratio, const QString& what) {
  const double dots = std::max(1.0, std::floor(side * ratio));
  if (count <= dots) return std::nullopt;
  LegendItem item{
      tr("each dot: the largest %1 of about %2 × %2 cells").arg(what, QString::number(count / dots, 'f', 1)),
      [](QPainter&, const QRectF&) {}};
  item.sampleWidth = 0;
  return item;
}

Hit cellHit(const AttentionModel& model, AttentionStage stage, int query, int key) {
  Hit hit;
  hit.hovered = model.selection();
  hit.hovered.query = Position{query};
  hit.hovered.key = Position{key};
  hit.clicked = hit.hovered;
  hit.clicked->site = stage == AttentionStage::weights ? Site::weights : Site::scores;
  hit.number = NumberPlace{*hit.clicked};
  hit.toolTip = model.toolTip(stage, query, key);
  if (key < model.visible(query)) hit.strikes = model.strikesAt(key);
  return hit;
}

Hit headHit(const AttentionModel& model, LayerIndex layer, HeadIndex head) {
  Hit hit;
  hit.hovered = model.selection();
  hit.clicked = hit.hovered;
  hit.clicked->layer = layer;
  hit.clicked->head = head;
  hit.locks = false;
  hit.toolTip = model.headToolTip(layer, head);
  hit.strikes = model.strikesOf(layer, head);
  return hit;
}

}  // namespace decodescope
