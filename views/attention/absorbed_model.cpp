#include "views/attention/absorbed_model.h"

#include "core/attention/absorbed.h"

#include <algorithm>
#include <cmath>

namespace decodescope {

AbsorbedNumbers absorbedNumbers(const AttentionModel& model) {
  AbsorbedNumbers numbers;
  const Selection& s = model.selection();
  const ModelConfig& config = model.config();
  if (config.attention != AttentionKind::latent) return numbers;
  const AbsorbedHead head =
      absorbedHead(*model.shown().run->model->model, model.traces(), s.layer, s.head, s.query);
  const std::vector<float> rebuilt = model.row(AttentionStage::scaled, s.query.value);
  if (head.scores.empty() || rebuilt.size() < head.scores.size()) return numbers;
  for (std::size_t j = 0; j < head.scores.size(); ++j) {
    numbers.rows.push_back({static_cast<int>(j), rebuilt[j], head.scores[j], head.weights[j]});
    numbers.maxScoreDifference =
        std::max(numbers.maxScoreDifference, std::abs(numbers.rows.back().difference()));
  }
  numbers.query = head.query;
  numbers.absorbedContext = head.context;
  const PositionTrace* query = model.shown().trace(s.query);
  const std::span<const float> traced =
      query ? numbersAt(*query, s.layer, {Site::context, s.head.value * config.vHeadDim}, config.vHeadDim)
            : std::span<const float>();
  numbers.rebuiltContext.assign(traced.begin(), traced.end());
  for (std::size_t i = 0; i < traced.size(); ++i)
    numbers.maxContextDifference =
        std::max(numbers.maxContextDifference, std::abs(static_cast<double>(head.context[i] - traced[i])));
  return numbers;
}

}  // namespace decodescope
