#include "core/explain/worked_example.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

TEST(WorkedExample, LinearLayer) {
  const WorkedLinear e = workedLinear(1);
  EXPECT_EQ(e.y.rows, 10);
  EXPECT_EQ(e.y.columns, 5);
  for (int r = 0; r < 10; ++r) {
    for (int o = 0; o < 5; ++o) {
      double sum = static_cast<double>(e.b.at(0, o));
      for (int i = 0; i < 3; ++i)
        sum += static_cast<double>(e.x.at(r, i)) * static_cast<double>(e.w.at(o, i));
      EXPECT_NEAR(e.y.at(r, o), sum, 1e-5);
    }
  }
  EXPECT_EQ(workedLinear(1).y.values, e.y.values);
  EXPECT_NE(workedLinear(2).y.values, e.y.values);
}

TEST(WorkedExample, Norms) {
  const WorkedNorm e = workedNorm(1);
  for (int r = 0; r < 10; ++r) {
    EXPECT_NEAR(e.after.at(r, 0), 0, 1e-5);
    EXPECT_NEAR(e.after.at(r, 1), 1, 2e-3);
    EXPECT_NEAR(e.after.at(r, 2), 1, 2e-3);
    EXPECT_NEAR(e.statistics.at(r, 2), e.statistics.at(r, 1) + e.statistics.at(r, 0) * e.statistics.at(r, 0),
                1e-3);
  }
  EXPECT_NEAR(e.drawnMean, 5, 0.15);
  EXPECT_NEAR(e.drawnVariance, 36, 1.2);
  EXPECT_NEAR(e.standardMean, 0, 0.03);
  EXPECT_NEAR(e.standardVariance, 1, 0.035);
}

TEST(WorkedExample, MaskedRow) {
  const WorkedMask e = workedMask();
  EXPECT_NEAR(e.softmaxAll.at(1, 0), 0.1, 1e-6);
  EXPECT_NEAR(e.softmaxAll.at(1, 1), 0.4, 1e-6);
  EXPECT_NEAR(e.renormalised.at(1, 0), 0.2, 1e-6);
  EXPECT_NEAR(e.renormalised.at(1, 1), 0.8, 1e-6);
  for (int r = 0; r < 3; ++r) {
    for (int c = 0; c < 3; ++c) EXPECT_NEAR(e.renormalised.at(r, c), e.weights.at(r, c), 1e-6);
  }
}

TEST(WorkedExample, SaturatedSoftmax) {
  const WorkedSoftmax e = workedSoftmax();
  EXPECT_NEAR(e.weights.at(0, 0), 0.9995, 5e-5);
  EXPECT_NEAR(e.weights.at(0, 1), 0.0001, 5e-5);
  EXPECT_NEAR(e.weights.at(0, 2), 0.0003, 5e-5);
  EXPECT_LT(e.weights.at(2, 0), e.weights.at(1, 0));
}

TEST(WorkedExample, EarlierRowsAreKnownAlready) {
  const WorkedCache e = workedCache(1);
  EXPECT_EQ(e.four.x.rows, 4);
  EXPECT_EQ(e.five.x.rows, 5);
  EXPECT_EQ(e.five.x.columns, 8);
  EXPECT_EQ(e.five.q.columns, 4);
  EXPECT_LE(e.largestDifference, 1e-6);
  for (int i = 0; i < 5; ++i) {
    double sum = 0;
    for (int j = 0; j < 5; ++j) {
      sum += static_cast<double>(e.five.weights.at(i, j));
      if (j > i) {
        EXPECT_EQ(e.five.weights.at(i, j), 0);
      }
    }
    EXPECT_NEAR(sum, 1, 1e-6);
  }
}

TEST(WorkedExample, VarianceUnderEachScale) {
  const WorkedScaling e = workedScaling(1);
  const double expected[] = {64, 1, 1.0 / 64, 1.0 / (64 * 64 * 64)};
  for (int i = 0; i < 4; ++i) {
    EXPECT_FLOAT_EQ(e.variances.at(i, 1), static_cast<float>(expected[i]));
    EXPECT_NEAR(e.variances.at(i, 0) / e.variances.at(i, 1), 1, 0.05);
  }
  // Unscaled the largest takes nearly all; under d² all are alike.
  const auto largest = [&](int row) {
    return *std::max_element(e.softmaxRow.values.begin() + row * e.rows,
                             e.softmaxRow.values.begin() + (row + 1) * e.rows);
  };
  EXPECT_GT(largest(0), largest(1));
  EXPECT_GT(largest(1), largest(2));
  EXPECT_NEAR(largest(3), 0.1, 0.001);
}

}  // namespace
}  // namespace decodescope
