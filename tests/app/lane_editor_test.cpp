#include "app/lane_editor.h"

#include "app/session_controller.h"
#include "app/strike_text.h"
#include "core/decode/run_recipe.h"
#include "tests/app/window_fixture.h"

#include <QSignalSpy>

namespace decodescope::test {
namespace {

class LaneEditorTest : public testing::Test {
 protected:
  void SetUp() override {
    writeModelFolder(m_folder.file("model"), {});
    writeModelFolder(m_folder.file("other"), {.layers = 1, .vanilla = true});
    RunSettings settings;
    settings.ignoreEos = true;
    m_controller.setSettings(settings);
    SessionWorker::OpenRequest request;
    request.path = m_folder.file("model");
    request.useDefaultPrompt = true;
    request.stepsAfterwards = 4;
    m_controller.open(request);
    ASSERT_TRUE(waitFor([&] { return lanes() == 1 && run(0).stepCount() == 4 && isIdle(); }));
  }

  const SessionSnapshot& session() const { return *m_controller.session(); }
  std::size_t lanes() const { return session().lanes.size(); }
  const RunSnapshot& run(std::size_t lane) const { return *session().lanes[lane].run; }
  const std::string& label(std::size_t lane) const { return session().lanes[lane].label; }
  bool isIdle() const { return !session().busy && m_controller.lanesSettled(); }
  bool waitForLanes(std::size_t count) {
    return waitFor([&] { return lanes() == count && isIdle(); });
  }
  bool waitForSteps(int steps) {
    return waitFor([&] { return run(0).stepCount() >= steps && isIdle(); });
  }
  /// Some token that the step did not pick.
  TokenId anotherToken(int step) const {
    const int picked = run(0).steps[static_cast<std::size_t>(step - 1)].sampled.value;
    return TokenId{picked == 5 ? 6 : 5};
  }
  Selection at(int step, int lane = 0) const {
    Selection s = m_controller.selection();
    s.lane = lane;
    s.step = StepIndex{step};
    return s;
  }
  static StrikeOffer headOffer(int layer, int head) {
    return {QStringLiteral("Strike out"), {{LayerIndex{layer}, HeadIndex{head}}}, {}};
  }

  TemporaryDir m_folder;
  SessionController m_controller;
  LaneEditor m_editor{m_controller};
};

TEST_F(LaneEditorTest, TheCacheOffStepsInLockstepAndMakesTheSameText) {
  m_editor.compareCache();
  ASSERT_TRUE(waitForLanes(2));
  EXPECT_EQ(label(1), "cache off");
  EXPECT_FALSE(run(1).settings.kvCache);
  EXPECT_EQ(run(1).stepCount(), 4);
  m_controller.stepForward();
  ASSERT_TRUE(waitForSteps(5));
  EXPECT_EQ(run(1).stepCount(), 5);
  EXPECT_EQ(run(1).tokens, run(0).tokens);
  EXPECT_EQ(m_controller.selection().lane, 0);
}

TEST_F(LaneEditorTest, LinearAttentionIsAWhatIfOfTheSameWeights) {
  m_editor.addLinear();
  ASSERT_TRUE(waitForLanes(2));
  EXPECT_EQ(label(1), "what-if: linear attention, untrained");
  EXPECT_EQ(run(1).model->config().attentionName(), "linear");
  EXPECT_EQ(run(1).stepCount(), 4);
  EXPECT_EQ(run(1).steps.front().kvBytes, run(1).steps.back().kvBytes);
  m_editor.addLinear();
  EXPECT_EQ(m_editor.specs().size(), 1u) << "it is there already";
  m_editor.undoStack().undo();
  ASSERT_TRUE(waitForLanes(1));
}

TEST_F(LaneEditorTest, LinearAttentionIsOfTheSelectedLanesModel) {
  m_editor.addModel(QString::fromStdString(m_folder.file("other")));
  ASSERT_TRUE(waitForLanes(2));
  m_controller.select(at(4, 1));
  m_editor.addLinear();
  ASSERT_TRUE(waitForLanes(3));
  EXPECT_EQ(label(2), "other, what-if: linear attention, untrained");
  EXPECT_EQ(run(2).model->path, run(1).model->path);
  EXPECT_EQ(run(2).model->config().attentionName(), "linear");
  EXPECT_EQ(run(2).stepCount(), 4);
  const LaneRecipe recipe = laneRecipeOf(run(0), run(2));
  EXPECT_TRUE(recipe.derivedLinear);
  EXPECT_EQ(recipe.path, m_folder.file("other"));
}

TEST_F(LaneEditorTest, ALaneThatIsThereIsNotAddedAgain) {
  m_editor.addWithoutMask();
  ASSERT_TRUE(waitForLanes(2));
  QSignalSpy told(&m_editor, &LaneEditor::message);
  m_editor.addWithoutMask();
  EXPECT_EQ(told.count(), 1);
  EXPECT_EQ(m_editor.specs().size(), 1u);
  EXPECT_EQ(m_controller.selection().lane, 1);
}

TEST_F(LaneEditorTest, AddingAndRemovingIsUndoneAndRedone) {
  m_editor.compareCache();
  m_editor.addWithoutMask();
  ASSERT_TRUE(waitForLanes(3));
  const int maskless = session().lanes[2].laneId;
  m_editor.remove(session().lanes[1].laneId);
  ASSERT_TRUE(waitForLanes(2));
  EXPECT_EQ(session().lanes[1].laneId, maskless);
  m_editor.undoStack().undo();
  ASSERT_TRUE(waitForLanes(3));
  EXPECT_EQ(label(1), "cache off");
  EXPECT_EQ(session().lanes[2].laneId, maskless) << "it went on";
  m_editor.removeOthers();
  ASSERT_TRUE(waitForLanes(1));
  m_editor.undoStack().undo();
  ASSERT_TRUE(waitForLanes(3));
  m_editor.undoStack().redo();
  ASSERT_TRUE(waitForLanes(1));
}

TEST_F(LaneEditorTest, ChoosingOtherwiseBranchesAndIsSelected) {
  const TokenId token = anotherToken(2);
  m_editor.chooseOtherwise(at(2), token);
  ASSERT_TRUE(waitForLanes(2));
  const auto place = static_cast<std::size_t>(run(0).promptLength) + 1;
  EXPECT_EQ(run(1).tokens[place], token);
  EXPECT_NE(run(0).tokens[place], token);
  EXPECT_EQ(run(1).tokens[place - 1], run(0).tokens[place - 1]);
  EXPECT_EQ(run(1).stepCount(), 4);
  EXPECT_EQ(m_controller.selection().lane, 1);
  EXPECT_EQ(label(1).rfind("step 2: ", 0), 0u) << label(1);
  EXPECT_EQ(m_editor.branchStep(session().lanes[1].laneId), 2);
  m_editor.undoStack().undo();
  ASSERT_TRUE(waitForLanes(1));
  EXPECT_EQ(m_controller.selection().lane, 0);
  m_editor.undoStack().redo();
  ASSERT_TRUE(waitForLanes(2));
  EXPECT_EQ(run(1).tokens[place], token);
}

TEST_F(LaneEditorTest, ChoosingWhatWasPickedDoesNothing) {
  m_editor.chooseOtherwise(at(2), run(0).steps[1].sampled);
  EXPECT_TRUE(m_editor.specs().empty());
  EXPECT_EQ(m_editor.undoStack().count(), 0);
}

TEST_F(LaneEditorTest, StrikingOutChangesTheShownStepAndLaterOnesOnly) {
  m_editor.strikeOut(at(3), headOffer(0, 1));
  ASSERT_TRUE(waitForLanes(2));
  EXPECT_EQ(label(1), "struck out: layer 0 head 1");
  ASSERT_EQ(run(1).settings.rules.struckHeads.size(), 1u);
  const Position from = run(1).settings.rules.struckHeads[0].from;
  EXPECT_EQ(from.value, run(0).steps[2].firstNewPosition);
  EXPECT_EQ(run(1).trace(Position{from.value - 1}), run(0).trace(Position{from.value - 1}));
  const auto before = run(0).trace(from)->row(Site::logits);
  const auto after = run(1).trace(from)->row(Site::logits);
  ASSERT_EQ(before.size(), after.size());
  EXPECT_FALSE(std::equal(before.begin(), before.end(), after.begin())) << "the head gave nothing";
}

TEST_F(LaneEditorTest, StrikingOutMoreExtendsTheLaneAndUndoRestoresIt) {
  m_editor.strikeOut(at(3), headOffer(0, 1));
  ASSERT_TRUE(waitForLanes(2));
  const RunSnapshot once = run(1);
  m_editor.strikeOut(at(4, 1), headOffer(1, 2));
  ASSERT_TRUE(waitFor([&] { return isIdle() && run(1).settings.rules.struckHeads.size() == 2; }));
  EXPECT_EQ(lanes(), 2u);
  EXPECT_EQ(label(1), "struck out: layer 0 head 1, layer 1 head 2");
  EXPECT_EQ(m_controller.selection().lane, 1);
  m_editor.undoStack().undo();
  ASSERT_TRUE(waitFor([&] { return isIdle() && run(1).settings.rules.struckHeads.size() == 1; }));
  EXPECT_EQ(run(1).tokens, once.tokens);
  EXPECT_EQ(run(1).settings.rules, once.settings.rules);
  const auto a = once.trace(Position{5})->row(Site::logits), b = run(1).trace(Position{5})->row(Site::logits);
  EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end()));
}

TEST_F(LaneEditorTest, WhatIsStruckOutAlreadyIsTold) {
  m_editor.strikeOut(at(3), headOffer(0, 1));
  ASSERT_TRUE(waitForLanes(2));
  QSignalSpy told(&m_editor, &LaneEditor::message);
  m_editor.strikeOut(at(4, 1), headOffer(0, 1));
  EXPECT_EQ(told.count(), 1);
  EXPECT_EQ(m_editor.undoStack().count(), 1);
}

TEST_F(LaneEditorTest, ABranchOfABranchKeepsItsRules) {
  m_editor.strikeOut(at(2), headOffer(0, 1));
  ASSERT_TRUE(waitForLanes(2));
  const int picked = run(1).steps[2].sampled.value;
  const TokenId token{picked == 7 ? 8 : 7};
  m_editor.chooseOtherwise(at(3, 1), token);
  ASSERT_TRUE(waitForLanes(3));
  EXPECT_EQ(run(2).settings.rules, run(1).settings.rules);
  EXPECT_EQ(run(2).tokens[static_cast<std::size_t>(run(0).promptLength) + 2], token);
}

TEST_F(LaneEditorTest, ADuplicateIsTheSameRun) {
  m_editor.duplicate();
  ASSERT_TRUE(waitForLanes(2));
  EXPECT_EQ(run(1).tokens, run(0).tokens);
  EXPECT_EQ(run(1).trace(Position{3}), run(0).trace(Position{3}));
  EXPECT_EQ(m_controller.selection().lane, 1);
}

TEST_F(LaneEditorTest, ANewTextEndsBranchesAndKeepsTheOthers) {
  m_editor.compareCache();
  m_editor.chooseOtherwise(at(2), anotherToken(2));
  ASSERT_TRUE(waitForLanes(3));
  QSignalSpy dropped(&m_editor, &LaneEditor::dropped);
  m_controller.restart(QStringLiteral("the fox saw Mira"), 2);
  ASSERT_TRUE(waitForLanes(2));
  ASSERT_EQ(dropped.count(), 1);
  EXPECT_EQ(dropped[0][0].toStringList().size(), 1);
  EXPECT_EQ(label(1), "cache off");
  EXPECT_EQ(m_editor.specs().size(), 1u);
  EXPECT_EQ(m_editor.undoStack().count(), 0);
  ASSERT_TRUE(waitForSteps(2));
  EXPECT_EQ(run(1).tokens, run(0).tokens);
}

TEST_F(LaneEditorTest, AModelThatCannotBeReadIsTakenBack) {
  m_editor.compareCache();
  ASSERT_TRUE(waitForLanes(2));
  QSignalSpy failures(&m_controller, &SessionController::failed);
  m_editor.addModel(QString::fromStdString(m_folder.file("nothing")));
  ASSERT_TRUE(waitFor([&] { return failures.count() > 0 && isIdle(); }));
  EXPECT_EQ(lanes(), 2u);
  EXPECT_EQ(m_editor.specs().size(), 1u);
  EXPECT_EQ(m_editor.undoStack().count(), 1) << "the comparison of before can still be undone";
  m_editor.undoStack().undo();
  ASSERT_TRUE(waitForLanes(1));
}

TEST_F(LaneEditorTest, AnotherModelBringsItsOwnOperations) {
  const std::size_t before = m_controller.stages().size();
  m_editor.setModels({QString::fromStdString(m_folder.file("other"))}, QStringLiteral("both"));
  ASSERT_TRUE(waitForLanes(2));
  EXPECT_EQ(run(1).model->name, "other");
  EXPECT_EQ(m_controller.stages().size(), before);
  m_controller.selectLane(1);
  EXPECT_NE(m_controller.stages().size(), before);
  EXPECT_EQ(m_controller.run(), &run(1));
  m_controller.selectNextLane(Direction::forward);
  EXPECT_EQ(m_controller.selection().lane, 0);
  EXPECT_EQ(m_controller.stages().size(), before);
}

TEST_F(LaneEditorTest, TheSelectedLaneIsKnownByItsIdNotItsPlace) {
  m_editor.compareCache();
  m_editor.addWithoutMask();
  m_editor.addModel(QString::fromStdString(m_folder.file("other")));
  ASSERT_TRUE(waitForLanes(4));
  m_controller.selectLane(2);
  m_editor.remove(session().lanes[1].laneId);
  ASSERT_TRUE(waitForLanes(3));
  EXPECT_EQ(m_controller.selection().lane, 1);
  EXPECT_FALSE(m_controller.run()->settings.rules.causalMask);
}

TEST_F(LaneEditorTest, PointingIntoAnotherLanePreviewsIt) {
  m_editor.compareCache();
  ASSERT_TRUE(waitForLanes(2));
  Selection hovered = m_controller.selection();
  hovered.lane = 1;
  hovered.query = Position{2};
  m_controller.preview(hovered);
  EXPECT_EQ(m_controller.run(), &run(1));
  EXPECT_EQ(m_controller.lastingSelection().lane, 0);
  m_controller.preview(std::nullopt);
  EXPECT_EQ(m_controller.run(), &run(0));
}

TEST_F(LaneEditorTest, LanesComeAndGoWhilePlaying) {
  m_controller.setSpeed(0);
  m_controller.setPlaying(true);
  for (int round = 0; round < 6; ++round) {
    const int steps = run(0).stepCount();
    m_editor.compareCache();
    m_editor.chooseOtherwise(at(2), anotherToken(2));
    m_editor.strikeOut(at(1 + round % 3), headOffer(0, round % 4));
    ASSERT_TRUE(waitFor([&] { return run(0).stepCount() > steps; }));
    if (round % 2 == 0) {
      m_editor.removeOthers();
    } else {
      while (m_editor.undoStack().canUndo()) m_editor.undoStack().undo();
    }
  }
  EXPECT_TRUE(m_controller.isPlaying());
  m_controller.setPlaying(false);
  ASSERT_TRUE(waitForLanes(1));
  m_editor.compareCache();
  ASSERT_TRUE(waitForLanes(2));
  EXPECT_EQ(run(1).stepCount(), run(0).stepCount());
  EXPECT_EQ(run(1).tokens, run(0).tokens);
}

TEST_F(LaneEditorTest, PinnedLanesStandInFrontAndStay) {
  m_editor.compareCache();
  m_editor.addWithoutMask();
  ASSERT_TRUE(waitForLanes(3));
  const int maskless = session().lanes[2].laneId;
  m_editor.setPinned(maskless, true);
  ASSERT_TRUE(waitFor([&] { return isIdle() && session().lanes[1].laneId == maskless; }));
  EXPECT_TRUE(m_editor.isPinned(maskless));
  m_editor.setModels({QString::fromStdString(m_folder.file("other"))}, QStringLiteral("other"));
  ASSERT_TRUE(waitFor([&] { return isIdle() && lanes() == 3 && label(2) == "other"; }));
  EXPECT_EQ(session().lanes[1].laneId, maskless);
  m_editor.removeOthers();
  ASSERT_TRUE(waitForLanes(2));
  EXPECT_EQ(session().lanes[1].laneId, maskless);
  m_editor.undoStack().undo();
  m_editor.undoStack().undo();
  ASSERT_TRUE(waitForLanes(3));
  m_editor.undoStack().undo();
  ASSERT_TRUE(waitFor([&] { return isIdle() && session().lanes[2].laneId == maskless; }));
  EXPECT_FALSE(m_editor.isPinned(maskless));
}

TEST_F(LaneEditorTest, PinningDuplicatingAndForcingTokensWhilePlaying) {
  m_controller.setSpeed(0);
  m_controller.setPlaying(true);
  for (int round = 0; round < 4; ++round) {
    const int steps = run(0).stepCount();
    m_editor.compareCache();
    m_editor.derive(1, std::nullopt);
    m_editor.setSameTokens(round % 2 == 0);
    ASSERT_TRUE(waitFor([&] { return run(0).stepCount() > steps && lanes() == 3; }));
    m_editor.setPinned(m_editor.specs().back().laneId, true);
    m_controller.selectLane(1);
    m_editor.duplicate();
    m_controller.measureLanes();
    ASSERT_TRUE(waitFor([&] { return run(0).stepCount() > steps + 2; }));
    m_editor.removeOthers();
    for (const LaneEditor::LaneSpec& spec : std::vector(m_editor.specs())) m_editor.remove(spec.laneId);
    ASSERT_TRUE(waitFor([&] { return lanes() == 1; }));
    m_editor.undoStack().clear();
  }
  EXPECT_TRUE(m_controller.isPlaying());
  m_controller.setPlaying(false);
  m_controller.stopMeasuring();
  ASSERT_TRUE(waitForLanes(1));
  EXPECT_TRUE(m_editor.specs().empty());
}

TEST_F(LaneEditorTest, TheSameTokensForAllLanesOrEachItsOwn) {
  m_editor.derive(1, std::nullopt);
  ASSERT_TRUE(waitForLanes(2));
  EXPECT_EQ(run(1).model->config().numKeyValueHeads, 1);
  EXPECT_FALSE(m_editor.sameTokens());
  const std::vector<TokenId> own = run(1).tokens;
  ASSERT_NE(own, run(0).tokens);
  m_editor.setSameTokens(true);
  ASSERT_TRUE(waitFor([&] { return isIdle() && lanes() == 2 && run(1).tokens == run(0).tokens; }));
  m_controller.stepForward();
  ASSERT_TRUE(waitForSteps(5));
  EXPECT_EQ(run(1).tokens, run(0).tokens);
  m_editor.addWithoutMask();
  ASSERT_TRUE(waitForLanes(3));
  EXPECT_EQ(run(2).tokens, run(0).tokens);
  m_editor.undoStack().undo();
  m_editor.undoStack().undo();
  ASSERT_TRUE(waitForLanes(2));
  EXPECT_FALSE(m_editor.sameTokens());
  EXPECT_TRUE(std::equal(own.begin(), own.end(), run(1).tokens.begin()));
}

TEST_F(LaneEditorTest, WhatDerivingDidIsMeasuredWithoutAsking) {
  m_editor.derive(1, std::nullopt);
  ASSERT_TRUE(waitFor([&] { return session().measures && !session().measures->isBusy(); }));
  const LaneMeasure& measure = session().measures->lanes.front();
  EXPECT_EQ(measure.laneId, session().lanes[1].laneId);
  EXPECT_EQ(measure.model, run(1).model);
  // Whole words read no tales: that is said, and the run is untouched.
  EXPECT_TRUE(measure.loss || !measure.failure.empty());
  m_editor.removeOthers();
  ASSERT_TRUE(waitFor([&] { return lanes() == 1 && !session().measures; }));
}

TEST_F(LaneEditorTest, AnInterruptWhileLanesAreMadeLeavesAConsistentList) {
  for (int i = 0; i < 10; ++i) {
    m_editor.compareCache();
    m_controller.interrupt();
    ASSERT_TRUE(waitFor([&] { return isIdle(); }));
    EXPECT_EQ(m_editor.specs().size() + 1, lanes());
    EXPECT_EQ(m_editor.undoStack().canUndo(), lanes() > 1);
    m_editor.removeOthers();
    ASSERT_TRUE(waitForLanes(1));
    m_editor.undoStack().clear();
  }
}

TEST_F(LaneEditorTest, ShuttingDownWhileLanesAreMadeJoins) {
  m_editor.compareCache();
  m_editor.addWithoutMask();
  m_editor.addModel(QString::fromStdString(m_folder.file("other")));
  m_controller.shutDown();
  m_editor.removeOthers();
  m_editor.undoStack().undo();
  EXPECT_FALSE(m_controller.isPlaying());
}

TEST_F(LaneEditorTest, ARaceStopsPlayAndLeavesTheLanes) {
  m_editor.compareCache();
  ASSERT_TRUE(waitForLanes(2));
  m_controller.setPlaying(true);
  m_controller.race(10);
  EXPECT_FALSE(m_controller.isPlaying());
  ASSERT_TRUE(waitFor([&] { return session().race && !session().race->running && isIdle(); }));
  EXPECT_EQ(session().race->runners[0].tokens, 10);
  EXPECT_EQ(lanes(), 2u);
}

TEST_F(LaneEditorTest, NoMoreThanEightLanes) {
  for (int i = 0; i < 12; ++i) m_editor.strikeOut(at(1 + i % 3), headOffer(i / 6, i % 4));
  ASSERT_TRUE(waitFor([&] { return isIdle(); }));
  EXPECT_LE(lanes(), static_cast<std::size_t>(LaneEditor::kMostLanes));
}

TEST(StrikeText, NamesAFewAndCountsMany) {
  AttentionRules rules;
  addStrikes(rules, {{}, {{LayerIndex{0}, HeadIndex{3}}}, {{LayerIndex{1}, KvHeadIndex{0}, Position{5}}}},
             Position{7});
  EXPECT_EQ(strikeLabel(rules), "struck out: layer 0 head 3, layer 1 KV head 0 row 5");
  EXPECT_EQ(rules.struckHeads[0].from.value, 7);
  EXPECT_EQ(rules.struckRows[0].from.value, 7);
  StrikeOffer many;
  for (int head = 0; head < 8; ++head) many.heads.push_back({LayerIndex{2}, HeadIndex{head}});
  addStrikes(rules, many, Position{9});
  EXPECT_EQ(strikeLabel(rules), "struck out: 9 heads, layer 1 KV head 0 row 5");
}

TEST(StrikeText, WhatIsOutFromAnEarlierPositionIsNotAddedAgain) {
  AttentionRules rules;
  const StrikeOffer offer{{}, {{LayerIndex{0}, HeadIndex{3}}}, {}};
  addStrikes(rules, offer, Position{7});
  addStrikes(rules, offer, Position{9});
  EXPECT_EQ(rules.struckHeads.size(), 1u);
  addStrikes(rules, offer, Position{2});
  EXPECT_TRUE(rules.strikes(LayerIndex{0}, HeadIndex{3}, Position{2}));
}

}  // namespace
}  // namespace decodescope::test
