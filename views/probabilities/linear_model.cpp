#include "views/probabilities/linear_model.h"

#include "views/text_fit.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>
#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("ProbabilitiesView", text);
}

constexpr std::array kLinearSites{Site::qProj,    Site::qAProj, Site::qBProj,   Site::kvAProj,
                                  Site::kvBProj,  Site::kProj,  Site::vProj,    Site::oProj,
                                  Site::gateProj, Site::upProj, Site::downProj, Site::logits};

bool isLinear(Site site) {
  return std::find(kLinearSites.begin(), kLinearSites.end(), site) != kLinearSites.end();
}

LinearWeights weightsOf(const Model& model, Site site, LayerIndex layer) {
  switch (site) {
    case Site::qProj:
      return model.layer(layer).qProj;
    case Site::qAProj:
      return model.layer(layer).qAProj;
    case Site::qBProj:
      return model.layer(layer).qBProj;
    case Site::kvAProj:
      return model.layer(layer).kvAProj;
    case Site::kvBProj:
      return model.layer(layer).kvBProj;
    case Site::kProj:
      return model.layer(layer).kProj;
    case Site::vProj:
      return model.layer(layer).vProj;
    case Site::oProj:
      return model.layer(layer).oProj;
    case Site::gateProj:
      return model.layer(layer).gateProj;
    case Site::upProj:
      return model.layer(layer).upProj;
    case Site::downProj:
      return model.layer(layer).downProj;
    default:
      return model.lmHead();
  }
}

Site inputOf(Site site, LayerIndex& layer, const ModelConfig& config) {
  const bool preNorm = config.normPlacement == NormPlacement::preNorm;
  switch (site) {
    case Site::oProj:
      return Site::context;
    case Site::qBProj:
      return Site::qALayernorm;
    case Site::kvBProj:
      return Site::kvALayernorm;
    case Site::gateProj:
    case Site::upProj:
      return Site::postAttentionLayernorm;
    case Site::downProj:
      return Site::mlpActivation;
    case Site::logits:
      layer = config.finalNorm ? kNoLayer : LayerIndex{config.numHiddenLayers - 1};
      return config.finalNorm ? Site::norm : Site::output;
    default:
      if (preNorm) return Site::inputLayernorm;
      if (layer.value > 0) {
        layer = LayerIndex{layer.value - 1};
        return Site::output;
      }
      layer = kNoLayer;
      return Site::embedTokens;
  }
}

QString number(double v) {
  return shortNumber(v).replace(QLatin1Char('-'), QChar(0x2212));
}

CellGrid strip(const QString& name, std::span<const float> values) {
  CellGrid grid;
  grid.name = name;
  grid.rows = 1;
  grid.columns = static_cast<int>(values.size());
  grid.values.assign(values.begin(), values.end());
  grid.useOwnSignedScale();
  return grid;
}

CellGrid column(const QString& name, std::span<const float> values, double range) {
  CellGrid grid = strip(name, values);
  std::swap(grid.rows, grid.columns);
  grid.scale.hi = range > 0 ? range : 1;
  grid.scale.lo = -grid.scale.hi;
  return grid;
}

}  // namespace

std::span<const Site> linearSites() {
  return kLinearSites;
}

void LinearModel::present(const ShownRun& shown, std::optional<Site> site, std::optional<int> neuron) {
  m_shown = shown;
  m_x = m_y = {};
  m_explanation.reset();
  if (!shown.ready()) return;
  const ModelConfig& config = shown.config();
  m_site = site ? *site : isLinear(shown.selection.site) ? shown.selection.site : Site::qProj;
  if (m_site == Site::gateProj && !config.gatedMlp) m_site = Site::upProj;
  if ((m_site == Site::kProj || m_site == Site::vProj) && !siteExists(m_site, config)) m_site = Site::kvBProj;
  if (!siteExists(m_site, config)) m_site = queryProjectionSite(config);
  m_layer = m_site == Site::logits ? kNoLayer : shown.selection.layer;
  m_weights = weightsOf(*shown.run->model->model, m_site, shown.selection.layer);
  const PositionTrace* trace = shown.trace(shown.selection.query);
  if (!trace) return;
  LayerIndex inputLayer = shown.selection.layer;
  const Site input = inputOf(m_site, inputLayer, config);
  m_x = trace->row(input, inputLayer);
  m_y = trace->row(m_site, m_layer);
  if (m_x.empty() || m_y.empty()) return;
  const auto larger = [](float a, float b) { return std::abs(a) < std::abs(b); };
  m_neuron = neuron ? std::clamp(*neuron, 0, outputs() - 1)
                    : static_cast<int>(std::max_element(m_y.begin(), m_y.end(), larger) - m_y.begin());
  m_row = m_weights.weight.row(m_neuron);
  m_explanation = explain(*shown.run, Cell{m_site, m_layer, shown.selection.query, m_neuron}, shown.tokens);
  if (m_weightMaxOf != m_weights.weight.data) {
    m_weightMaxOf = m_weights.weight.data;
    m_weightMax = static_cast<double>(largestMagnitude(m_weights.weight));
  }
}

float LinearModel::product(int input) const {
  return m_x[static_cast<std::size_t>(input)] * m_row[static_cast<std::size_t>(input)];
}

CellGrid LinearModel::inputGrid() const {
  return strip(tr("x, the input of token %1").arg(m_shown.tokenText(m_shown.selection.query.value)), m_x);
}

CellGrid LinearModel::weightGrid(int firstRow, int rows) const {
  CellGrid grid;
  grid.name = tr("W, a row is one neuron");
  grid.rows = rows;
  grid.columns = inputs();
  const WeightSpan shown = m_weights.weight.middleRows(firstRow, rows);
  if (shown.type == FloatType::f32) {
    grid.view = shown.floats();
  } else {
    grid.values.resize(static_cast<std::size_t>(rows) * m_row.size());
    for (int r = 0; r < rows; ++r)
      shown.widenRow(
          r, std::span(grid.values).subspan(static_cast<std::size_t>(r) * m_row.size(), m_row.size()));
  }
  grid.scale.map = Colormap::diverging;
  grid.scale.hi = m_weightMax > 0 ? m_weightMax : 1;
  grid.scale.lo = -grid.scale.hi;
  if (m_neuron >= firstRow && m_neuron < firstRow + rows)
    grid.marks.push_back({QRect(0, m_neuron - firstRow, inputs(), 1), GridMark::Kind::accent});
  return grid;
}

CellGrid LinearModel::outputGrid(int firstRow, int rows) const {
  CellGrid grid = column(QStringLiteral("y"),
                         m_y.subspan(static_cast<std::size_t>(firstRow), static_cast<std::size_t>(rows)),
                         static_cast<double>(largestMagnitude({m_y.data(), 1, outputs()})));
  if (m_neuron >= firstRow && m_neuron < firstRow + rows)
    grid.marks.push_back({QRect(0, m_neuron - firstRow, 1, 1), GridMark::Kind::accent});
  return grid;
}

CellGrid LinearModel::biasGrid(int firstRow, int rows) const {
  if (!m_weights.bias) return {};
  return column(QStringLiteral("b"), {m_weights.bias + firstRow, static_cast<std::size_t>(rows)},
                static_cast<double>(largestMagnitude({m_weights.bias, 1, outputs()})));
}

CellGrid LinearModel::neuronGrid() const {
  CellGrid grid = strip(tr("w, row %1 of W").arg(m_neuron), m_row);
  grid.scale.hi = m_weightMax > 0 ? m_weightMax : 1;
  grid.scale.lo = -grid.scale.hi;
  return grid;
}

CellGrid LinearModel::productGrid() const {
  std::vector<float> products;
  for (int i = 0; i < inputs(); ++i) products.push_back(product(i));
  return strip(tr("products x_i · w_i"), products);
}

CellGrid LinearModel::sumGrid() const {
  std::vector<float> sums;
  double sum = 0;
  for (int i = 0; i < inputs(); ++i) {
    sum += static_cast<double>(product(i));
    sums.push_back(static_cast<float>(sum));
  }
  return strip(tr("their sum so far"), sums);
}

QString LinearModel::siteName() const {
  return QString::fromStdString(siteDumpName(m_site, m_layer));
}

QString LinearModel::title() const {
  return tr("A linear layer: %1 · token %2")
      .arg(siteName(), m_shown.tokenText(m_shown.selection.query.value));
}

QStringList LinearModel::subtitle() const {
  QStringList parts{tr("y = x · Wᵀ%1: (1 × %2) · (%2 × %3)%4 → 1 × %3")
                        .arg(m_weights.bias ? QStringLiteral(" + b") : QString(), QString::number(inputs()),
                             QString::number(outputs()),
                             m_weights.bias ? QStringLiteral(" + (%1)").arg(outputs()) : QString())};
  const SiteShape layout = siteInfo(m_site).layout;
  if (layout == SiteShape::queryHeads || layout == SiteShape::keyHeads) {
    const int d = siteHeads(m_site, m_shown.config()).width;
    parts << tr("rows %1–%2 of W make head %3")
                 .arg(m_neuron / d * d)
                 .arg(m_neuron / d * d + d - 1)
                 .arg(m_neuron / d);
  }
  parts << tr("each strip is coloured by its own largest magnitude");
  return parts;
}

QString LinearModel::result() const {
  const bool biased = m_weights.bias != nullptr;
  double sum = 0;
  for (int i = 0; i < inputs(); ++i) sum += static_cast<double>(product(i));
  QString text = tr("y[%1] = Σ x_i · w_i").arg(m_neuron);
  if (biased) {
    const double b = static_cast<double>(m_weights.bias[m_neuron]);
    text += QStringLiteral(" + b = %1 %2 %3 = %4")
                .arg(number(sum), b < 0 ? QStringLiteral("−") : QStringLiteral("+"), number(std::abs(b)),
                     number(sum + b));
  } else {
    text += QStringLiteral(" = %1").arg(number(sum));
  }
  return text;
}

QString LinearModel::readout() const {
  return tr("%1; the run computed %2 · %3 multiply-accumulates for this number, %4 for the token's whole row")
      .arg(result(), number(static_cast<double>(m_explanation->traced)), QString::number(inputs()),
           groupedNumber(static_cast<std::uint64_t>(inputs()) * static_cast<std::uint64_t>(outputs())));
}

QString LinearModel::shortReadout() const {
  return tr("the run computed %1").arg(number(static_cast<double>(m_explanation->traced)));
}

QString LinearModel::toolTip(int neuron, int input) const {
  QString text =
      tr("neuron %1: y = %2")
          .arg(QString::number(neuron), number(static_cast<double>(m_y[static_cast<std::size_t>(neuron)])));
  if (input >= 0) {
    const double w = static_cast<double>(m_weights.weight(neuron, input)),
                 x = static_cast<double>(m_x[static_cast<std::size_t>(input)]);
    text += QLatin1Char('\n') +
            tr("W[%1, %2] = %3, x = %4, product %5")
                .arg(QString::number(neuron), QString::number(input), number(w), number(x), number(w * x));
  }
  return text + QLatin1Char('\n') + tr("Click to follow this neuron");
}

QString LinearModel::missingText() const {
  return tr("The rows of token %1 are not stored any more (trace budget).")
      .arg(m_shown.tokenText(m_shown.selection.query.value));
}

std::vector<NamedTable> LinearModel::tables() const {
  if (!ready()) return {};
  NamedTable neuron;
  neuron.name = QStringLiteral("%1.neuron%2").arg(siteName(), QString::number(m_neuron));
  neuron.columns =
      QStringList{QStringLiteral("x"), QStringLiteral("w"), QStringLiteral("product"), QStringLiteral("sum")};
  double sum = 0;
  for (int i = 0; i < inputs(); ++i) {
    sum += static_cast<double>(product(i));
    neuron.rowLabels << QString::number(i);
    neuron.values.insert(neuron.values.end(),
                         {m_x[static_cast<std::size_t>(i)], m_row[static_cast<std::size_t>(i)], product(i),
                          static_cast<float>(sum)});
  }
  neuron.shape = {inputs(), 4};
  NamedTable output;
  output.name = siteName();
  output.columns = QStringList{QStringLiteral("y")};
  for (int o = 0; o < outputs(); ++o) output.rowLabels << QString::number(o);
  output.values.assign(m_y.begin(), m_y.end());
  output.shape = {outputs(), 1};
  return {neuron, output};
}

}  // namespace decodescope
