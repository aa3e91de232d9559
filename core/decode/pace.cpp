#include "core/decode/pace.h"

#include <algorithm>

namespace decodescope {

Result<std::optional<MeasuredPace>> measurePace(const LoadedModelPtr& model, RunSettings settings,
                                                std::vector<TokenId> prompt,
                                                const std::function<void(double)>& report,
                                                std::stop_token stop) {
  settings.ignoreEos = true;
  Lane::Options options;
  options.trace = false;
  DECODESCOPE_TRY(Lane lane, Lane::start(model, settings, std::move(prompt), options));
  std::vector<std::uint64_t> times;
  std::uint64_t spent = 0;
  while (lane.canStep() && static_cast<int>(times.size()) < kPaceTokens) {
    if (!lane.step(stop)) return std::optional<MeasuredPace>();
    const std::uint64_t time = lane.lastStep().nanoseconds;
    spent += time;
    if (lane.stepCount() > 1) times.push_back(time);
    if (report) report(static_cast<double>(times.size()) / kPaceTokens);
    if (times.size() >= 3 && spent > kPaceNanoseconds) break;
  }
  if (times.empty())
    return Error{.field = "prompt", .what = "fills the context: there is no step behind it to measure"};
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return std::optional<MeasuredPace>(
      MeasuredPace{static_cast<double>(*middle), static_cast<int>(times.size())});
}

}  // namespace decodescope
