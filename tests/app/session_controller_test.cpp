#include "app/session_controller.h"

#include "tests/app/window_fixture.h"

#include <QSignalSpy>

namespace decodescope::test {
namespace {

class SessionControllerTest : public testing::Test {
 protected:
  void SetUp() override {
    writeModelFolder(m_folder.file("model"), {});
    open(3);
  }
  void open(int steps) {
    SessionWorker::OpenRequest request;
    request.path = m_folder.file("model");
    request.useDefaultPrompt = true;
    request.stepsAfterwards = steps;
    m_controller.open(request);
    ASSERT_TRUE(waitForSteps(steps));
  }
  bool waitForSteps(int steps) {
    return waitFor([&] {
      return m_controller.run() && m_controller.run()->stepCount() >= steps && !m_controller.session()->busy;
    });
  }
  const Selection& selection() const { return m_controller.selection(); }
  int stageCount() const { return static_cast<int>(m_controller.stages().size()); }
  const Stage& stageAt(int index) const { return m_controller.stages()[static_cast<std::size_t>(index)]; }
  void choose(Site site, int layer) {
    Selection next = selection();
    next.site = site;
    next.layer = LayerIndex{layer};
    m_controller.select(next);
  }

  TemporaryDir m_folder;
  SessionController m_controller;
};

TEST_F(SessionControllerTest, FollowsTheNewestStepUntilOneGoesBack) {
  EXPECT_EQ(selection().step.value, 3);
  m_controller.stepBack();
  EXPECT_EQ(selection().step.value, 2);
  m_controller.stepForward();
  EXPECT_EQ(selection().step.value, 3);
  m_controller.stepForward();
  ASSERT_TRUE(waitForSteps(4));
  EXPECT_EQ(selection().step.value, 4);
}

TEST_F(SessionControllerTest, GoingBackAsksNothingOfTheWorker) {
  const SessionSnapshotPtr before = m_controller.session();
  for (int i = 0; i < 5; ++i) m_controller.stepBack();
  EXPECT_EQ(selection().step.value, 0);
  for (int i = 0; i < 3; ++i) m_controller.stepForward();
  EXPECT_EQ(selection().step.value, 3);
  EXPECT_EQ(m_controller.session(), before);
}

TEST_F(SessionControllerTest, TheUnlockedSelectionDependsOnTheStepAlone) {
  const Selection atThree = selection();
  m_controller.stepBack();
  const Selection atTwo = selection();
  m_controller.stepBack();
  m_controller.stepForward();
  EXPECT_EQ(selection(), atTwo);
  m_controller.stepForward();
  EXPECT_EQ(selection(), atThree);
}

TEST_F(SessionControllerTest, StepIntoWalksEveryOperationAndThenTheNextStep) {
  m_controller.showStep(2);
  Selection first = selection();
  first.site = m_controller.stages().front().site;
  m_controller.select(first);
  const auto count = static_cast<int>(m_controller.stages().size());
  for (int stage = 0; stage < count; ++stage) {
    EXPECT_EQ(m_controller.currentStage(), stage);
    EXPECT_EQ(selection().step.value, 2);
    m_controller.stageForward();
  }
  EXPECT_EQ(selection().step.value, 3);
  EXPECT_EQ(m_controller.currentStage(), 0);
  m_controller.stageBack();
  EXPECT_EQ(selection().step.value, 2);
  EXPECT_EQ(m_controller.currentStage(), count - 1);
  for (int stage = count - 1; stage > 0; --stage) m_controller.stageBack();
  EXPECT_EQ(m_controller.currentStage(), 0);
  EXPECT_EQ(selection().step.value, 2);
}

TEST_F(SessionControllerTest, StepIntoBehindTheLastOperationDecodes) {
  Selection last = selection();
  last.site = m_controller.stages().back().site;
  m_controller.select(last);
  m_controller.stageForward();
  ASSERT_TRUE(waitForSteps(4));
  EXPECT_EQ(selection().step.value, 4);
  EXPECT_EQ(m_controller.currentStage(), 0);
}

TEST_F(SessionControllerTest, WalkingByOperationVisitsTheSamePlacesBothWays) {
  const auto place = [&] { return std::pair(selection().step.value, m_controller.currentStage()); };
  m_controller.showStep(0);
  std::vector<std::pair<int, int>> there;
  while (selection().step.value < 3 || m_controller.currentStage() + 1 < stageCount()) {
    m_controller.stageForward();
    there.push_back(place());
  }
  ASSERT_EQ(there.size(), 3 * static_cast<std::size_t>(stageCount()));
  for (auto expected = there.rbegin(); expected != there.rend(); ++expected) {
    EXPECT_EQ(place(), *expected);
    m_controller.stageBack();
  }
  EXPECT_EQ(place(), std::pair(1, 0)) << "nothing lies before the first operation";
  EXPECT_FALSE(m_controller.canStageBack());
  EXPECT_EQ(m_controller.run()->stepCount(), 3);
}

TEST_F(SessionControllerTest, OutLeadsThroughLayersAndSteps) {
  m_controller.showStep(2);
  choose(Site::scores, 0);
  m_controller.stageOut(Direction::forward);
  EXPECT_EQ(selection().site, Site::output);
  EXPECT_EQ(selection().layer.value, 0);
  m_controller.stageOut(Direction::forward);
  EXPECT_EQ(selection().site, Site::logits);
  EXPECT_EQ(selection().step.value, 2);
  m_controller.stageOut(Direction::forward);
  EXPECT_EQ(selection().site, Site::logits);
  EXPECT_EQ(selection().step.value, 3);
  m_controller.stageOut(Direction::forward);
  ASSERT_TRUE(waitForSteps(4));
  EXPECT_EQ(selection().step.value, 4);
  EXPECT_EQ(selection().site, Site::logits);
  choose(Site::scores, 1);
  m_controller.stageOut(Direction::back);
  EXPECT_EQ(selection().site, Site::inputLayernorm);
  EXPECT_EQ(selection().layer.value, 1);
  m_controller.stageOut(Direction::back);
  EXPECT_EQ(m_controller.currentStage(), 0);
  m_controller.stageOut(Direction::back);
  EXPECT_EQ(m_controller.currentStage(), 0);
  EXPECT_EQ(selection().step.value, 3);
}

TEST_F(SessionControllerTest, RunsToAnOperationThroughANewToken) {
  choose(Site::downProj, 1);
  m_controller.runToStage({Site::oProj, LayerIndex{1}}, Direction::forward);
  EXPECT_EQ(selection().site, Site::downProj) << "the token is not there yet";
  ASSERT_TRUE(waitForSteps(4));
  EXPECT_EQ(selection().step.value, 4);
  EXPECT_EQ(selection().site, Site::oProj);
  EXPECT_EQ(selection().layer.value, 1);
  m_controller.runToStage({Site::downProj, LayerIndex{0}}, Direction::back);
  EXPECT_EQ(selection().step.value, 4);
  EXPECT_EQ(selection().layer.value, 0);
  m_controller.runToStage({Site::downProj, LayerIndex{0}}, Direction::back);
  EXPECT_EQ(selection().step.value, 3);
  EXPECT_EQ(selection().site, Site::downProj);
  EXPECT_EQ(m_controller.run()->stepCount(), 4);
}

TEST_F(SessionControllerTest, WhoGoesBackBeforeTheTokenArrivesStaysThere) {
  choose(Site::logits, 0);
  m_controller.stageForward();
  m_controller.stageForward();  // waits for the first
  m_controller.stepBack();
  ASSERT_TRUE(waitForSteps(4));
  EXPECT_EQ(m_controller.run()->stepCount(), 4);
  EXPECT_EQ(selection().step.value, 2);
  EXPECT_EQ(selection().site, Site::logits);
}

TEST_F(SessionControllerTest, TheSameOperationInTheNextLayer) {
  choose(Site::kRot, 0);
  EXPECT_FALSE(m_controller.canChangeLayer(Direction::back));
  m_controller.changeLayer(Direction::forward);
  EXPECT_EQ(selection().layer.value, 1);
  EXPECT_EQ(selection().site, Site::kRot);
  EXPECT_FALSE(m_controller.canChangeLayer(Direction::forward));
  m_controller.changeLayer(Direction::back);
  EXPECT_EQ(selection().layer.value, 0);
  choose(Site::logits, 0);
  EXPECT_FALSE(m_controller.canChangeLayer(Direction::forward));
}

TEST_F(SessionControllerTest, PlaysByOperationThroughStoredStepsAndNewTokens) {
  std::vector<std::pair<int, int>> seen;
  QObject::connect(&m_controller, &SessionController::selectionChanged, &m_controller,
                   [&] { seen.emplace_back(selection().step.value, m_controller.currentStage()); });
  QObject::connect(&m_controller, &SessionController::snapshotChanged, &m_controller, [&] {
    const std::pair now(selection().step.value, m_controller.currentStage());
    if (seen.empty() || seen.back() != now) seen.push_back(now);
  });
  m_controller.showStep(2);
  choose(stageAt(0).site, 0);
  seen.clear();
  m_controller.setPlayUnit(SessionController::PlayUnit::stage);
  m_controller.setSpeed(0);
  m_controller.setPlaying(true);
  ASSERT_TRUE(waitFor([&] { return selection().step.value > 4; }));
  m_controller.setPlaying(false);
  // Every operation of steps 2 and 3 in turn, none left out, none twice.
  ASSERT_GE(seen.size(), 2 * static_cast<std::size_t>(stageCount()));
  for (std::size_t i = 0; i < 2 * static_cast<std::size_t>(stageCount()); ++i) {
    const int at = static_cast<int>(i) + 1;
    EXPECT_EQ(seen[i], std::pair(2 + at / stageCount(), at % stageCount())) << i;
  }
}

TEST_F(SessionControllerTest, APreviewIsShownAndForgotten) {
  const Selection before = selection();
  Selection hovered = before;
  hovered.query = Position{2};
  hovered.key = Position{1};
  m_controller.preview(hovered);
  EXPECT_EQ(selection().query.value, 2);
  EXPECT_EQ(m_controller.lastingSelection(), before);
  m_controller.preview(std::nullopt);
  EXPECT_EQ(selection(), before);
}

TEST_F(SessionControllerTest, ALockedSelectionIgnoresPreviewsAndSteps) {
  Selection locked = selection();
  locked.query = Position{2};
  locked.key = Position{1};
  locked.locked = true;
  m_controller.select(locked);
  Selection hovered = locked;
  hovered.query = Position{3};
  m_controller.preview(hovered);
  EXPECT_EQ(selection(), locked);
  m_controller.stepBack();
  EXPECT_EQ(selection().query.value, 2);
  EXPECT_EQ(selection().key.value, 1);
  m_controller.unlock();
  EXPECT_EQ(selection().query.value, m_controller.run()->tokensSeenAt(selection().step) - 1);
}

TEST_F(SessionControllerTest, ATokenThatIsNotFedYetTakesOneToTheStepThatFedIt) {
  m_controller.showStep(1);
  const int later = m_controller.run()->promptLength + 1;
  m_controller.selectPosition(Position{later});
  EXPECT_EQ(selection().step.value, 3);
  EXPECT_EQ(selection().query.value, later);
}

TEST_F(SessionControllerTest, AFailedOpenIsToldOnceAndKeepsTheRun) {
  QSignalSpy failures(&m_controller, &SessionController::failed);
  const std::uint64_t runId = m_controller.run()->runId;
  SessionWorker::OpenRequest request;
  request.path = m_folder.file("nothing");
  m_controller.open(request);
  ASSERT_TRUE(waitFor([&] { return failures.count() > 0; }));
  m_controller.setSettings({});
  const std::uint64_t sequence = m_controller.session()->sequence;
  waitFor([&] { return m_controller.session()->sequence > sequence; });
  EXPECT_EQ(failures.count(), 1);
  EXPECT_EQ(m_controller.run()->runId, runId);
}

TEST_F(SessionControllerTest, AfterShuttingDownCommandsDoNothing) {
  m_controller.shutDown();
  m_controller.stepForward();
  m_controller.setPlaying(true);
  m_controller.restart("the fox", 1);
  m_controller.setSettings({});
  m_controller.interrupt();
  EXPECT_EQ(m_controller.run()->stepCount(), 3);
  m_controller.stepBack();
  EXPECT_EQ(selection().step.value, 2);
}

}  // namespace
}  // namespace decodescope::test
