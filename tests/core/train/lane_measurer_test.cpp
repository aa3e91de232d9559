#include "core/train/lane_measurer.h"

#include "core/attention/derive.h"
#include "tests/support/paths.h"
#include "tests/support/random_model.h"

#include <condition_variable>
#include <gtest/gtest.h>
#include <mutex>

namespace decodescope {
namespace {

/// A measurer and a way to wait for its news.
class LaneMeasurerTest : public testing::Test {
 protected:
  void wake() {
    const std::lock_guard lock(m_mutex);
    ++m_wakes;
    m_changed.notify_all();
  }

  template <class Predicate>
  std::shared_ptr<const LaneMeasures> waitFor(const LaneMeasurer& measurer, Predicate predicate) {
    std::unique_lock lock(m_mutex);
    for (;;) {
      const auto latest = measurer.latest();
      if (predicate(latest.get())) return latest;
      const int seen = m_wakes;
      m_changed.wait(lock, [&] { return m_wakes != seen; });
    }
  }
  std::shared_ptr<const LaneMeasures> waitUntilDone(const LaneMeasurer& measurer) {
    return waitFor(measurer, [](const LaneMeasures* m) { return m && !m->isBusy(); });
  }

  static LaneMeasurer::Order order(int laneId, const LoadedModelPtr& model) {
    return {laneId, model, {}, test::randomTokens(model->config(), 4, 1)};
  }
  /// Small enough to be done soon, and without a loss on its card.
  static LoadedModelPtr small() { return test::randomLoadedModel(test::smallConfig(), 3); }
  /// Half a minute of work.
  static LoadedModelPtr slow() {
    Result<LoadedModelPtr> model = loadModel((test::sourceDir() / "assets/models/tales-mha").string());
    EXPECT_TRUE(model.ok());
    return deriveKeyValueHeads(model.value(), 2).value();
  }

  std::mutex m_mutex;
  std::condition_variable m_changed;
  int m_wakes = 0;
};

TEST_F(LaneMeasurerTest, KnowsNothingUntilItIsAsked) {
  LaneMeasurer measurer([this] { wake(); }, {});
  EXPECT_EQ(measurer.latest(), nullptr);
}

TEST_F(LaneMeasurerTest, MeasuresThePaceOfEveryLane) {
  LaneMeasurer measurer([this] { wake(); }, {});
  const LoadedModelPtr model = small();
  LaneMeasurer::Order a = order(5, model), b = order(7, model);
  a.loss = b.loss = false;
  measurer.measure({a, b});
  const auto done = waitUntilDone(measurer);
  ASSERT_EQ(done->lanes.size(), 2u);
  EXPECT_EQ(done->lanes[0].laneId, 5);
  for (const LaneMeasure& lane : done->lanes) {
    EXPECT_EQ(lane.state, MeasureState::finished);
    EXPECT_EQ(lane.model, model);
    EXPECT_EQ(lane.promptLength, 4);
    ASSERT_TRUE(lane.pace);
    EXPECT_EQ(lane.pace->tokens, 60);  // the context is 64
    EXPECT_FALSE(lane.loss);
    EXPECT_EQ(lane.failure, "");
  }
}

TEST_F(LaneMeasurerTest, SaysWhyALossCannotBeMeasured) {
  LaneMeasurer measurer([this] { wake(); }, {});
  measurer.measure({order(1, small())});  // its tokenizer reads ids only
  const auto done = waitUntilDone(measurer);
  EXPECT_TRUE(done->lanes[0].pace);
  EXPECT_FALSE(done->lanes[0].loss);
  EXPECT_NE(done->lanes[0].failure, "");
}

TEST_F(LaneMeasurerTest, StopsAndKeepsWhatIsKnown) {
  LaneMeasurer measurer([this] { wake(); }, {});
  const LoadedModelPtr model = slow();
  measurer.measure({order(1, model), order(2, model)});
  waitFor(measurer, [](const LaneMeasures* m) { return m && m->lanes[0].pace.has_value(); });
  measurer.stop();
  const auto stopped = measurer.latest();
  EXPECT_FALSE(stopped->isBusy());
  EXPECT_TRUE(stopped->lanes[0].pace);
  EXPECT_EQ(stopped->lanes[0].state, MeasureState::stopped);
  EXPECT_EQ(stopped->lanes[1].state, MeasureState::stopped);
}

TEST_F(LaneMeasurerTest, LanesThatGoAreForgotten) {
  LaneMeasurer measurer([this] { wake(); }, {});
  measurer.measure({order(1, slow())});
  waitFor(measurer, [](const LaneMeasures* m) { return m && m->lanes[0].state == MeasureState::running; });
  measurer.keepOnly({2});
  EXPECT_EQ(measurer.latest(), nullptr);
  // The thread is free for the next one.
  LaneMeasurer::Order next = order(2, small());
  next.loss = false;
  measurer.measure({next});
  EXPECT_TRUE(waitUntilDone(measurer)->lanes[0].pace);
}

TEST_F(LaneMeasurerTest, GoingAwayWhileMeasuringJoins) {
  for (int i = 0; i < 3; ++i) {
    LaneMeasurer measurer([this] { wake(); }, {});
    measurer.measure({order(1, slow()), order(2, slow())});
  }
}

}  // namespace
}  // namespace decodescope
