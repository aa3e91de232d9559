#include "core/decode/trace_compare.h"

#include "tests/support/random_run.h"

#include <gtest/gtest.h>

namespace decodescope {
namespace {

TEST(TraceCompare, TheLargestDifferenceOfTwoRunsIsTheOneOfTheirRows) {
  const LoadedModelPtr model = test::wordyModel({.layers = 2, .heads = 4, .kvHeads = 2});
  const ModelConfig& config = model->config();
  const RunSnapshotPtr on = test::randomRun(model, 5, 4), off = test::randomRun(model, 5, 4, false);
  for (std::size_t p = 0; p < on->positions.size(); ++p) {
    EXPECT_EQ(largestDifference(config, *on->positions[p], *on->positions[p]), 0);
    EXPECT_LT(largestDifference(config, *on->positions[p], *off->positions[p]), 1e-4);
  }
  // One number of one site decides.
  PositionTrace other = *on->positions[2];
  other.mutableRow(Site::vProj, LayerIndex{1})[3] += 2;
  EXPECT_NEAR(largestDifference(config, *on->positions[2], other), 2, 1e-6);
  EXPECT_NEAR(largestDifference(config, other, *on->positions[2]), 2, 1e-6);
}

}  // namespace
}  // namespace decodescope
