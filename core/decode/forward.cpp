#include "core/decode/forward.h"

#include "core/attention/variants.h"
#include "core/ops/activation.h"
#include "core/ops/linear.h"
#include "core/ops/norm.h"
#include "core/ops/rope.h"

#include <algorithm>

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
};

std::uint64_t product(int a, int b, int c = 1) {
  return static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b) * static_cast<std::uint64_t>(c);
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
    for (int r = 0; r < m_rows; ++r) {
      std::copy_n(m_model.embedTokens().row(m_tokens[static_cast<std::size_t>(r)].value), width,
                  m_residual.row(r));
    }
    count(&Counters::weightBytesRead, product(m_rows, width, sizeof(float)));
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
    m_cosines = rows(kCosines, m_config.headDim / 2);
    m_sines = rows(kSines, m_config.headDim / 2);
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
    const MatrixSpan q = project(input, weights.qProj, kQuery, Site::qProj, l);
    const MatrixSpan k = project(input, weights.kProj, kKey, Site::kProj, l);
    const MatrixSpan v = project(input, weights.vProj, kValue, Site::vProj, l);
    if (m_config.position == PositionKind::rotary) {
      rotate(q);
      rotate(k);
      record(Site::qRot, l, q);
      record(Site::kRot, l, k);
    }
    m_cache.write(l, k, v);
    count(&Counters::kvBytesWritten, product(m_rows, k.cols + v.cols, sizeof(float)));

    const MatrixSpan context = rows(kContext, m_config.queryWidth());
    const int visible = m_cachedRows + m_rows;
    const MatrixSpan scratch =
        m_workspace.matrix(kScratch, attendScratchRows(m_rows), m_config.numAttentionHeads * visible);
    attentionVariantOf(m_config).attend({m_config, l, m_cachedRows, q, m_cache, context, scratch,
                                         m_options.rules, m_options.sink, m_options.counters,
                                         m_options.pool});
    record(Site::context, l, context);
    return project(context, weights.oProj, kBranch, Site::oProj, l);
  }

  /// W_d · (act(W_g n) · W_u n), or W_d · act(W_u n) without a gate: (n, D)
  ConstMatrixSpan mlp(LayerIndex l, const LayerWeights& weights, ConstMatrixSpan input) {
    MatrixSpan inner;
    if (m_config.gatedMlp) {
      inner = project(input, weights.gateProj, kGate, Site::gateProj, l);
      const MatrixSpan up = project(input, weights.upProj, kUp, Site::upProj, l);
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

  MatrixSpan project(ConstMatrixSpan x, const LinearWeights& weights, Slot slot, Site site, LayerIndex l) {
    const MatrixSpan y = rows(slot, weights.weight.rows);
    linear(x, weights, y, m_options.pool);
    count(&Counters::projectionMacs, product(m_rows, weights.weight.rows, weights.weight.cols));
    countWeights(weights);
    record(site, l, y);
    return y;
  }

  MatrixSpan norm(ConstMatrixSpan x, NormWeights weights, Slot slot, Site site, LayerIndex l) {
    const MatrixSpan y = rows(slot, x.cols);
    normRows(m_config, x, weights, y);
    count(&Counters::weightBytesRead, product(x.cols, weights.bias ? 2 : 1, sizeof(float)));
    record(site, l, y);
    return y;
  }

  void countWeights(const LinearWeights& weights) {
    const int columns = weights.weight.cols + (weights.bias ? 1 : 0);
    count(&Counters::weightBytesRead, product(weights.weight.rows, columns, sizeof(float)));
  }

  void rotate(MatrixSpan x) {
    for (int r = 0; r < m_rows; ++r) {
      applyRope(m_config.rotaryLayout, m_config.headDim, m_cosines.row(r), m_sines.row(r), x.rowSpan(r));
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

}  // namespace decodescope
