#include "views/attention/context_model.h"

#include "core/ops/kernels.h"

#include <algorithm>
#include <cmath>

namespace decodescope {

ContextNumbers contextNumbers(const AttentionModel& model, int rowsShown) {
  ContextNumbers numbers;
  const Selection& s = model.selection();
  const ModelConfig& config = model.config();
  std::vector<float> weights = model.row(AttentionStage::weights, s.query.value);
  const PositionTrace* query = model.shown().trace(s.query);
  if (weights.empty() || !query) return numbers;
  // A struck key weighs nothing.
  for (float& w : weights) {
    if (!std::isfinite(w)) w = 0;
  }
  const KvHeadIndex group = config.keyValueHeadOf(s.head);
  const auto headRow = [](std::span<const float> row, int head, int heads) {
    const std::size_t width = row.size() / static_cast<std::size_t>(heads);
    return row.subspan(static_cast<std::size_t>(head) * width, width);
  };
  std::vector<std::span<const float>> values;
  for (int k = 0; k < static_cast<int>(weights.size()); ++k) {
    const PositionTrace* trace = model.shown().trace(Position{k});
    const std::span<const float> value =
        trace ? attentionValue(config, *trace, s.layer, group) : std::span<const float>();
    if (value.empty()) return numbers;
    values.push_back(value);
  }
  const std::size_t width = values.front().size();
  numbers.headDim = static_cast<int>(width);
  std::vector<float> block;
  for (const std::span<const float> v : values) block.insert(block.end(), v.begin(), v.end());
  numbers.sum.resize(width);
  kernels().attentionContext(weights.data(), {block.data(), static_cast<int>(values.size()), numbers.headDim},
                             static_cast<int>(values.size()), numbers.sum.data());
  const std::span<const float> traced = query->row(Site::context, s.layer);
  if (!traced.empty()) {
    const std::span<const float> own = headRow(traced, s.head.value, config.numAttentionHeads);
    numbers.traced.assign(own.begin(), own.end());
  }
  numbers.headStruck = query->rules() && query->rules()->strikes(s.layer, s.head, s.query);
  for (std::size_t i = 0; i < numbers.traced.size(); ++i)
    numbers.maxDifference =
        std::max(numbers.maxDifference, std::abs(static_cast<double>(numbers.sum[i] - numbers.traced[i])));

  std::vector<int> order(weights.size());
  for (std::size_t k = 0; k < order.size(); ++k) order[k] = static_cast<int>(k);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return weights[static_cast<std::size_t>(a)] > weights[static_cast<std::size_t>(b)];
  });
  numbers.otherSum.assign(width, 0.0f);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto k = static_cast<std::size_t>(order[i]);
    if (static_cast<int>(i) < rowsShown) {
      ContextNumbers::Row row{order[i], weights[k], values[k], std::vector<float>(width)};
      for (std::size_t j = 0; j < width; ++j) row.product[j] = weights[k] * values[k][j];
      numbers.rows.push_back(std::move(row));
      continue;
    }
    ++numbers.others;
    numbers.otherWeight += static_cast<double>(weights[k]);
    for (std::size_t j = 0; j < width; ++j) numbers.otherSum[j] += weights[k] * values[k][j];
  }
  return numbers;
}

}  // namespace decodescope
