#include "views/selection.h"

#include "tests/support/random_run.h"

#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

TEST(Selection, StaysInsideWhatTheRunHas) {
  const SessionSnapshot session =
      sessionOf(randomRun(wordyModel({.layers = 2, .heads = 4, .kvHeads = 2}), 3, 4));
  Selection wild;
  wild.lane = 9;
  wild.step = StepIndex{99};
  wild.layer = LayerIndex{99};
  wild.head = HeadIndex{-3};
  wild.query = Position{99};
  wild.key = Position{-1};
  wild.locked = true;
  const Selection s = clampTo(wild, session);
  EXPECT_EQ(s.lane, 0);
  EXPECT_EQ(s.step, StepIndex{4});
  EXPECT_EQ(s.layer, LayerIndex{1});
  EXPECT_EQ(s.head, HeadIndex{0});
  EXPECT_EQ(s.query, Position{5});  // 3 tokens of the prompt and 3 of the 4 generated ones have been fed
  EXPECT_EQ(s.key, Position{0});
  EXPECT_TRUE(s.locked);
  EXPECT_EQ(clampTo(s, session), s);
}

TEST(Selection, OfAnEarlierStepEndsAtItsTokens) {
  const SessionSnapshot session = sessionOf(randomRun(wordyModel({}), 3, 4));
  Selection s;
  s.step = StepIndex{1};
  s.query = s.key = Position{5};
  EXPECT_EQ(clampTo(s, session).query, Position{2});
  s.step = StepIndex{0};
  EXPECT_EQ(clampTo(s, session).key, Position{0});
}

TEST(Selection, WithoutLanesIsEmpty) {
  Selection s;
  s.lane = 2;
  s.query = Position{4};
  s.locked = true;
  EXPECT_EQ(clampTo(s, SessionSnapshot()), Selection());
}

}  // namespace
}  // namespace decodescope::test
