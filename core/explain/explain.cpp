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
    m_out.shape = siteShape(cell.site, m_config);
    m_out.shape += " = " + shapeNumbers(m_out.shape);
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
    m_out.traced = static_cast<double>(value);
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
      case Site::qAProj:
        return attentionInput(l) && product(weights->qAProj, "W_qa") && traceOwn();
      case Site::qALayernorm:
        return addRow("x", Site::qAProj, l) && latentNorm(weights->qANorm) && traceOwn();
      case Site::qBProj:
        return addRow("x", Site::qALayernorm, l) && product(weights->qBProj, "W_qb") && traceOwn();
      case Site::kvAProj:
        return attentionInput(l) && product(weights->kvAProj, "W_kva") && traceOwn();
      case Site::kvALayernorm:
        return addRow("x", Site::kvAProj, l) && latentNorm(weights->kvANorm) && traceOwn();
      case Site::kvBProj:
        return addRow("x", Site::kvALayernorm, l) && product(weights->kvBProj, "W_kvb") && traceOwn();
      case Site::kProj:
        return attentionInput(l) && product(weights->kProj, "W_k") && traceOwn();
      case Site::vProj:
        return attentionInput(l) && product(weights->vProj, "W_v") && traceOwn();
      case Site::qRot:
        return rotation(rotaryQueryPlace(m_config, HeadIndex{cell.index / m_config.rotaryDim()}, false)) &&
               traceOwn();
      case Site::kRot:
        return rotation(rotaryKeyPlace(m_config, KvHeadIndex{cell.index / m_config.rotaryDim()}, false)) &&
               traceOwn();
      case Site::queryStates:
        return joined(true) && traceOwn();
      case Site::keyStates:
        return joined(false) && traceOwn();
      case Site::qFeatures:
        return feature(Site::qProj) && traceOwn();
      case Site::kFeatures:
        return feature(Site::kProj) && traceOwn();
      case Site::state:
        return stateUpdate() && traceOwn();
      case Site::scores:
        return score();
      case Site::weights:
        return weight();
      case Site::context:
        return (m_config.attention == AttentionKind::linear ? stateReading() : context()) && traceOwn();
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
    add("w", bracketed(matrix, std::to_string(row)), linear.weight.row(row));
    if (linear.bias) add("b", bracketed("bias", std::to_string(row)), {linear.bias[row]});
    return true;
  }

  /// One of MLA's inner norms: over the first numbers of its input, as many as γ has.
  bool latentNorm(NormWeights weights) {
    const int width = siteRowWidth(m_out.cell.site, m_config);
    m_out.kind = ExplanationKind::norm;
    m_out.norm = NormKind::rmsNorm;
    m_out.epsilon = static_cast<double>(kLatentNormEps);
    m_out.element = m_out.cell.index;
    m_out.formula = "n_i = γ_i · x_i / √(mean(x²) + ε)";
    m_out.operands.back().values.resize(static_cast<std::size_t>(width));
    add("gamma", "weight", {weights.weight, weights.weight + width});
    return true;
  }

  /// MLA: a head's query or key is its unrotated part, then the rotated one.
  bool joined(bool query) {
    const int d = m_config.headDim, head = m_out.cell.index / d, within = m_out.cell.index % d;
    const int n = m_config.qkNopeHeadDim;
    TracePlace place = query ? rotaryQueryPlace(m_config, HeadIndex{head}, true)
                             : rotaryKeyPlace(m_config, KvHeadIndex{head}, true);
    if (within < n) {
      const Site whole = query ? queryProjectionSite(m_config) : Site::kvBProj;
      place = {whole, head * siteHeads(whole, m_config).width};
    }
    return addNumber(query ? "q" : "k", place.site, m_out.cell.layer,
                     place.index + (within < n ? within : within - n)) &&
           lookup(query ? "q' = [q_n; q_r']" : "k' = [k_n; k_r']");
  }

  bool feature(Site before) {
    m_out.kind = ExplanationKind::feature;
    m_out.formula = "φ(x) = x + 1 for x > 0, else exp(x)";
    return addNumber("x", before, m_out.cell.layer, m_out.cell.index);
  }

  /// S_t[i, c] = S_t−1[i, c] + φ(k)_i · v_c, or z_t[i] = z_t−1[i] + φ(k)_i.
  bool stateUpdate() {
    const LayerIndex l = m_out.cell.layer;
    const int d = m_config.headDim, size = (d + 1) * d;
    const int head = m_out.cell.index / size, row = m_out.cell.index % size / d, c = m_out.cell.index % d;
    m_out.kind = ExplanationKind::stateUpdate;
    const bool sums = row == d;
    m_out.formula = sums ? "z = z + φ(k)" : "S = S + φ(k) vᵀ";
    if (m_trace->rules() && !m_trace->rules()->causalMask) {
      add("a", "state after all tokens",
          {m_trace->row(Site::state, l)[static_cast<std::size_t>(m_out.cell.index)]});
      return lookup("S = Σ_j φ(k_j) v_jᵀ over all tokens");
    }
    const Position before{m_out.cell.position.value - 1};
    if (before.value < 0) {
      add("a", "the state starts at 0", {0.0f});
    } else {
      const PositionTrace* trace = traceAt(before);
      if (!trace) return false;
      const Cell source{Site::state, l, before, m_out.cell.index};
      add("a", bracketed(siteDumpName(Site::state, l), indexText(source)),
          {trace->row(Site::state, l)[static_cast<std::size_t>(m_out.cell.index)]}, source);
    }
    if (!addNumber("k", Site::kFeatures, l, head * d + (sums ? c : row))) return false;
    if (!sums) return addNumber("v", Site::vProj, l, head * d + c);
    add("v", "1", {1.0f});
    return true;
  }

  /// c = φ(q)ᵀ S / (φ(q)·z)
  bool stateReading() {
    const LayerIndex l = m_out.cell.layer;
    const int d = m_config.headDim;
    const HeadIndex h{m_out.cell.index / d};
    if (m_trace->rules() && m_trace->rules()->strikes(l, h, m_out.cell.position)) return struckHead();
    const int head = m_config.keyValueHeadOf(h).value, first = head * (d + 1) * d, c = m_out.cell.index % d;
    const std::span<const float> state = m_trace->row(Site::state, l);
    Values column, sums;
    for (int i = 0; i < d; ++i) {
      column.push_back(state[static_cast<std::size_t>(first + i * d + c)]);
      sums.push_back(state[static_cast<std::size_t>(first + d * d + i)]);
    }
    m_out.kind = ExplanationKind::stateReading;
    m_out.formula = "c = φ(q)·S[:, c] / φ(q)·z";
    const Cell q{Site::qFeatures, l, m_out.cell.position, h.value * d};
    add("q", headRowName(q, h.value), copyOf(attentionQuery(m_config, *m_trace, l, h)), q);
    const std::string name = siteDumpName(Site::state, l);
    add("s", bracketed(name, positionText() + ", head " + std::to_string(head) + ", :, " + std::to_string(c)),
        std::move(column), Cell{Site::state, l, m_out.cell.position, first + c});
    add("z", bracketed(name, positionText() + ", head " + std::to_string(head) + ", d, :"), std::move(sums),
        Cell{Site::state, l, m_out.cell.position, first + d * d});
    return true;
  }

  bool struckHead() {
    add("c", "context of a head that was struck out", {0.0f});
    return lookup("c = 0 (this head is struck out)");
  }

  /// `before`: the head's numbers before they were turned.
  bool rotation(TracePlace before) {
    const int d = m_config.rotaryDim(), within = m_out.cell.index % d;
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
    if (!addNumber("x_a", before.site, m_out.cell.layer, before.index + elements.first)) return false;
    if (!addNumber("x_b", before.site, m_out.cell.layer, before.index + elements.second)) return false;
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

  bool unmasked() const { return m_trace->rules() && !m_trace->rules()->causalMask; }

  HeadIndex head() const { return HeadIndex{m_out.cell.index / visible(m_out.cell.position)}; }
  int key() const { return m_out.cell.index % visible(m_out.cell.position); }

  bool score() {
    const LayerIndex l = m_out.cell.layer;
    const PositionTrace* keyTrace = traceAt(Position{key()});
    if (!keyTrace) return false;
    const KvHeadIndex kvHead = m_config.keyValueHeadOf(head());
    const TracePlace queryPlace = attentionQueryPlace(m_config, head()),
                     keyPlace = attentionKeyPlace(m_config, kvHead);
    const Cell q{queryPlace.site, l, m_out.cell.position, queryPlace.index};
    const Cell k{keyPlace.site, l, Position{key()}, keyPlace.index};
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
      const bool outside = !unmasked() && key() < m_config.firstVisible(m_out.cell.position.value);
      add("s", outside ? "score of a key before the window" : "score of a key that was struck out", {value});
      lookup(outside ? "s = −∞ (this key lies before the sliding window)"
                     : "s = −∞ (this key is struck out)");
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
    const HeadIndex h{m_out.cell.index / m_config.valueHeadDim()};
    const int within = m_out.cell.index % m_config.valueHeadDim();
    const TracePlace place = attentionValuePlace(m_config, m_config.keyValueHeadOf(h));
    const int column = place.index + within;
    const int first = unmasked() ? 0 : m_config.firstVisible(m_out.cell.position.value);
    const int visibleCount = visible(m_out.cell.position);
    Values weights = attentionRow(m_config, m_positions, l, h, m_out.cell.position, ScoreStage::weight);
    if (weights.empty()) return false;
    Values values;
    for (int j = first; j < visibleCount; ++j)
      values.push_back(traceAt(Position{j})->row(place.site, l)[static_cast<std::size_t>(column)]);
    if (m_trace->rules() && m_trace->rules()->strikes(l, h, m_out.cell.position)) return struckHead();
    weights.erase(weights.begin(), weights.begin() + first);
    m_out.kind = ExplanationKind::weightedSum;
    m_out.formula = "c = Σ_j a_j · v_j";
    add("a",
        bracketed(siteDumpName(Site::weights, l),
                  "head " + std::to_string(h.value) + ", query " + positionText()),
        std::move(weights), Cell{Site::weights, l, m_out.cell.position, h.value * visibleCount + first});
    add("v",
        bracketed(siteDumpName(place.site, l),
                  std::to_string(first) + " … " + positionText() + ", " + std::to_string(column)),
        std::move(values), Cell{place.site, l, Position{first}, column});
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
      case SiteShape::keyHeads: {
        const int width = siteHeads(cell.site, m_config).width;
        return position + ", head " + std::to_string(cell.index / width) + ", " +
               std::to_string(cell.index % width);
      }
      case SiteShape::state: {
        const int d = m_config.headDim, size = (d + 1) * d;
        return position + ", head " + std::to_string(cell.index / size) + ", " +
               std::to_string(cell.index % size / d) + ", " + std::to_string(cell.index % d);
      }
      default:
        return position + ", " + std::to_string(cell.index);
    }
  }

  std::string shapeNumbers(const std::string& shape) const {
    std::string numbers;
    for (const char letter : shape) {
      const int number = shapeLetter(letter, m_config, m_tokens);
      numbers += number < 0 ? std::string(1, letter) : std::to_string(number);
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
