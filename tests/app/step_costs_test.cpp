#include "app/step_costs.h"

#include "app/format.h"
#include "core/cost/decode_cost.h"
#include "tests/support/random_run.h"

#include <gtest/gtest.h>

namespace decodescope {
namespace {

TEST(StepCosts, TheOtherSettingIsWhatARunWithItCounts) {
  const LoadedModelPtr model = test::wordyModel({.layers = 2, .heads = 4, .kvHeads = 2, .headDim = 8});
  const RunSnapshotPtr cached = test::randomRun(model, 6, 4, true);
  const RunSnapshotPtr uncached = test::randomRun(model, 6, 4, false);
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string macs = shownCount(uncached->steps[i].counters.macs()).toStdString();
    EXPECT_TRUE(stepCosts(*cached, cached->steps[i]).other.contains(QString::fromStdString(macs)))
        << "step " << i + 1;
    const std::string fewer = shownCount(cached->steps[i].counters.macs()).toStdString();
    EXPECT_TRUE(stepCosts(*uncached, uncached->steps[i]).other.contains(QString::fromStdString(fewer)))
        << "step " << i + 1;
  }
}

TEST(StepCosts, SaysWhatWasRecomputed) {
  const RunSnapshotPtr run = test::randomRun(test::wordyModel({}), 6, 2, false);
  const StepCosts costs = stepCosts(*run, run->steps[1]);
  EXPECT_TRUE(costs.measured.contains("7 rows"));
  EXPECT_TRUE(costs.measured.contains("no cache"));
  EXPECT_TRUE(costs.measured.contains("recomputed rows"));
}

}  // namespace
}  // namespace decodescope
