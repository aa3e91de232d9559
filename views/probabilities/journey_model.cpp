#include "views/probabilities/journey_model.h"

#include "views/text_fit.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("ProbabilitiesView", text);
}

QString number(double v) {
  return shortNumber(v).replace(QLatin1Char('-'), QChar(0x2212));
}

}  // namespace

void JourneyModel::present(const ShownRun& shown) {
  m_shown = shown;
  m_stops.clear();
  if (!shown.ready()) return;
  const Model& model = *shown.run->model->model;
  if (m_measured != &model) {
    m_measured = &model;
    m_embeddingMax = std::max(1e-12, static_cast<double>(largestMagnitude(model.embedTokens())));
  }
  const ModelConfig& config = model.config();
  CellGrid row;
  row.rows = 1;
  row.columns = config.hiddenSize;
  row.values = model.embedTokens().row(idAt(query()).value);
  row.useOwnSignedScale();
  m_stops.push_back(
      {tr("row %1 of the embedding").arg(idAt(query()).value), QStringLiteral("embed_tokens.weight"), row});
  if (siteExists(Site::embedPositions, config)) {
    addStop(tr("+ position %1").arg(query()), Site::embedPositions, kNoLayer);
    addStop(tr("= into layer 0"), Site::embedTokens, kNoLayer);
  }
  for (int l = 0; l < config.numHiddenLayers; ++l)
    addStop(tr("after layer %1").arg(l), Site::output, LayerIndex{l});
  if (siteExists(Site::norm, config)) addStop(tr("final norm"), Site::norm, kNoLayer);
  addStop(tr("logits (%1)").arg(groupedNumber(static_cast<std::uint64_t>(config.vocabSize))), Site::logits,
          kNoLayer);
}

void JourneyModel::addStop(const QString& name, Site site, LayerIndex layer) {
  CellGrid row;
  if (const PositionTrace* trace = m_shown.trace(m_shown.selection.query)) {
    const std::span<const float> values = trace->row(site, layer);
    row.rows = values.empty() ? 0 : 1;
    row.columns = static_cast<int>(values.size());
    row.values.assign(values.begin(), values.end());
    row.useOwnSignedScale();
  }
  m_stops.push_back({name, QString::fromStdString(siteDumpName(site, layer)), row, site, layer});
}

CellGrid JourneyModel::embeddings(int first, int count) const {
  CellGrid grid;
  grid.rows = count;
  grid.columns = width();
  grid.scale.map = Colormap::diverging;
  grid.scale.hi = m_embeddingMax;
  grid.scale.lo = -m_embeddingMax;
  const WeightSpan table = m_shown.run->model->model->embedTokens();
  for (int p = first; p < first + count; ++p) {
    const std::vector<float> row = table.row(idAt(p).value);
    grid.values.insert(grid.values.end(), row.begin(), row.end());
  }
  return grid;
}

QString JourneyModel::title() const {
  return tr("A token's journey · step %1 of %2")
      .arg(m_shown.step().index.value)
      .arg(m_shown.run->stepCount());
}

QStringList JourneyModel::subtitle() const {
  const ModelConfig& config = m_shown.config();
  return {tr("%1 → %2 tokens → ids (0–%3) → one row of %4 numbers each")
              .arg(text(), QString::number(m_shown.tokens), QString::number(config.vocabSize - 1),
                   QString::number(config.hiddenSize)),
          config.numHiddenLayers == 1
              ? tr("then the chosen token's row through the one layer")
              : tr("then the chosen token's row through %1 layers").arg(config.numHiddenLayers)};
}

QString JourneyModel::text() const {
  const std::span<const TokenId> tokens = m_shown.run->tokens;
  const auto fed = tokens.first(static_cast<std::size_t>(m_shown.tokens));
  if (!m_shown.run->model->tokenizer) return tr("text");
  constexpr qsizetype kMost = 40;
  QString whole = QString::fromStdString(m_shown.run->model->tokenizer->decode(fed)).simplified();
  if (whole.size() > kMost) whole = whole.left(kMost).trimmed() + QChar(0x2026);
  return tr("text “%1”").arg(whole);
}

QString JourneyModel::readout() const {
  return tr("token %1 → id %2 → row %2 of the embedding (%3 × %4)")
      .arg(m_shown.tokenText(query()), QString::number(idAt(query()).value),
           QString::number(m_shown.config().vocabSize), QString::number(m_shown.config().hiddenSize));
}

QString JourneyModel::tokenToolTip(int position) const {
  return tr("token %1 · id %2\n%3\nClick to follow this token")
      .arg(m_shown.tokenText(position), QString::number(idAt(position).value),
           isPrompt(position) ? tr("from the prompt") : tr("generated"));
}

QString JourneyModel::stopToolTip(const Stop& stop, int index) const {
  if (stop.grid.rows == 0) return tr("%1\nnot stored any more (trace budget)").arg(stop.site);
  if (index < 0 || index >= stop.grid.columns) return stop.site;
  QString text = tr("%1[%2, %3] = %4")
                     .arg(stop.site, QString::number(query()), QString::number(index),
                          number(static_cast<double>(stop.grid.value(0, index))));
  if (stop.site == QLatin1String("logits"))
    text += QLatin1Char('\n') + tr("token “%1”").arg(m_shown.piece(TokenId{index}));
  return text;
}

std::vector<NamedTable> JourneyModel::tables() const {
  if (!m_shown.ready()) return {};
  NamedTable ids;
  ids.name = QStringLiteral("tokens");
  ids.columns = QStringList{QStringLiteral("id")};
  NamedTable rows;
  rows.name = QStringLiteral("embedding_rows");
  for (int i = 0; i < width(); ++i) rows.columns << QString::number(i);
  for (int p = 0; p < tokens(); ++p) {
    ids.rowLabels << m_shown.tokenText(p);
    rows.rowLabels << m_shown.tokenText(p);
    ids.values.push_back(static_cast<float>(idAt(p).value));
  }
  ids.shape = {tokens()};
  rows.values = embeddings(0, tokens()).values;
  rows.shape = {tokens(), width()};
  std::vector<NamedTable> tables{rows, ids};
  NamedTable way;
  way.name = QStringLiteral("residual_of_token_%1").arg(query());
  way.columns = rows.columns;
  int stored = 0;
  for (const Stop& stop : m_stops) {
    if (stop.grid.columns != width() || stop.site == QLatin1String("logits")) continue;
    ++stored;
    way.rowLabels << stop.site;
    way.values.insert(way.values.end(), stop.grid.values.begin(), stop.grid.values.end());
  }
  way.shape = {stored, width()};
  tables.push_back(way);
  return tables;
}

}  // namespace decodescope
