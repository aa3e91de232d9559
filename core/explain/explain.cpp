#include "core/attention/attention_rows.h"
#include "core/explain/explanation.h"
#include "core/explain/recompute.h"
#include "core/ops/rope.h"

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

using Values = std::vector<float>;

Values copyOf(std::span<const float> values) {
  return {values.begin(), values.end()};
}

std::string bracketed(const std::string& name, const std::string& index) {
  return name + "[" + index + "]";
}

/// The traces of the moment when `tokens` tokens had been fed.
std::span<const PositionTracePtr> tracesOf(const RunSnapshot& run, int tokens) {
  for (const StepRecord& step : run.steps) {
    if (step.tokensSeen < tokens) continue;
    const std::span<const PositionTracePtr> traces = run.tracesAt(step.index);
    return traces.first(std::min(static_cast<std::size_t>(tokens), traces.size()));
  }
  return {};
}

/// What the explanations of one run at one moment have in common.
class Explainer {
 public:
  Explainer(const RunSnapshot& run, int tokens)
      : m_run(run), m_config(run.model->config()), m_tokens(tokens), m_positions(tracesOf(run, tokens)) {}

  std::optional<Explanation> explain(const Cell& cell) {
    const int position = cell.position.value;
    const SiteInfo& info = siteInfo(cell.site);
    if (!siteExists(cell.site, m_config) || position < 0 || position >= m_tokens) return std::nullopt;
    if (info.perLayer != (cell.layer != kNoLayer) || cell.layer.value >= m_config.numHiddenLayers)
      return std::nullopt;
    if (cell.index < 0 || cell.index >= cellCount(m_run, cell.site, cell.position, m_tokens))
      return std::nullopt;
    m_trace = traceAt(cell.position);
    if (!m_trace) return std::nullopt;
    m_out = {};
    m_out.cell = cell;
    m_out.lensName = lensName(info, cell.layer);
    m_out.name = bracketed(siteDumpName(cell.site, cell.layer), indexText(cell));
    m_out.shape = std::string(info.shape) + " = " + shapeNumbers(info);
    if (!fill(cell)) return std::nullopt;
    m_out.recomputed = recompute(m_out);
    m_out.filled = filledFormula(m_out);
    return m_out;
  }

 private:
  // Operands

  void add(std::string symbol, std::string name, Values values, std::optional<Cell> source = std::nullopt) {
    m_out.operands.push_back({std::move(symbol), std::move(name), std::move(values), source});
  }

  /// The whole row of another site at the same token; false when the run has none.
  bool addRow(const char* symbol, Site site, LayerIndex layer) {
    const std::span<const float> row = m_trace->row(site, layer);
    if (row.empty()) return false;
    add(symbol, bracketed(siteDumpName(site, layer), positionText()), copyOf(row),
        Cell{site, layer, m_out.cell.position, 0});
    return true;
  }

  /// One number of another site at the same token.
  bool addNumber(const char* symbol, Site site, LayerIndex layer, int index) {
    const std::span<const float> row = m_trace->row(site, layer);
    if (index >= static_cast<int>(row.size())) return false;
    const Cell source{site, layer, m_out.cell.position, index};
    add(symbol, bracketed(siteDumpName(site, layer), indexText(source)),
        {row[static_cast<std::size_t>(index)]}, source);
    return true;
  }

  /// The residual stream that enters a layer.
  bool addLayerInput(const char* symbol, LayerIndex layer, int index = -1) {
    const Site site = layer.value == 0 ? Site::embedTokens : Site::output;
    const LayerIndex from = layer.value == 0 ? kNoLayer : LayerIndex{layer.value - 1};
    return index < 0 ? addRow(symbol, site, from) : addNumber(symbol, site, from, index);
  }

  // Kinds

  bool trace(float value) {
    m_out.traced = value;
    return true;
  }

  bool traceOwn() {
    const Cell& cell = m_out.cell;
    const std::span<const float> row = m_trace->row(cell.site, cell.layer);
    return cell.index < static_cast<int>(row.size()) && trace(row[static_cast<std::size_t>(cell.index)]);
  }

  bool fill(const Cell& cell) {
    const LayerIndex l = cell.layer;
    const bool preNorm = m_config.normPlacement == NormPlacement::preNorm;
    const LayerWeights* weights = l == kNoLayer ? nullptr : &m_run.model->model->layer(l);
    switch (cell.site) {
      case Site::embedPositions:
        return positionEmbedding() && traceOwn();
      case Site::embedTokens:
        return embedding() && traceOwn();
      case Site::inputLayernorm:
        return addLayerInput("x", l) && norm(weights->inputNorm) && traceOwn();
      case Site::qProj:
        return attentionInput(l) && product(weights->qProj, "W_q") && traceOwn();
      case Site::kProj:
        return attentionInput(l) && product(weights->kProj, "W_k") && traceOwn();
      case Site::vProj:
        return attentionInput(l) && product(weights->vProj, "W_v") && traceOwn();
      case Site::qRot:
        return rotation(Site::qProj) && traceOwn();
      case Site::kRot:
        return rotation(Site::kProj) && traceOwn();
      case Site::scores:
        return score();
      case Site::weights:
        return weight();
      case Site::context:
        return context() && traceOwn();
      case Site::oProj:
        return addRow("x", Site::context, l) && product(weights->oProj, "W_o") && traceOwn();
      case Site::postAttentionResidual:
        return addLayerInput("a", l, cell.index) && addNumber("b", Site::oProj, l, cell.index) &&
               sum("h = x + o") && traceOwn();
      case Site::postAttentionLayernorm:
        return addRow("x", Site::postAttentionResidual, l) && norm(weights->postAttentionNorm) && traceOwn();
      case Site::gateProj:
        return addRow("x", Site::postAttentionLayernorm, l) && product(weights->gateProj, "W_gate") &&
               traceOwn();
      case Site::upProj:
        return addRow("x", Site::postAttentionLayernorm, l) && product(weights->upProj, "W_up") && traceOwn();
      case Site::mlpActivation:
        return activation() && traceOwn();
      case Site::downProj:
        return addRow("x", Site::mlpActivation, l) && product(weights->downProj, "W_down") && traceOwn();
      case Site::postFeedforwardLayernorm:
        return postFeedforwardInput(l) && norm(weights->postFeedforwardNorm) && traceOwn();
      case Site::output:
        if (!preNorm)
          return addNumber("x", Site::postFeedforwardLayernorm, l, cell.index) &&
                 lookup("x' = norm(n' + f)") && traceOwn();
        return addNumber("a", Site::postAttentionResidual, l, cell.index) &&
               addNumber("b", Site::downProj, l, cell.index) && sum("x' = h + f") && traceOwn();
      case Site::norm:
        return addRow("x", Site::output, lastLayer()) && norm(m_run.model->model->finalNorm()) && traceOwn();
      case Site::logits:
        return (m_config.finalNorm ? addRow("x", Site::norm, kNoLayer)
                                   : addRow("x", Site::output, lastLayer())) &&
               product(m_run.model->model->lmHead(), m_config.tieWordEmbeddings ? "E" : "W_lm") && traceOwn();
    }
    return false;
  }

  bool lookup(const char* formula) {
    m_out.kind = ExplanationKind::lookup;
    m_out.formula = formula;
    return true;
  }

  bool sum(const char* formula) {
    m_out.kind = ExplanationKind::sum;
    m_out.formula = formula;
    return true;
  }

  bool positionEmbedding() {
    const int m = m_out.cell.position.value, i = m_out.cell.index;
    if (m_config.position == PositionKind::sinusoidal) {
      m_out.kind = ExplanationKind::sinusoid;
      m_out.element = i % 2;
      m_out.formula = i % 2 == 0 ? "p_2i = sin(m / 10000^(2i/D))" : "p_2i+1 = cos(m / 10000^(2i/D))";
      add("m", "position", {static_cast<float>(m)});
      add("i", "pair", {static_cast<float>(i / 2)});
      add("D", "hidden_size", {static_cast<float>(m_config.hiddenSize)});
      return true;
    }
    add("p",
        bracketed("embed_positions.weight",
                  std::to_string(m + m_config.positionOffset) + ", " + std::to_string(i)),
        {m_run.model->model->embedPositions()(m + m_config.positionOffset, i)});
    return lookup("p = P[m + offset]");
  }

  bool embedding() {
    const int id = m_trace->token().value, i = m_out.cell.index;
    add("a", bracketed("embed_tokens.weight", std::to_string(id) + ", " + std::to_string(i)),
        {m_run.model->model->embedTokens()(id, i)});
    m_out.kind = ExplanationKind::embedding;
    m_out.formula = "x = E[id]";
    if (siteExists(Site::embedPositions, m_config)) {
      m_out.formula = "x = E[id] + p";
      return addNumber("b", Site::embedPositions, kNoLayer, i);
    }
    return true;
  }

  bool attentionInput(LayerIndex l) {
    return m_config.normPlacement == NormPlacement::preNorm ? addRow("x", Site::inputLayernorm, l)
                                                            : addLayerInput("x", l);
  }

  /// n' + f, the sum that post-norm normalises.
  bool postFeedforwardInput(LayerIndex l) {
    const std::span<const float> n = m_trace->row(Site::postAttentionLayernorm, l),
                                 f = m_trace->row(Site::downProj, l);
    if (n.empty() || f.size() != n.size()) return false;
    Values x = copyOf(n);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += f[i];
    add("x", "n' + f", std::move(x), Cell{Site::downProj, l, m_out.cell.position, 0});
    return true;
  }

  bool norm(NormWeights weights) {
    const auto width = static_cast<std::size_t>(m_config.hiddenSize);
    m_out.kind = ExplanationKind::norm;
    m_out.norm = m_config.norm;
    m_out.epsilon = static_cast<double>(m_config.normEps);
    m_out.element = m_out.cell.index;
    add("gamma", "weight", {weights.weight, weights.weight + width});
    if (m_config.norm == NormKind::rmsNorm) {
      m_out.formula = "n_i = γ_i · x_i / √(mean(x²) + ε)";
      return true;
    }
    m_out.formula = "n_i = γ_i · (x_i − mean x) / √(var x + ε) + β_i";
    add("beta", "bias", {weights.bias, weights.bias + width});
    return true;
  }

  bool product(const LinearWeights& linear, const char* matrix) {
    const int row = m_out.cell.index;
    m_out.kind = ExplanationKind::product;
    m_out.formula = linear.bias ? "y_o = Σ_i W[o, i] · x_i + b_o" : "y_o = Σ_i W[o, i] · x_i";
    add("w", bracketed(matrix, std::to_string(row)), copyOf(linear.weight.rowSpan(row)));
    if (linear.bias) add("b", bracketed("bias", std::to_string(row)), {linear.bias[row]});
    return true;
  }

  bool rotation(Site before) {
    const int d = m_config.headDim, within = m_out.cell.index % d, start = m_out.cell.index - within;
    int pair = 0;
    while (ropePair(m_config.rotaryLayout, pair, d).first != within &&
           ropePair(m_config.rotaryLayout, pair, d).second != within)
      ++pair;
    const RopePair elements = ropePair(m_config.rotaryLayout, pair, d);
    m_out.kind = ExplanationKind::rotation;
    m_out.element = within == elements.second;
    m_out.formula =
        m_out.element ? "x'_b = x_a · sin mθ + x_b · cos mθ" : "x'_a = x_a · cos mθ − x_b · sin mθ";
    const double angle = m_out.cell.position.value * ropeFrequency(m_config, pair);
    if (!addNumber("x_a", before, m_out.cell.layer, start + elements.first)) return false;
    if (!addNumber("x_b", before, m_out.cell.layer, start + elements.second)) return false;
    add("cosine", "cos mθ, m = " + positionText() + ", pair " + std::to_string(pair),
        {static_cast<float>(std::cos(angle))});
    add("sine", "sin mθ", {static_cast<float>(std::sin(angle))});
    return true;
  }
  const PositionTrace* traceAt(Position p) const {
    return p.value < static_cast<int>(m_positions.size())
               ? m_positions[static_cast<std::size_t>(p.value)].get()
               : nullptr;
  }

  /// Keys that the query at this position sees.
  int visible(Position query) const {
    const PositionTrace* trace = traceAt(query);
    return trace ? visibleKeysOf(*trace, m_tokens) : query.value + 1;
  }

  HeadIndex head() const { return HeadIndex{m_out.cell.index / visible(m_out.cell.position)}; }
  int key() const { return m_out.cell.index % visible(m_out.cell.position); }

  bool score() {
    const LayerIndex l = m_out.cell.layer;
    const PositionTrace* keyTrace = traceAt(Position{key()});
    if (!keyTrace) return false;
    const bool rotary = siteExists(Site::qRot, m_config);
    const KvHeadIndex kvHead = m_config.keyValueHeadOf(head());
    const Cell q{rotary ? Site::qRot : Site::qProj, l, m_out.cell.position, head().value * m_config.headDim};
    const Cell k{rotary ? Site::kRot : Site::kProj, l, Position{key()}, kvHead.value * m_config.headDim};
    m_out.kind = ExplanationKind::scaledProduct;
    m_out.formula = "s = q·k / √d";
    add("q", headRowName(q, head().value), copyOf(attentionQuery(m_config, *m_trace, l, head())), q);
    add("k", headRowName(k, kvHead.value), copyOf(attentionKey(m_config, *keyTrace, l, kvHead)), k);
    const Values row =
        attentionRow(m_config, m_positions, l, head(), m_out.cell.position, ScoreStage::scaled);
    if (row.empty()) return false;
    const float value = row[static_cast<std::size_t>(key())];
    if (std::isinf(value)) {
      m_out.operands.clear();
      add("s", "score of a key that was struck out", {value});
      lookup("s = −∞ (this key is struck out)");
    }
    return trace(value);
  }

  bool weight() {
    const LayerIndex l = m_out.cell.layer;
    Values scores = attentionRow(m_config, m_positions, l, head(), m_out.cell.position, ScoreStage::scaled);
    const Values weights =
        attentionRow(m_config, m_positions, l, head(), m_out.cell.position, ScoreStage::weight);
    if (scores.empty()) return false;
    const Cell first{Site::scores, l, m_out.cell.position, m_out.cell.index - key()};
    m_out.kind = ExplanationKind::softmax;
    m_out.element = key();
    m_out.formula = "a_j = exp(s_j − max s) / Σ_k exp(s_k − max s)";
    add("s",
        bracketed(siteDumpName(Site::scores, l),
                  "head " + std::to_string(head().value) + ", query " + positionText()),
        std::move(scores), first);
    return trace(weights[static_cast<std::size_t>(key())]);
  }

  bool context() {
    const LayerIndex l = m_out.cell.layer;
    const HeadIndex h{m_out.cell.index / m_config.headDim};
    const int within = m_out.cell.index % m_config.headDim;
    const int column = m_config.keyValueHeadOf(h).value * m_config.headDim + within;
    const int visibleCount = visible(m_out.cell.position);
    Values weights = attentionRow(m_config, m_positions, l, h, m_out.cell.position, ScoreStage::weight);
    if (weights.empty()) return false;
    Values values;
    for (int j = 0; j < visibleCount; ++j)
      values.push_back(traceAt(Position{j})->row(Site::vProj, l)[static_cast<std::size_t>(column)]);
    if (m_trace->rules() && m_trace->rules()->strikes(l, h, m_out.cell.position)) {
      add("c", "context of a head that was struck out", {0.0f});
      return lookup("c = 0 (this head is struck out)");
    }
    m_out.kind = ExplanationKind::weightedSum;
    m_out.formula = "c = Σ_j a_j · v_j";
    add("a",
        bracketed(siteDumpName(Site::weights, l),
                  "head " + std::to_string(h.value) + ", query " + positionText()),
        std::move(weights), Cell{Site::weights, l, m_out.cell.position, h.value * visibleCount});
    add("v", bracketed(siteDumpName(Site::vProj, l), "0 … " + positionText() + ", " + std::to_string(column)),
        std::move(values), Cell{Site::vProj, l, Position{0}, column});
    return true;
  }

  bool activation() {
    const LayerIndex l = m_out.cell.layer;
    m_out.activation = m_config.activation;
    m_out.kind = m_config.gatedMlp ? ExplanationKind::gatedActivation : ExplanationKind::activation;
    m_out.formula = m_config.gatedMlp ? "act(g) · u" : "act(u)";
    if (m_config.gatedMlp && !addNumber("g", Site::gateProj, l, m_out.cell.index)) return false;
    return addNumber("u", Site::upProj, l, m_out.cell.index);
  }

  // Words

  LayerIndex lastLayer() const { return LayerIndex{m_config.numHiddenLayers - 1}; }
  std::string positionText() const { return std::to_string(m_out.cell.position.value); }

  std::string headRowName(const Cell& cell, int headNumber) const {
    return bracketed(siteDumpName(cell.site, cell.layer),
                     std::to_string(cell.position.value) + ", head " + std::to_string(headNumber));
  }

  std::string indexText(const Cell& cell) const {
    const std::string position = std::to_string(cell.position.value);
    switch (siteInfo(cell.site).layout) {
      case SiteShape::attention: {
        const int keys = visible(cell.position);
        return "head " + std::to_string(cell.index / keys) + ", query " + position + ", key " +
               std::to_string(cell.index % keys);
      }
      case SiteShape::queryHeads:
      case SiteShape::keyHeads:
        return position + ", head " + std::to_string(cell.index / m_config.headDim) + ", " +
               std::to_string(cell.index % m_config.headDim);
      default:
        return position + ", " + std::to_string(cell.index);
    }
  }

  std::string shapeNumbers(const SiteInfo& info) const {
    std::string numbers = "(";
    for (const char* letter = info.shape + 1; *letter; ++letter) {
      switch (*letter) {
        case 'T':
          numbers += std::to_string(m_tokens);
          break;
        case 'D':
          numbers += std::to_string(m_config.hiddenSize);
          break;
        case 'H':
          numbers += std::to_string(m_config.numAttentionHeads);
          break;
        case 'G':
          numbers += std::to_string(m_config.numKeyValueHeads);
          break;
        case 'd':
          numbers += std::to_string(m_config.headDim);
          break;
        case 'F':
          numbers += std::to_string(m_config.intermediateSize);
          break;
        case 'V':
          numbers += std::to_string(m_config.vocabSize);
          break;
        default:
          numbers += *letter;
      }
    }
    return numbers;
  }

  static std::string lensName(const SiteInfo& info, LayerIndex layer) {
    std::string name = info.lensName;
    const auto at = name.find("{i}");
    if (at != std::string::npos) name.replace(at, 3, std::to_string(layer.value));
    return name;
  }
  const RunSnapshot& m_run;
  const ModelConfig& m_config;
  int m_tokens;
  std::span<const PositionTracePtr> m_positions;
  const PositionTrace* m_trace = nullptr;
  Explanation m_out;
};

}  // namespace

int cellCount(const RunSnapshot& run, Site site, Position position, int tokens) {
  const std::span<const PositionTracePtr> traces = tracesOf(run, tokens);
  if (position.value < 0 || position.value >= static_cast<int>(traces.size())) return 0;
  const PositionTracePtr& trace = traces[static_cast<std::size_t>(position.value)];
  return trace ? siteRowWidth(site, run.model->config(), visibleKeysOf(*trace, tokens)) : 0;
}

std::optional<Explanation> explain(const RunSnapshot& run, const Cell& cell, int tokens) {
  return Explainer(run, std::min(tokens, static_cast<int>(run.positions.size()))).explain(cell);
}

}  // namespace decodescope
