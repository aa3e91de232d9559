#include "views/attention/stages_page.h"

#include <QCoreApplication>
#include <QPainter>

#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("AttentionView", text);
}

constexpr AttentionStage kStages[] = {AttentionStage::raw, AttentionStage::scaled, AttentionStage::masked,
                                      AttentionStage::weights};

}  // namespace

QString StagesPage::title(const AttentionModel& model) const {
  return tr("From q·k to weights · %1").arg(model.place());
}

void StagesPage::paint(QPainter& painter, const QRectF& area, const Theme& theme, const AttentionModel& model,
                       const MatrixWindow& window) {
  const int query = model.selection().query.value, key = model.selection().key.value;
  FrameTexts texts;
  texts.title = title(model);
  texts.subtitle = model.circumstances();
  texts.readout = model.readout(query, key);
  texts.shortReadout = model.shortReadout(AttentionStage::weights, query, key);
  texts.legend = attentionLegend(model, theme, true);
  const PictureFrame frame = framePicture(painter, area, theme, texts);
  const QString d = QString::number(model.config().headDim);
  const QString root = QString::number(std::sqrt(model.config().headDim), 'g', 4);
  const QString product =
      model.config().position == PositionKind::rotary ? QStringLiteral("q′·k′") : QStringLiteral("q·k");
  const QString titles[] = {tr("1 · %1").arg(product), tr("2 · ÷ √d = √%1 = %2").arg(d, root),
                            model.causal() ? tr("3 · masked: later keys −∞") : tr("3 · not masked"),
                            tr("4 · softmax: weights")};
  std::vector<MatrixPanels::Panel> panels;
  for (std::size_t i = 0; i < std::size(kStages); ++i) {
    const AttentionStage stage = kStages[i];
    const ColorScale scale = model.colorScale(stage);
    const std::optional<float> v = model.value(stage, query, key);
    const QString value =
        v && std::isfinite(*v) ? AttentionModel::numberText(*v)
        : key >= model.visible(query)
            ? (stage == AttentionStage::weights ? QStringLiteral("0") : QStringLiteral("−∞"))
            : QStringLiteral("–");
    panels.push_back(
        {titles[i], [&model, stage, scale] { return matrixNumbers(model, stage, scale); }, scale,
         pictureKey(model, theme, stage, {}, scale.hi),
         QStringLiteral("[%1, %2] = %3").arg(QString::number(query), QString::number(key), value)});
  }
  m_panels.paint(painter, frame.body, theme, window, matrixAxes(model), panels);
  const int cells = window.shown(model.tokens(), m_panels.side()).count;
  if (const auto note = poolingNote(cells, m_panels.side(), pixelRatio(painter), tr("number")))
    texts.legend.insert(texts.legend.begin(), *note);
  paintFrame(painter, frame, theme, texts);
}

std::optional<Hit> StagesPage::hitTest(QPointF point, const AttentionModel& model,
                                       const MatrixWindow& window) const {
  const auto spot = m_panels.at(point, window, model.tokens());
  if (!spot) return std::nullopt;
  return cellHit(model, kStages[spot->panel], spot->query, spot->key);
}

std::vector<NamedTable> StagesPage::tables(const AttentionModel& model) const {
  std::vector<NamedTable> tables;
  for (const AttentionStage stage : kStages) tables.push_back(model.table(stage));
  return tables;
}

QString StagesPage::description(const AttentionModel& model) const {
  return QStringLiteral("%1. %2.").arg(
      title(model), model.readout(model.selection().query.value, model.selection().key.value));
}

}  // namespace decodescope
