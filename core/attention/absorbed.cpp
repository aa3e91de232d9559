#include "core/attention/absorbed.h"

#include "core/attention/attention_rows.h"
#include "core/ops/kernels.h"

#include <cmath>

namespace decodescope {
namespace {

std::vector<float> widened(const WeightSpan& weight) {
  std::vector<float> numbers(static_cast<std::size_t>(weight.rows) * static_cast<std::size_t>(weight.cols));
  for (int r = 0; r < weight.rows; ++r)
    weight.widenRow(r, MatrixSpan(numbers.data(), weight.rows, weight.cols).rowSpan(r));
  return numbers;
}

}  // namespace

AbsorbedHead absorbedHead(const Model& model, std::span<const PositionTracePtr> positions, LayerIndex layer,
                          HeadIndex head, Position query) {
  const ModelConfig& config = model.config();
  const auto visible = static_cast<std::size_t>(query.value + 1);
  if (config.attention != AttentionKind::latent || query.value < 0 || visible > positions.size()) return {};
  for (const PositionTracePtr& trace : positions.first(visible)) {
    if (!trace) return {};
  }
  const int n = config.qkNopeHeadDim, r = config.qkRopeHeadDim, v = config.vHeadDim, rank = config.kvLoraRank;
  const WeightSpan up = model.layer(layer).kvBProj.weight;
  const std::vector<float> keyNumbers = widened(up.middleRows(head.value * (n + v), n));
  const ConstMatrixSpan keyRows(keyNumbers.data(), n, rank);
  const WeightSpan valueRows = up.middleRows(head.value * (n + v) + n, v);
  const std::span<const float> q =
      attentionQuery(config, *positions[static_cast<std::size_t>(query.value)], layer, head);

  AbsorbedHead absorbed;
  absorbed.query.resize(static_cast<std::size_t>(rank));
  kernels().attentionContext(q.data(), keyRows, n, absorbed.query.data());
  const float scale = 1.0f / std::sqrt(static_cast<float>(config.headDim));
  for (const PositionTracePtr& trace : positions.first(visible)) {
    const float fromLatent =
        kernels().dot(absorbed.query.data(), trace->row(Site::kvALayernorm, layer).data(), rank);
    const float fromRotary = kernels().dot(q.data() + n, trace->row(Site::kRot, layer).data(), r);
    absorbed.scores.push_back((fromLatent + fromRotary) * scale);
  }
  absorbed.weights = absorbed.scores;
  kernels().softmax(absorbed.weights.data(), static_cast<int>(visible));
  absorbed.latent.assign(static_cast<std::size_t>(rank), 0.0f);
  for (std::size_t j = 0; j < visible; ++j) {
    const std::span<const float> latent = positions[j]->row(Site::kvALayernorm, layer);
    for (std::size_t i = 0; i < latent.size(); ++i) absorbed.latent[i] += absorbed.weights[j] * latent[i];
  }
  absorbed.context.resize(static_cast<std::size_t>(v));
  kernels().matVec(valueRows, nullptr, absorbed.latent.data(), absorbed.context.data(), 0, v);
  return absorbed;
}

}  // namespace decodescope
