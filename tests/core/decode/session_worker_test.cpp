#include "core/decode/session_worker.h"

#include "tests/support/llama2c_file.h"
#include "tests/support/paths.h"
#include "tests/support/random_model.h"
#include "tests/support/word_model.h"

#include <condition_variable>
#include <filesystem>
#include <gtest/gtest.h>
#include <mutex>

namespace decodescope {
namespace {

/// A worker and a way to wait for what it publishes.
class SessionWorkerTest : public testing::Test {
 protected:
  SessionWorkerTest() {
    ModelConfig config = test::smallConfig();
    m_small = test::writeWordModel(m_dir.file("small"), config, 3);
    config.numHiddenLayers = 6;
    config.hiddenSize = config.intermediateSize = 256;
    config.maxPositionEmbeddings = 4096;
    m_slow = test::writeWordModel(m_dir.file("slow"), config, 3);
  }

  void wake() {
    const std::lock_guard lock(m_mutex);
    ++m_wakes;
    m_changed.notify_all();
  }

  /// Waits until the latest publication satisfies the predicate.
  template <class Predicate>
  SessionSnapshotPtr waitFor(const SessionWorker& worker, Predicate predicate) {
    std::unique_lock lock(m_mutex);
    for (;;) {
      const SessionSnapshotPtr latest = worker.latest();
      if (predicate(*latest)) return latest;
      const int seen = m_wakes;
      m_changed.wait(lock, [&] { return m_wakes != seen; });
    }
  }

  SessionSnapshotPtr waitForSteps(const SessionWorker& worker, int steps) {
    return waitFor(worker, [steps](const SessionSnapshot& s) {
      return !s.busy && !s.lanes.empty() && s.lanes[0].run->stepCount() >= steps;
    });
  }

  SessionWorker::OpenRequest request(const std::string& path, int steps) const {
    return {path, "w1 w2 w3", false, steps};
  }

  test::TemporaryDir m_dir;
  std::string m_small, m_slow;
  std::mutex m_mutex;
  std::condition_variable m_changed;
  int m_wakes = 0;
};

TEST_F(SessionWorkerTest, OpensAModelDecodesAndStepsOn) {
  SessionWorker worker([this] { wake(); });
  EXPECT_TRUE(worker.latest()->lanes.empty());
  RunSettings settings;
  settings.ignoreEos = true;
  worker.setSettings(settings);
  worker.open(request(m_small, 2));
  const SessionSnapshotPtr two = waitForSteps(worker, 2);
  EXPECT_EQ(two->lanes[0].run->promptLength, 4);  // [SOS] w1 w2 w3
  EXPECT_EQ(two->error, "");
  worker.step(3);
  EXPECT_EQ(waitForSteps(worker, 5)->lanes[0].run->stepCount(), 5);
  EXPECT_EQ(two->lanes[0].run->stepCount(), 2);
}

TEST_F(SessionWorkerTest, ABadModelOrPromptLeavesTheRunAndSaysWhy) {
  SessionWorker worker([this] { wake(); });
  worker.open(request(m_small, 1));
  const SessionSnapshotPtr before = waitForSteps(worker, 1);
  worker.open(request(m_dir.file("nowhere"), 1));
  const SessionSnapshotPtr after = waitFor(worker, [](const SessionSnapshot& s) { return !s.error.empty(); });
  EXPECT_NE(after->error.find("nowhere"), std::string::npos);
  EXPECT_EQ(after->lanes[0].run->runId, before->lanes[0].run->runId);
  worker.restart("w1 unheardOf");
  const SessionSnapshotPtr refused = waitFor(
      worker, [](const SessionSnapshot& s) { return s.error.find("unheardOf") != std::string::npos; });
  EXPECT_EQ(refused->lanes[0].run->tokens, before->lanes[0].run->tokens);
  worker.restart("w5", 1);
  const SessionSnapshotPtr fresh = waitFor(worker, [&](const SessionSnapshot& s) {
    return !s.busy && s.lanes[0].run->runId != before->lanes[0].run->runId &&
           s.lanes[0].run->stepCount() == 1;
  });
  EXPECT_EQ(fresh->error, "");
}

/// It would be taken for the new one's.
TEST_F(SessionWorkerTest, AFailureIsNotToldAgainWhileTheNextCommandRuns) {
  std::vector<std::string> toldWhileBusy;
  const SessionWorker* self = nullptr;
  SessionWorker worker([&] {
    if (const SessionSnapshotPtr latest = self->latest(); latest->busy)
      toldWhileBusy.push_back(latest->error);
    wake();
  });
  self = &worker;
  worker.open(request(m_dir.file("none"), 0));
  waitFor(worker, [](const SessionSnapshot& s) { return !s.busy && !s.error.empty(); });
  toldWhileBusy.clear();
  worker.open(request(m_small, 0));
  waitFor(worker, [](const SessionSnapshot& s) { return !s.busy && !s.lanes.empty(); });
  ASSERT_FALSE(toldWhileBusy.empty());
  for (const std::string& error : toldWhileBusy) EXPECT_EQ(error, "");
}

TEST_F(SessionWorkerTest, AModelWithoutTokenizerOrPromptOpens) {
  std::filesystem::remove(m_small + "/tokenizer.json");
  SessionWorker worker([this] { wake(); });
  worker.open({m_small, "", true, 2});
  const SessionSnapshotPtr open = waitForSteps(worker, 2);
  EXPECT_EQ(open->error, "");
  EXPECT_EQ(open->lanes[0].run->tokens[0], TokenId{0});
  worker.restart("#3 #4", 1);
  const SessionSnapshotPtr again =
      waitFor(worker, [](const SessionSnapshot& s) { return !s.busy && s.lanes[0].run->promptLength == 2; });
  EXPECT_EQ(again->lanes[0].run->tokens[1], TokenId{4});
}

TEST_F(SessionWorkerTest, SettingsReachTheNextStepOfALongCommand) {
  SessionWorker worker([this] { wake(); });
  RunSettings settings;
  settings.ignoreEos = true;
  worker.setSettings(settings);
  worker.open(request(m_slow, 1));
  waitForSteps(worker, 1);
  worker.step(2000);
  waitFor(worker, [](const SessionSnapshot& s) { return s.lanes[0].run->stepCount() >= 3; });
  settings.kvCache = false;
  worker.setSettings(settings);
  const SessionSnapshotPtr off =
      waitFor(worker, [](const SessionSnapshot& s) { return !s.lanes[0].run->steps.back().kvCache; });
  EXPECT_TRUE(off->busy);
  EXPECT_EQ(off->lanes[0].run->steps.back().rowsComputed, off->lanes[0].run->steps.back().tokensSeen);
}

TEST_F(SessionWorkerTest, InterruptEndsStepsAndDropsTheQueue) {
  SessionWorker worker([this] { wake(); });
  RunSettings settings;
  settings.ignoreEos = true;
  worker.setSettings(settings);
  worker.open(request(m_slow, 1));
  waitForSteps(worker, 1);
  worker.step(2000);
  worker.step(2000);
  waitFor(worker, [](const SessionSnapshot& s) { return s.lanes[0].run->stepCount() >= 3; });
  worker.interrupt();
  const SessionSnapshotPtr idle = waitFor(worker, [](const SessionSnapshot& s) { return !s.busy; });
  EXPECT_LT(idle->lanes[0].run->stepCount(), 2000);
  EXPECT_EQ(idle->error, "");
  const int steps = idle->lanes[0].run->stepCount();
  worker.step(1);
  EXPECT_EQ(waitForSteps(worker, steps + 1)->lanes[0].run->stepCount(), steps + 1);
}

TEST_F(SessionWorkerTest, LanesStepInLockstepAndJoinAtTheSameStep) {
  SessionWorker worker([this] { wake(); });
  RunSettings settings;
  settings.ignoreEos = true;
  worker.setSettings(settings);
  worker.open(request(m_small, 4));
  waitForSteps(worker, 4);
  SessionWorker::LaneSpec spec;
  spec.label = "cache off";
  spec.kvCache = false;
  worker.addLane(spec);
  const SessionSnapshotPtr two =
      waitFor(worker, [](const SessionSnapshot& s) { return s.lanes.size() == 2; });
  EXPECT_EQ(two->lanes[1].label, "cache off");
  EXPECT_EQ(two->lanes[1].run->tokens, two->lanes[0].run->tokens);
  EXPECT_EQ(two->lanes[1].run->steps.back().rowsComputed, 7);
  worker.step(2);
  const SessionSnapshotPtr later = waitForSteps(worker, 6);
  EXPECT_EQ(later->lanes[1].run->stepCount(), 6);
  EXPECT_EQ(later->lanes[1].run->tokens, later->lanes[0].run->tokens);
  worker.removeLane(later->lanes[1].laneId);
  waitFor(worker, [](const SessionSnapshot& s) { return s.lanes.size() == 1; });
}

TEST_F(SessionWorkerTest, LanesMayTakeTheFirstOnesTokens) {
  ModelConfig config = test::smallConfig();
  const std::string other = test::writeWordModel(m_dir.file("other"), config, 4);
  SessionWorker worker([this] { wake(); });
  RunSettings settings;
  settings.ignoreEos = true;
  worker.setSettings(settings);
  worker.open(request(m_small, 4));
  waitForSteps(worker, 4);
  SessionWorker::LaneSpec own, told;
  own.path = told.path = other;
  own.laneId = SessionWorker::newLaneId();
  told.laneId = SessionWorker::newLaneId();
  told.sameTokens = true;
  worker.setLanes({own, told});
  waitFor(worker, [](const SessionSnapshot& s) { return s.lanes.size() == 3; });
  worker.step(5);
  const SessionSnapshotPtr later = waitForSteps(worker, 9);
  EXPECT_EQ(later->lanes[2].run->stepCount(), 9);
  EXPECT_EQ(later->lanes[2].run->tokens, later->lanes[0].run->tokens);
  EXPECT_NE(later->lanes[1].run->tokens, later->lanes[0].run->tokens);
  worker.restart("w4 w5", 3);
  const SessionSnapshotPtr again = waitFor(worker, [](const SessionSnapshot& s) {
    return !s.busy && s.lanes[0].run->promptLength == 3 && s.lanes[0].run->stepCount() == 3;
  });
  EXPECT_EQ(again->lanes[2].run->tokens, again->lanes[0].run->tokens);
}

TEST_F(SessionWorkerTest, TheSameTokensNeedTheSameVocabulary) {
  SessionWorker worker([this] { wake(); });
  worker.open(request(m_small, 1));
  waitForSteps(worker, 1);
  SessionWorker::LaneSpec told;
  told.path = (test::sourceDir() / "assets/models/tales-gqa").string();
  told.sameTokens = true;
  told.laneId = SessionWorker::newLaneId();
  worker.setLanes({told});
  const SessionSnapshotPtr failed =
      waitFor(worker, [](const SessionSnapshot& s) { return !s.error.empty(); });
  EXPECT_NE(failed->error.find("another vocabulary"), std::string::npos) << failed->error;
  EXPECT_EQ(failed->lanes.size(), 1u);
}

TEST_F(SessionWorkerTest, BranchesShareTheTextAndGoWithIt) {
  SessionWorker worker([this] { wake(); });
  RunSettings settings;
  settings.ignoreEos = true;
  worker.setSettings(settings);
  worker.open(request(m_small, 5));
  const RunSnapshotPtr first = waitForSteps(worker, 5)->lanes[0].run;
  SessionWorker::LaneSpec spec;
  spec.branchStep = StepIndex{2};
  spec.branchToken = TokenId{(first->tokens[5].value + 1) % 50};
  worker.addLane(spec);
  const SessionSnapshotPtr two =
      waitFor(worker, [](const SessionSnapshot& s) { return s.lanes.size() == 2; });
  EXPECT_EQ(two->lanes[1].run->tokens[5], *spec.branchToken);
  EXPECT_EQ(two->lanes[1].run->stepCount(), 5);
  spec.branchStep = StepIndex{99};
  worker.addLane(spec);
  const SessionSnapshotPtr refused =
      waitFor(worker, [](const SessionSnapshot& s) { return !s.error.empty(); });
  EXPECT_EQ(refused->error, "branch: out of range: found step 99, allowed 0 to 5");
  worker.restart("w4", 1);
  waitFor(worker,
          [](const SessionSnapshot& s) { return s.lanes.size() == 1 && s.lanes[0].run->stepCount() == 1; });
}

TEST_F(SessionWorkerTest, ALaneMayRunADerivedModel) {
  SessionWorker worker([this] { wake(); });
  RunSettings settings;
  settings.ignoreEos = true;
  worker.setSettings(settings);
  worker.open(request(m_small, 3));
  const RunSnapshotPtr first = waitForSteps(worker, 3)->lanes[0].run;
  SessionWorker::LaneSpec spec;
  spec.derivedKvHeads = 1;
  spec.derivedWindow = 3;
  worker.addLane(spec);
  const SessionSnapshotPtr two =
      waitFor(worker, [](const SessionSnapshot& s) { return s.lanes.size() == 2; });
  const RunSnapshot& derived = *two->lanes[1].run;
  EXPECT_EQ(derived.model->config().numKeyValueHeads, 1);
  EXPECT_EQ(derived.model->config().slidingWindow, 3);
  EXPECT_EQ(derived.stepCount(), 3);
  EXPECT_LT(derived.steps.back().kvBytes, first->steps.back().kvBytes);
  SessionWorker::LaneSpec linear;
  linear.derivedLinear = true;
  worker.addLane(linear);
  const SessionSnapshotPtr three =
      waitFor(worker, [](const SessionSnapshot& s) { return s.lanes.size() == 3; });
  EXPECT_EQ(three->lanes[2].run->model->config().attentionName(), "linear");
  EXPECT_EQ(three->lanes[2].run->steps.front().kvBytes, three->lanes[2].run->steps.back().kvBytes);
  spec.derivedKvHeads = 99;
  worker.addLane(spec);
  const SessionSnapshotPtr refused =
      waitFor(worker, [](const SessionSnapshot& s) { return !s.error.empty(); });
  EXPECT_EQ(refused->lanes.size(), 3u);
}

std::vector<int> laneIds(const SessionSnapshot& session) {
  std::vector<int> ids;
  for (std::size_t i = 1; i < session.lanes.size(); ++i) ids.push_back(session.lanes[i].laneId);
  return ids;
}

SessionWorker::LaneSpec withoutCache() {
  SessionWorker::LaneSpec spec;
  spec.laneId = SessionWorker::newLaneId();
  spec.kvCache = false;
  return spec;
}

TEST_F(SessionWorkerTest, SetLanesKeepsMakesDropsAndOrders) {
  SessionWorker worker([this] { wake(); });
  worker.open(request(m_small, 3));
  waitForSteps(worker, 3);
  const SessionWorker::LaneSpec a = withoutCache(), b = withoutCache(), c = withoutCache();
  worker.setLanes({a, b});
  const SessionSnapshotPtr two = waitFor(worker, [](const SessionSnapshot& s) { return s.laneEdits == 1; });
  EXPECT_EQ(laneIds(*two), (std::vector{a.laneId, b.laneId}));
  worker.setLanes({c, b});
  const SessionSnapshotPtr other = waitFor(worker, [](const SessionSnapshot& s) { return s.laneEdits == 2; });
  EXPECT_EQ(laneIds(*other), (std::vector{c.laneId, b.laneId}));
  EXPECT_EQ(other->lanes[2].run->runId, two->lanes[2].run->runId) << "b went on";
  EXPECT_EQ(other->lanes[1].run->stepCount(), 3);
  worker.setLanes({});
  const SessionSnapshotPtr none = waitFor(worker, [](const SessionSnapshot& s) { return s.laneEdits == 3; });
  EXPECT_EQ(none->lanes.size(), 1u);
  EXPECT_EQ(none->lanes[0].run->runId, two->lanes[0].run->runId);
}

TEST_F(SessionWorkerTest, SetLanesThatFailsChangesNothing) {
  SessionWorker worker([this] { wake(); });
  worker.open(request(m_small, 3));
  waitForSteps(worker, 3);
  const SessionWorker::LaneSpec kept = withoutCache();
  worker.setLanes({kept});
  waitFor(worker, [](const SessionSnapshot& s) { return s.laneEdits == 1; });
  SessionWorker::LaneSpec orphan = withoutCache();
  orphan.branchStep = StepIndex{1};
  orphan.branchLane = SessionWorker::newLaneId();
  worker.setLanes({withoutCache(), orphan});
  const SessionSnapshotPtr refused =
      waitFor(worker, [](const SessionSnapshot& s) { return s.laneEdits == 2; });
  EXPECT_EQ(refused->error, "branch: the lane that it branches from is closed");
  EXPECT_EQ(laneIds(*refused), std::vector{kept.laneId});
}

TEST_F(SessionWorkerTest, ALaneMayBranchFromAnotherLane) {
  SessionWorker worker([this] { wake(); });
  RunSettings settings;
  settings.ignoreEos = true;
  worker.setSettings(settings);
  worker.open(request(m_small, 5));
  const SessionSnapshotPtr first = waitForSteps(worker, 5);
  SessionWorker::LaneSpec branch;
  branch.laneId = SessionWorker::newLaneId();
  branch.branchStep = StepIndex{1};
  branch.branchToken = TokenId{(first->lanes[0].run->tokens[4].value + 1) % 50};
  SessionWorker::LaneSpec twig;
  twig.laneId = SessionWorker::newLaneId();
  twig.branchLane = branch.laneId;
  twig.branchStep = StepIndex{3};
  worker.setLanes({branch});
  worker.setLanes({branch, twig});
  const SessionSnapshotPtr s = waitFor(worker, [](const SessionSnapshot& n) { return n.laneEdits == 2; });
  ASSERT_EQ(s->lanes.size(), 3u) << s->error;
  EXPECT_EQ(s->lanes[2].run->tokens, s->lanes[1].run->tokens);
  EXPECT_EQ(s->lanes[2].run->tokens[4], *branch.branchToken);
}

TEST_F(SessionWorkerTest, LanesThatAnInterruptPartedMeetAgain) {
  SessionWorker worker([this] { wake(); });
  RunSettings settings;
  settings.ignoreEos = true;
  worker.setSettings(settings);
  worker.open(request(m_small, 1));
  waitForSteps(worker, 1);
  worker.setLanes({withoutCache(), withoutCache()});
  for (int i = 0; i < 10; ++i) {
    const int done = worker.latest()->lanes[0].run->stepCount();
    worker.step(6);
    waitFor(worker, [&](const SessionSnapshot& n) { return n.lanes[0].run->stepCount() > done; });
    worker.interrupt();
    waitFor(worker, [](const SessionSnapshot& n) { return !n.busy; });
  }
  const int before = worker.latest()->lanes[0].run->stepCount();
  worker.step(2);
  const SessionSnapshotPtr s =
      waitFor(worker, [&](const SessionSnapshot& n) { return n.lanes[2].run->stepCount() > before; });
  EXPECT_EQ(s->lanes[1].run->stepCount(), s->lanes[0].run->stepCount());
  EXPECT_EQ(s->lanes[2].run->stepCount(), s->lanes[0].run->stepCount());
}

TEST_F(SessionWorkerTest, ABadPromptKeepsTheBranches) {
  SessionWorker worker([this] { wake(); });
  worker.open(request(m_small, 2));
  waitForSteps(worker, 2);
  SessionWorker::LaneSpec spec;
  spec.branchStep = StepIndex{1};
  worker.addLane(spec);
  waitFor(worker, [](const SessionSnapshot& s) { return s.lanes.size() == 2; });
  std::string tooLong;
  for (int i = 0; i < 5000; ++i) tooLong += "w1 ";
  worker.restart(tooLong, 1);
  const SessionSnapshotPtr s = waitFor(worker, [](const SessionSnapshot& n) { return !n.error.empty(); });
  EXPECT_EQ(s->lanes.size(), 2u);
}

TEST_F(SessionWorkerTest, ARaceRunsBothWaysAndLeavesTheLanes) {
  SessionWorker worker([this] { wake(); });
  worker.open(request(m_small, 2));
  const RunSnapshotPtr before = waitForSteps(worker, 2)->lanes[0].run;
  worker.race(20);
  const SessionSnapshotPtr done =
      waitFor(worker, [](const SessionSnapshot& s) { return s.race && !s.race->running; });
  ASSERT_EQ(done->race->runners.size(), 2u);
  for (const RaceRunner& runner : done->race->runners) {
    EXPECT_TRUE(runner.finished);
    EXPECT_EQ(runner.tokens, 20);
    EXPECT_GT(runner.nanoseconds, 0u);
  }
  // Prompt of 4: rows 4, 1, 1 … against 4, 5, 6 …
  EXPECT_GT(done->race->runners[1].macs, 5 * done->race->runners[0].macs);
  EXPECT_EQ(done->lanes[0].run->tokens, before->tokens);
}

TEST_F(SessionWorkerTest, ARaceCanBeInterrupted) {
  SessionWorker worker([this] { wake(); });
  worker.open(request(m_slow, 1));
  waitForSteps(worker, 1);
  worker.race(3000);
  waitFor(worker, [](const SessionSnapshot& s) { return s.race && s.race->runners[0].tokens > 0; });
  worker.interrupt();
  const SessionSnapshotPtr done =
      waitFor(worker, [](const SessionSnapshot& s) { return s.race && !s.race->running; });
  EXPECT_FALSE(done->race->runners[1].finished);
}

TEST_F(SessionWorkerTest, GoingAwayWhileDecodingOrLoadingJoins) {
  for (int i = 0; i < 20; ++i) {
    SessionWorker worker([this] { wake(); });
    worker.open(request(i % 2 ? m_slow : m_small, 100));
    worker.step(1000);
    if (i % 4 >= 2) waitFor(worker, [](const SessionSnapshot& s) { return !s.lanes.empty(); });
  }
  SUCCEED() << "every worker was joined";
}

TEST_F(SessionWorkerTest, ARotaryLayoutBeginsNewRunsOfTheSameLength) {
  SessionWorker worker([this] { wake(); });
  RunSettings settings;
  settings.ignoreEos = true;
  worker.setSettings(settings);
  worker.open(request(m_small, 4));
  const SessionSnapshotPtr before = waitForSteps(worker, 4);
  SessionWorker::LaneSpec uncached;
  uncached.kvCache = false;
  worker.addLane(uncached);
  SessionWorker::LaneSpec branch;
  branch.branchStep = StepIndex{2};
  worker.addLane(branch);
  waitFor(worker, [](const SessionSnapshot& s) { return !s.busy && s.lanes.size() == 3; });
  const auto changed = [&](std::uint64_t runId) {
    return waitFor(worker, [=](const SessionSnapshot& s) {
      return !s.busy && s.lanes[0].run->runId != runId && s.lanes[0].run->stepCount() == 4;
    });
  };
  worker.setRotaryLayout(RotaryLayout::interleaved);
  const SessionSnapshotPtr turned = changed(before->lanes[0].run->runId);
  ASSERT_EQ(turned->lanes.size(), 2u) << "a branch is one of the run that went";
  EXPECT_EQ(turned->lanes[1].run->stepCount(), 4);
  for (const LaneSnapshot& lane : turned->lanes)
    EXPECT_EQ(lane.run->model->config().rotaryLayout, RotaryLayout::interleaved);
  EXPECT_NE(turned->lanes[0].run->steps.back().sampledProbability,
            before->lanes[0].run->steps.back().sampledProbability);
  worker.setRotaryLayout(RotaryLayout::rotateHalf);
  const SessionSnapshotPtr back = changed(turned->lanes[0].run->runId);
  EXPECT_EQ(back->lanes[0].run->tokens, before->lanes[0].run->tokens);
  EXPECT_EQ(back->lanes[0].label, before->lanes[0].label);
  // Asked for at the opening it is there from the first.
  SessionWorker::OpenRequest again = request(m_small, 4);
  again.rotaryLayout = RotaryLayout::interleaved;
  worker.open(again);
  EXPECT_EQ(changed(back->lanes[0].run->runId)->lanes[0].run->tokens, turned->lanes[0].run->tokens);
}

TEST_F(SessionWorkerTest, TheOutlineIsToldBeforeTheWeightsAndWhatDoesNotFitIsNotLoaded) {
  const std::string huge = test::writeHugeCheckpoint(m_dir, "huge.bin");
  SessionWorker worker([this] { wake(); });
  worker.open(request(m_small, 1));
  const SessionSnapshotPtr before = waitForSteps(worker, 1);
  EXPECT_FALSE(before->outline);
  worker.open(request(huge, 1));
  const SessionSnapshotPtr refused =
      waitFor(worker, [](const SessionSnapshot& s) { return !s.busy && !s.error.empty(); });
  EXPECT_NE(refused->error.find("huge.bin: needs more memory than there is"), std::string::npos)
      << refused->error;
  ASSERT_TRUE(refused->outline);
  EXPECT_EQ(refused->outline->config.numHiddenLayers, 256);
  EXPECT_EQ(refused->outline->parameters, ParameterLayout(test::hugeConfig()).parameterCount());
  EXPECT_EQ(refused->outline->storedAs, "F32");
  EXPECT_EQ(refused->lanes[0].run->runId, before->lanes[0].run->runId);
  worker.step(1);
  EXPECT_FALSE(waitForSteps(worker, 2)->outline);
}

}  // namespace
}  // namespace decodescope
