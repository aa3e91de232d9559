#include "core/decode/forward.h"

#include "core/attention/variants.h"
#include "core/ops/activation.h"
#include "core/ops/linear.h"
#include "core/ops/norm.h"
#include "core/ops/rope.h"

#include <algorithm>
#include <array>

namespace decodescope {
namespace {

/// Workspace slots; two matrices that live at the same time have two slots.
enum Slot {
  kResidual,
  kNormed,
  kQuery,
  kKey,
  kValue,
  kContext,
  kBranch,
  kGate,
  kUp,
  kCosines,
  kSines,
  kScratch,
  kLogits,
  kQueryLatent,
  kQueryLatentNormed,
  kLatent,
  kLatentNormed,
  kRotaryQuery,
  kRotaryKey,
  kRebuilt,
  kKeyStates,
};

std::uint64_t product(int a, int b, int c = 1) {
  return static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b) * static_cast<std::uint64_t>(c);
}

/// The rows of a matrix whose heads lie side by side, `width` numbers each.
HeadRows byHead(ConstMatrixSpan rows, int width) {
  return {rows.data, width, rows.stride, rows.rows, width};
}

/// φ(x) = elu(x) + 1, in place. Katharopoulos et al. 2020, eq. 7.
void linearFeatures(MatrixSpan rows) {
  for (int r = 0; r < rows.rows; ++r) {
    for (int i = 0; i < rows.cols; ++i) rows(r, i) = linearFeature(rows(r, i));
  }
}

/// One call of forward(): its operands and the rows that go from layer to layer.
class Pass {
 public:
  Pass(const Model& model, std::span<const TokenId> tokens, KvCache& cache, ForwardWorkspace& workspace,
       const ForwardOptions& options)
      : m_model(model),
        m_config(model.config()),
        m_tokens(tokens),
        m_cache(cache),
        m_workspace(workspace),
        m_options(options),
        m_rows(static_cast<int>(tokens.size())),
        m_cachedRows(cache.length()) {}

  ForwardResult run() {
    m_cache.reserve(m_cachedRows + m_rows);
    embed();
    prepareRotations();
    for (int i = 0; i < m_config.numHiddenLayers; ++i) {
      if (m_options.stop.stop_requested()) return {true, {}};
      layer(LayerIndex{i});
    }
    m_cache.commit(m_rows);
    return {false, output()};
  }

 private:
  void record(Site site, LayerIndex layer, ConstMatrixSpan rows) {
    if (m_options.sink && m_options.sink->wants(site, layer))
      m_options.sink->record(site, layer, Position{m_cachedRows}, rows);
  }

  void count(std::uint64_t Counters::*counter, std::uint64_t amount) {
    if (m_options.counters) m_options.counters->*counter += amount;
  }

  MatrixSpan rows(Slot slot, int width) { return m_workspace.matrix(slot, m_rows, width); }

  /// x = E[id] (+ p)
  void embed() {
    const int width = m_config.hiddenSize;
    m_residual = rows(kResidual, width);
    const WeightSpan table = m_model.embedTokens();
    for (int r = 0; r < m_rows; ++r)
      table.widenRow(m_tokens[static_cast<std::size_t>(r)].value, m_residual.rowSpan(r));
    count(&Counters::weightBytesRead, table.middleRows(0, m_rows).bytes());
    if (siteExists(Site::embedPositions, m_config)) addPositions();
    record(Site::embedTokens, kNoLayer, m_residual);
  }

  void addPositions() {
    const MatrixSpan positions = rows(kNormed, m_config.hiddenSize);
    for (int r = 0; r < m_rows; ++r) {
      const int position = m_cachedRows + r;
      if (m_config.position == PositionKind::learned) {
        std::copy_n(m_model.embedPositions().row(position + m_config.positionOffset), positions.cols,
                    positions.row(r));
      } else {
        sinusoidalPosition(Position{position}, positions.rowSpan(r));
      }
    }
    if (m_config.position == PositionKind::learned)
      count(&Counters::weightBytesRead, product(m_rows, positions.cols, sizeof(float)));
    record(Site::embedPositions, kNoLayer, positions);
    add(m_residual, positions);
  }

  void prepareRotations() {
    if (m_config.position != PositionKind::rotary) return;
    m_cosines = rows(kCosines, m_config.rotaryDim() / 2);
    m_sines = rows(kSines, m_config.rotaryDim() / 2);
    ropeTable(m_config, Position{m_cachedRows}, m_cosines, m_sines);
  }

  void layer(LayerIndex l) {
    const LayerWeights& weights = m_model.layer(l);
    const bool preNorm = m_config.normPlacement == NormPlacement::preNorm;
    ConstMatrixSpan input = m_residual;
    if (preNorm) input = norm(m_residual, weights.inputNorm, kNormed, Site::inputLayernorm, l);
    add(m_residual, attention(l, weights, input));
    record(Site::postAttentionResidual, l, m_residual);

    if (preNorm) {
      const ConstMatrixSpan normed =
          norm(m_residual, weights.postAttentionNorm, kNormed, Site::postAttentionLayernorm, l);
      add(m_residual, mlp(l, weights, normed));
    } else {
      const MatrixSpan normed =
          norm(m_residual, weights.postAttentionNorm, kNormed, Site::postAttentionLayernorm, l);
      add(normed, mlp(l, weights, normed));
      m_residual = norm(normed, weights.postFeedforwardNorm, kResidual, Site::postFeedforwardLayernorm, l);
    }
    record(Site::output, l, m_residual);
  }

  /// o = W_o · attention(q, k, v): (n, D)
  ConstMatrixSpan attention(LayerIndex l, const LayerWeights& weights, ConstMatrixSpan input) {
    const MatrixSpan context = rows(kContext, m_config.contextWidth());
    const int visible = m_cachedRows + m_rows;
    AttendCall call{.config = m_config, .layer = l, .cachedRows = m_cachedRows, .context = context};
    call.scratch =
        m_workspace.matrix(kScratch, attendScratchRows(m_rows), m_config.numAttentionHeads * visible);
    call.rules = m_options.rules;
    call.sink = m_options.sink;
    call.counters = m_options.counters;
    call.pool = m_options.pool;
    if (m_config.attention == AttentionKind::latent) {
      latentAttention(call, weights, input);
    } else {
      headAttention(call, weights, input);
    }
    record(Site::context, l, context);
    return project(context, weights.oProj, kBranch, Site::oProj, l);
  }

  /// q, k and v of every head; k and v join the cache, or the state of linear attention.
  void headAttention(AttendCall& call, const LayerWeights& weights, ConstMatrixSpan input) {
    const LayerIndex l = call.layer;
    const auto [q, k, v] = project<3>(input, l,
                                      {{{&weights.qProj, kQuery, Site::qProj},
                                        {&weights.kProj, kKey, Site::kProj},
                                        {&weights.vProj, kValue, Site::vProj}}});
    if (m_config.position == PositionKind::rotary) {
      rotate(q);
      rotate(k);
      record(Site::qRot, l, q);
      record(Site::kRot, l, k);
    }
    call.q = q;
    if (m_config.attention == AttentionKind::linear) {
      linearFeatures(q);
      linearFeatures(k);
      record(Site::qFeatures, l, q);
      record(Site::kFeatures, l, k);
      call.keys = byHead(k, m_config.headDim);
      call.values = byHead(v, m_config.headDim);
      call.firstKey = m_cachedRows;
      call.state = m_cache.state(l);
      count(&Counters::kvBytesWritten, product(m_rows, call.state.rows * call.state.cols, sizeof(float)));
    } else {
      m_cache.write(l, k, v);
      count(&Counters::kvBytesWritten, product(m_rows, k.cols + v.cols, sizeof(float)));
      call.keys = m_cache.keyRows(l);
      call.values = m_cache.valueRows(l);
      call.firstKey = m_cache.firstHeld();
      call.readPerKey = 2 * m_config.keyValueWidth();
    }
    attentionVariantOf(m_config).attend(call);
  }

  /// MLA: the new rows' latents and rotary keys join the cache, then the keys and values of all rows are
  /// rebuilt from it. DeepSeek-AI 2024 (arXiv 2405.04434), eq. 9–19.
  void latentAttention(AttendCall& call, const LayerWeights& weights, ConstMatrixSpan input) {
    const LayerIndex l = call.layer;
    const int n = m_config.qkNopeHeadDim, r = m_config.qkRopeHeadDim, rank = m_config.kvLoraRank;
    const MatrixSpan q = latentQueries(l, weights, input);
    const MatrixSpan compressed = project(input, weights.kvAProj, kLatent, Site::kvAProj, l);
    const MatrixSpan latent = rows(kLatentNormed, rank), rotaryKey = rows(kRotaryKey, r);
    latentNorm(compressed, weights.kvANorm, latent, Site::kvALayernorm, l);
    for (int row = 0; row < m_rows; ++row) std::copy_n(compressed.row(row) + rank, r, rotaryKey.row(row));
    rotate(rotaryKey);
    record(Site::kRot, l, rotaryKey);
    m_cache.write(l, latent, rotaryKey);
    count(&Counters::kvBytesWritten, product(m_rows, rank + r, sizeof(float)));

    const int all = m_cachedRows + m_rows;
    const MatrixSpan rebuilt = m_workspace.matrix(kRebuilt, all, weights.kvBProj.weight.rows);
    const ConstMatrixSpan latents = m_cache.keys(l, KvHeadIndex{0}).middleRows(0, all);
    linear(latents, weights.kvBProj, rebuilt, m_options.pool);
    count(&Counters::projectionMacs, product(m_rows, rank, rebuilt.cols));
    count(&Counters::rebuildMacs, product(m_cachedRows, rank, rebuilt.cols));
    count(&Counters::kvBytesRead, product(all, rank, sizeof(float)));
    countWeights(weights.kvBProj);
    record(Site::kvBProj, l, rebuilt.middleRows(m_cachedRows, m_rows));

    const MatrixSpan keys = m_workspace.matrix(kKeyStates, all, m_config.queryWidth());
    joinKeys(rebuilt, m_cache.values(l, KvHeadIndex{0}), keys);
    record(Site::keyStates, l, keys.middleRows(m_cachedRows, m_rows));
    call.q = q;
    call.keys = byHead(keys, n + r);
    call.values = {rebuilt.data + n, n + m_config.vHeadDim, rebuilt.stride, all, m_config.vHeadDim};
    call.readPerKey = r;
    attentionVariantOf(m_config).attend(call);
  }

  /// (n, H·d): each head [q_n; q_r'], its second part turned.
  MatrixSpan latentQueries(LayerIndex l, const LayerWeights& weights, ConstMatrixSpan input) {
    const int n = m_config.qkNopeHeadDim, r = m_config.qkRopeHeadDim, heads = m_config.numAttentionHeads;
    MatrixSpan q;
    if (m_config.qLoraRank > 0) {
      const MatrixSpan down = project(input, weights.qAProj, kQueryLatent, Site::qAProj, l);
      const MatrixSpan normed = rows(kQueryLatentNormed, m_config.qLoraRank);
      latentNorm(down, weights.qANorm, normed, Site::qALayernorm, l);
      q = project(normed, weights.qBProj, kQuery, Site::qBProj, l);
    } else {
      q = project(input, weights.qProj, kQuery, Site::qProj, l);
    }
    const MatrixSpan turned = rows(kRotaryQuery, heads * r);
    for (int row = 0; row < m_rows; ++row) {
      for (int h = 0; h < heads; ++h) std::copy_n(q.row(row) + h * (n + r) + n, r, turned.row(row) + h * r);
    }
    rotate(turned);
    record(Site::qRot, l, turned);
    for (int row = 0; row < m_rows; ++row) {
      for (int h = 0; h < heads; ++h) std::copy_n(turned.row(row) + h * r, r, q.row(row) + h * (n + r) + n);
    }
    record(Site::queryStates, l, q);
    return q;
  }

  /// Each head's key is [k_n; k_r'], with the one rotary key. rebuilt (T, H·(n + v)), rotary (≥ T, r), keys
  /// (T, H·d).
  void joinKeys(ConstMatrixSpan rebuilt, ConstMatrixSpan rotary, MatrixSpan keys) const {
    const int n = m_config.qkNopeHeadDim, r = m_config.qkRopeHeadDim;
    for (int row = 0; row < keys.rows; ++row) {
      for (int h = 0; h < m_config.numAttentionHeads; ++h) {
        float* const key = keys.row(row) + h * (n + r);
        std::copy_n(rebuilt.row(row) + h * (n + m_config.vHeadDim), n, key);
        std::copy_n(rotary.row(row), r, key + n);
      }
    }
  }

  /// RMSNorm of the first y.cols numbers of each row.
  void latentNorm(ConstMatrixSpan x, NormWeights weights, MatrixSpan y, Site site, LayerIndex l) {
    for (int r = 0; r < m_rows; ++r) rmsNorm(x.row(r), weights.weight, kLatentNormEps, y.cols, y.row(r));
    count(&Counters::weightBytesRead, product(y.cols, sizeof(float)));
    record(site, l, y);
  }

  /// W_d · (act(W_g n) · W_u n), or W_d · act(W_u n) without a gate: (n, D)
  ConstMatrixSpan mlp(LayerIndex l, const LayerWeights& weights, ConstMatrixSpan input) {
    MatrixSpan inner;
    if (m_config.gatedMlp) {
      const auto [gate, up] = project<2>(
          input, l, {{{&weights.gateProj, kGate, Site::gateProj}, {&weights.upProj, kUp, Site::upProj}}});
      inner = gate;
      for (int r = 0; r < m_rows; ++r) {
        activate(m_config.activation, inner.rowSpan(r));
        for (int i = 0; i < inner.cols; ++i) inner(r, i) *= up(r, i);
      }
    } else {
      inner = project(input, weights.upProj, kUp, Site::upProj, l);
      for (int r = 0; r < m_rows; ++r) activate(m_config.activation, inner.rowSpan(r));
    }
    record(Site::mlpActivation, l, inner);
    return project(inner, weights.downProj, kBranch, Site::downProj, l);
  }

  /// The last row's logits, or all rows' when somebody wants them. Only the last row's are counted: a decode
  /// needs no more.
  ConstMatrixSpan output() {
    MatrixSpan x = m_residual;
    if (m_config.finalNorm) x = norm(m_residual, m_model.finalNorm(), kNormed, Site::norm, kNoLayer);
    if (!m_options.computeLogits) return {};
    const bool wanted = m_options.sink && m_options.sink->wants(Site::logits, kNoLayer);
    const bool all = m_options.logitsOfAllRows || wanted;
    const LinearWeights head = m_model.lmHead();
    const int first = all ? 0 : m_rows - 1;
    const MatrixSpan logits = m_workspace.matrix(kLogits, m_rows - first, m_config.vocabSize);
    if (first < m_rows - 1)
      linear(x.middleRows(0, m_rows - 1), head, logits.middleRows(0, m_rows - 1), m_options.pool);
    // The last row always by itself: its bits must not depend on who else is watching.
    linear(x.middleRows(m_rows - 1, 1), head, logits.middleRows(m_rows - 1 - first, 1), m_options.pool);
    count(&Counters::logitMacs, product(m_config.vocabSize, m_config.hiddenSize));
    countWeights(head);
    if (wanted) m_options.sink->record(Site::logits, kNoLayer, Position{m_cachedRows + first}, logits);
    return logits;
  }

  struct Projection {
    const LinearWeights* weights;
    Slot slot;
    Site site;
  };

  /// Projections of the same rows, shared out together.
  template <std::size_t N>
  std::array<MatrixSpan, N> project(ConstMatrixSpan x, LayerIndex l,
                                    const std::array<Projection, N>& projections) {
    std::array<MatrixSpan, N> results;
    std::array<LinearCall, N> calls;
    for (std::size_t i = 0; i < N; ++i) {
      results[i] = rows(projections[i].slot, projections[i].weights->weight.rows);
      calls[i] = {projections[i].weights, results[i]};
    }
    linear(x, calls, m_options.pool);
    for (std::size_t i = 0; i < N; ++i) {
      const LinearWeights& weights = *projections[i].weights;
      count(&Counters::projectionMacs, product(m_rows, weights.weight.rows, weights.weight.cols));
      countWeights(weights);
      record(projections[i].site, l, results[i]);
    }
    return results;
  }

  MatrixSpan project(ConstMatrixSpan x, const LinearWeights& weights, Slot slot, Site site, LayerIndex l) {
    return project<1>(x, l, {{{&weights, slot, site}}})[0];
  }

  MatrixSpan norm(ConstMatrixSpan x, NormWeights weights, Slot slot, Site site, LayerIndex l) {
    const MatrixSpan y = rows(slot, x.cols);
    normRows(m_config, x, weights, y);
    count(&Counters::weightBytesRead, product(x.cols, weights.bias ? 2 : 1, sizeof(float)));
    record(site, l, y);
    return y;
  }

  void countWeights(const LinearWeights& weights) {
    count(&Counters::weightBytesRead, weights.weight.bytes());
    if (weights.bias) count(&Counters::weightBytesRead, product(weights.weight.rows, sizeof(float)));
  }

  void rotate(MatrixSpan x) {
    for (int r = 0; r < m_rows; ++r) {
      applyRope(m_config.rotaryLayout, m_config.rotaryDim(), m_cosines.row(r), m_sines.row(r), x.rowSpan(r));
    }
  }

  static void add(MatrixSpan x, ConstMatrixSpan y) {
    for (int r = 0; r < x.rows; ++r) {
      for (int i = 0; i < x.cols; ++i) x(r, i) += y(r, i);
    }
  }

  const Model& m_model;
  const ModelConfig& m_config;
  std::span<const TokenId> m_tokens;
  KvCache& m_cache;
  ForwardWorkspace& m_workspace;
  const ForwardOptions& m_options;
  int m_rows;        ///< n
  int m_cachedRows;  ///< m
  MatrixSpan m_residual;
  MatrixSpan m_cosines, m_sines;
};

}  // namespace

MatrixSpan ForwardWorkspace::matrix(int slot, int rows, int cols) {
  const auto index = static_cast<std::size_t>(slot);
  if (m_slots.size() <= index) m_slots.resize(index + 1);
  const auto size = static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols);
  // With room to spare: scores grow by a column a token.
  if (m_slots[index].size() < size) m_slots[index] = AlignedBuffer(size + size / 2);
  return {m_slots[index].data(), rows, cols};
}

ForwardResult forward(const Model& model, std::span<const TokenId> newTokens, KvCache& cache,
                      ForwardWorkspace& workspace, const ForwardOptions& options) {
  DECODESCOPE_REQUIRE(!newTokens.empty());
  DECODESCOPE_REQUIRE(cache.length() + static_cast<int>(newTokens.size()) <=
                      model.config().maxPositionEmbeddings);
  DECODESCOPE_REQUIRE(!options.rules || options.rules->causalMask || cache.length() == 0);
  return Pass(model, newTokens, cache, workspace, options).run();
}

int fastestThreads(const Model& model) {
  constexpr std::size_t kWorthSharing = 1'000'000;
  return model.layout().parameterCount() < kWorthSharing ? 1 : availableCores();
}

}  // namespace decodescope
