#include "app/lane_editor.h"

#include "app/model_library.h"
#include "app/session_controller.h"
#include "app/strike_text.h"

#include <QUndoCommand>

#include <algorithm>
#include <utility>

namespace decodescope {
namespace {

bool sameApartFromId(SessionWorker::LaneSpec a, const SessionWorker::LaneSpec& b) {
  a.laneId = b.laneId;
  return a.label == b.label && a.path == b.path && a.tokenizer == b.tokenizer && a.kvCache == b.kvCache &&
         a.rules == b.rules && a.derivedKvHeads == b.derivedKvHeads && a.derivedWindow == b.derivedWindow &&
         a.derivedLinear == b.derivedLinear && a.rotaryLayout == b.rotaryLayout &&
         a.branchStep == b.branchStep && a.branchToken == b.branchToken && a.branchLane == b.branchLane &&
         a.sameTokens == b.sameTokens;
}

QString piece(const RunSnapshot& run, TokenId id) {
  return run.model->tokenizer ? QString::fromStdString(run.model->tokenizer->shownPiece(id))
                              : QString::number(id.value);
}

}  // namespace

class LaneEditor::Change : public QUndoCommand {
 public:
  Change(LaneEditor& editor, std::vector<LaneSpec> after, std::vector<int> pinnedAfter, const QString& text)
      : QUndoCommand(text),
        m_editor(editor),
        m_before(editor.m_specs),
        m_after(std::move(after)),
        m_pinnedBefore(editor.m_pinned),
        m_pinnedAfter(std::move(pinnedAfter)) {}
  void undo() override { m_editor.apply(m_before, m_pinnedBefore); }
  void redo() override { m_editor.apply(m_after, m_pinnedAfter); }
  const std::vector<LaneSpec>& before() const { return m_before; }
  const std::vector<int>& pinnedBefore() const { return m_pinnedBefore; }
  Refused refused() const { return {m_after, m_pinnedAfter, text()}; }

 private:
  LaneEditor& m_editor;
  std::vector<LaneSpec> m_before, m_after;
  std::vector<int> m_pinnedBefore, m_pinnedAfter;
};

/// The first lane's model is another after it, and its run a new one.
class LaneEditor::LayoutChange : public QUndoCommand {
 public:
  LayoutChange(LaneEditor& editor, std::string path, RotaryLayout before, RotaryLayout after)
      : QUndoCommand(tr("Rotary pairs: %1").arg(QLatin1String(rotaryLayoutName(after)))),
        m_editor(editor),
        m_path(std::move(path)),
        m_before(before),
        m_after(after) {}
  void undo() override { apply(m_before); }
  void redo() override { apply(m_after); }

 private:
  void apply(RotaryLayout layout) {
    const RunSnapshot* first = m_editor.m_controller.firstRun();
    if (!first || first->model->path != m_path) return;
    m_editor.m_layoutRun = true;
    m_editor.m_controller.setRotaryLayout(layout);
  }

  LaneEditor& m_editor;
  std::string m_path;
  RotaryLayout m_before, m_after;
};

LaneEditor::LaneEditor(SessionController& controller, QObject* parent)
    : QObject(parent), m_controller(controller), m_undo(this) {
  connect(&m_controller, &SessionController::runStarted, this, [this] {
    m_newRun = true;
    if (m_controller.lanesSettled()) dropMissing();
  });
  connect(&m_controller, &SessionController::failed, this, [this] { m_layoutRun = false; });
  connect(&m_controller, &SessionController::snapshotChanged, this, &LaneEditor::settle);
  connect(&m_undo, &QUndoStack::indexChanged, this, &LaneEditor::changed);
}

LaneEditor::~LaneEditor() {
  // Emptying the stack says that it changed; who would listen, the window, is half gone by then.
  m_undo.disconnect(this);
}

const LaneEditor::LaneSpec* LaneEditor::spec(int laneId) const {
  const auto found =
      std::find_if(m_specs.begin(), m_specs.end(), [&](const LaneSpec& s) { return s.laneId == laneId; });
  return found == m_specs.end() ? nullptr : &*found;
}

int LaneEditor::branchStep(int laneId) const {
  const LaneSpec* lane = spec(laneId);
  return lane && lane->branchStep ? lane->branchStep->value : 0;
}

void LaneEditor::push(std::vector<LaneSpec> after, const QString& text) {
  push(std::move(after), m_pinned, text);
}

void LaneEditor::push(std::vector<LaneSpec> after, std::vector<int> pinnedAfter, const QString& text) {
  std::stable_partition(after.begin(), after.end(), [&](const LaneSpec& spec) {
    return std::find(pinnedAfter.begin(), pinnedAfter.end(), spec.laneId) != pinnedAfter.end();
  });
  auto* change = new Change(*this, std::move(after), std::move(pinnedAfter), text);
  m_undo.push(change);  // carries it out
  m_pushed = change;
}

void LaneEditor::apply(const std::vector<LaneSpec>& specs, const std::vector<int>& pinned) {
  m_specs = specs;
  m_pinned = pinned;
  m_pushed = nullptr;
  m_tooLarge.reset();
  m_controller.setLanes(specs);
}

std::vector<LaneEditor::LaneSpec> LaneEditor::missing() const {
  std::vector<LaneSpec> gone;
  for (const LaneSpec& spec : m_specs) {
    const auto& lanes = m_controller.session()->lanes;
    if (std::none_of(lanes.begin(), lanes.end(),
                     [&](const LaneSnapshot& lane) { return lane.laneId == spec.laneId; }))
      gone.push_back(spec);
  }
  return gone;
}

/// Compares what was asked for with what there is, once the worker has done all of it.
void LaneEditor::settle() {
  if (!m_controller.lanesSettled()) return;
  if (m_newRun) return dropMissing();
  const auto agrees = [this] {
    return missing().empty() && m_controller.session()->lanes.size() <= m_specs.size() + 1;
  };
  if (agrees()) {
    m_pushed = nullptr;
    return;
  }
  // It failed or was interrupted, and the lanes are as they were.
  if (m_pushed) {
    Change* failed = std::exchange(m_pushed, nullptr);
    if (m_controller.session()->outline) m_tooLarge = failed->refused();
    m_specs = failed->before();
    m_pinned = failed->pinnedBefore();
    failed->setObsolete(true);  // the stack drops it without undoing it
    m_undo.undo();
  }
  if (agrees()) return;
  const std::vector<LaneSpec> gone = missing();
  // An undo or a redo that cannot be done: what stands behind it in the stack cannot either.
  std::erase_if(m_specs, [&](const LaneSpec& spec) {
    return std::any_of(gone.begin(), gone.end(), [&](const LaneSpec& g) { return g.laneId == spec.laneId; });
  });
  m_undo.clear();
  if (m_controller.session()->lanes.size() > m_specs.size() + 1) m_controller.setLanes(m_specs);
  emit changed();
}

void LaneEditor::dropMissing() {
  m_newRun = false;
  m_pushed = nullptr;
  QStringList labels;
  for (const LaneSpec& gone : missing()) {
    labels << QString::fromStdString(gone.label);
    std::erase_if(m_specs, [&](const LaneSpec& spec) { return spec.laneId == gone.laneId; });
  }
  if (!std::exchange(m_layoutRun, false)) m_undo.clear();
  emit changed();
  if (!labels.isEmpty()) emit dropped(labels);
}

bool LaneEditor::hasRoom(int more) {
  if (!m_controller.firstRun()) return false;
  if (static_cast<int>(m_specs.size()) + more < kMostLanes) return true;
  emit message(tr("There are %1 lanes already: remove one first.").arg(m_specs.size() + 1));
  return false;
}

void LaneEditor::add(LaneSpec spec, const QString& text, bool select) {
  spec.sameTokens = sameTokens() && !spec.branchToken;
  const auto same = std::find_if(m_specs.begin(), m_specs.end(),
                                 [&](const LaneSpec& other) { return sameApartFromId(spec, other); });
  if (same != m_specs.end()) {
    const auto& lanes = m_controller.session()->lanes;
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      if (lanes[i].laneId == same->laneId) m_controller.selectLane(static_cast<int>(i));
    }
    emit message(tr("That lane is there already: %1.").arg(QString::fromStdString(spec.label)));
    return;
  }
  if (!hasRoom()) return;
  spec.laneId = SessionWorker::newLaneId();
  if (select) m_controller.selectLaneOf(spec.laneId);
  std::vector<LaneSpec> after = m_specs;
  after.push_back(std::move(spec));
  push(std::move(after), text);
}

void LaneEditor::compareCache() {
  const RunSnapshot* first = m_controller.firstRun();
  if (!first) return;
  LaneSpec spec;
  spec.kvCache = !first->settings.kvCache;
  spec.label = (*spec.kvCache ? tr("cache on") : tr("cache off")).toStdString();
  add(std::move(spec), tr("Compare the cache on and off"), false);
}

void LaneEditor::addWithoutMask() {
  LaneSpec spec;
  spec.rules = AttentionRules{};
  spec.rules->causalMask = false;
  spec.label = tr("what-if: no causal mask").toStdString();
  add(std::move(spec), tr("Add a lane without the causal mask"), false);
}

void LaneEditor::addLinear() {
  const RunSnapshot* run = m_controller.run();
  if (!run) return;
  const LoadedModel& model = *run->model;
  LaneSpec spec;
  spec.derivedLinear = true;
  spec.derivedKvHeads = model.derivedKvHeads;
  spec.label = tr("what-if: linear attention, untrained").toStdString();
  if (m_controller.firstRun()->model->path != model.path) {
    spec.path = model.path;
    spec.tokenizer = model.tokenizerPath;
    spec.label = model.name + ", " + spec.label;
  }
  add(std::move(spec), tr("Add a lane with linear attention"), false);
}

void LaneEditor::compareRotaryLayout() {
  const RunSnapshot* first = m_controller.firstRun();
  if (!first || first->model->config().position != PositionKind::rotary) return;
  LaneSpec spec;
  spec.rotaryLayout = first->model->config().rotaryLayout == RotaryLayout::rotateHalf
                          ? RotaryLayout::interleaved
                          : RotaryLayout::rotateHalf;
  const QString name = QLatin1String(rotaryLayoutName(*spec.rotaryLayout));
  spec.label = tr("what-if: %1 pairs").arg(name).toStdString();
  add(std::move(spec), tr("Add a lane with %1 rotary pairs").arg(name), false);
}

void LaneEditor::setRotaryLayout(RotaryLayout layout) {
  const RunSnapshot* first = m_controller.firstRun();
  if (!first || first->model->config().position != PositionKind::rotary) return;
  const RotaryLayout before = first->model->config().rotaryLayout;
  if (layout == before) return;
  // What stands in the stack changes lanes of a text that now goes.
  m_undo.clear();
  m_undo.push(new LayoutChange(*this, first->model->path, before, layout));
}

void LaneEditor::addAnyway() {
  if (!m_tooLarge) return;
  Refused again = *std::exchange(m_tooLarge, std::nullopt);
  for (LaneSpec& spec : again.specs) spec.evenIfTooLarge = true;
  push(std::move(again.specs), std::move(again.pinned), again.text);
}

void LaneEditor::addModel(const QString& path, const QString& tokenizer) {
  LaneSpec spec;
  spec.path = path.toStdString();
  spec.tokenizer = tokenizer.toStdString();
  spec.label = modelName(path).toStdString();
  add(std::move(spec), tr("Add %1").arg(modelName(path)), false);
}

void LaneEditor::setModels(const QStringList& paths, const QString& name) {
  if (!m_controller.firstRun()) return;
  std::vector<LaneSpec> after = pinnedSpecs();
  std::vector<int> pinned = m_pinned;
  for (LaneSpec& carried : m_carried) {
    pinned.push_back(carried.laneId);
    after.push_back(std::move(carried));
  }
  m_carried.clear();
  const bool same = sameTokens();
  for (const QString& path : paths) {
    LaneSpec spec;
    spec.path = path.toStdString();
    spec.label = modelName(path).toStdString();
    spec.sameTokens = same;
    // A pinned one serves as well.
    if (std::any_of(after.begin(), after.end(),
                    [&](const LaneSpec& other) { return sameApartFromId(spec, other); }))
      continue;
    const auto there = std::find_if(m_specs.begin(), m_specs.end(),
                                    [&](const LaneSpec& other) { return sameApartFromId(spec, other); });
    spec.laneId = there == m_specs.end() ? SessionWorker::newLaneId() : there->laneId;
    after.push_back(std::move(spec));
  }
  if (static_cast<int>(after.size()) >= kMostLanes) after.resize(kMostLanes - 1);
  push(std::move(after), std::move(pinned), tr("Compare %1").arg(name));
}

LaneEditor::LaneSpec LaneEditor::branchOf(int lane, StepIndex step) const {
  const LaneSnapshot& source = m_controller.session()->lanes[static_cast<std::size_t>(lane)];
  LaneSpec branch;
  branch.branchStep = step;
  branch.sameTokens = source.run->sameTokens;
  if (lane == 0) return branch;
  branch.branchLane = source.laneId;
  if (const LaneSpec* from = spec(source.laneId)) {
    branch.kvCache = from->kvCache;
    branch.rules = from->rules;
  }
  return branch;
}

void LaneEditor::duplicate() {
  const RunSnapshot* run = m_controller.run();
  if (!run) return;
  const int lane = m_controller.lastingSelection().lane;
  const LaneSnapshot& source = m_controller.session()->lanes[static_cast<std::size_t>(lane)];
  LaneSpec copy = branchOf(lane, StepIndex{source.run->stepCount()});
  copy.kvCache = source.run->settings.kvCache;
  copy.rules = source.run->settings.rules;
  copy.label = tr("copy of %1").arg(QString::fromStdString(source.label)).toStdString();
  add(std::move(copy), tr("Duplicate %1").arg(QString::fromStdString(source.label)), true);
}

void LaneEditor::remove(int laneId) {
  const LaneSpec* gone = spec(laneId);
  if (!gone) return;
  const QString label = QString::fromStdString(gone->label);
  std::vector<LaneSpec> after = m_specs;
  std::erase_if(after, [&](const LaneSpec& spec) { return spec.laneId == laneId; });
  push(std::move(after), tr("Remove “%1”").arg(label));
}

void LaneEditor::removeOthers() {
  std::vector<LaneSpec> kept = pinnedSpecs();
  if (kept.size() < m_specs.size()) push(std::move(kept), tr("Remove the other lanes"));
}

std::vector<LaneEditor::LaneSpec> LaneEditor::pinnedSpecs() const {
  std::vector<LaneSpec> pinned;
  for (const LaneSpec& spec : m_specs) {
    if (isPinned(spec.laneId)) pinned.push_back(spec);
  }
  return pinned;
}

bool LaneEditor::isPinned(int laneId) const {
  return std::find(m_pinned.begin(), m_pinned.end(), laneId) != m_pinned.end();
}

void LaneEditor::setPinned(int laneId, bool pinned) {
  const LaneSpec* lane = spec(laneId);
  if (!lane || pinned == isPinned(laneId)) return;
  std::vector<int> after = m_pinned;
  if (pinned) {
    after.push_back(laneId);
  } else {
    std::erase(after, laneId);
  }
  push(m_specs, std::move(after),
       (pinned ? tr("Pin “%1”") : tr("Unpin “%1”")).arg(QString::fromStdString(lane->label)));
}

void LaneEditor::carryPinned() {
  m_carried.clear();
  const RunSnapshot* first = m_controller.firstRun();
  if (!first) return;
  for (LaneSpec carried : pinnedSpecs()) {
    // A branch is one of the text that goes.
    if (carried.branchStep) continue;
    if (carried.path.empty()) carried.path = first->model->path;
    if (carried.label.find(first->model->name) == std::string::npos && carried.path == first->model->path)
      carried.label = first->model->name + ", " + carried.label;
    carried.laneId = SessionWorker::newLaneId();
    m_carried.push_back(std::move(carried));
  }
}

bool LaneEditor::sameTokens() const {
  if (m_specs.empty()) return m_sameTokens;
  return std::any_of(m_specs.begin(), m_specs.end(), [](const LaneSpec& spec) { return spec.sameTokens; });
}

void LaneEditor::setSameTokens(bool same) {
  m_sameTokens = same;
  std::vector<LaneSpec> after = m_specs;
  std::vector<int> pinned = m_pinned;
  bool changes = false;
  const auto selected = static_cast<std::size_t>(m_controller.lastingSelection().lane);
  const auto& lanes = m_controller.session()->lanes;
  for (LaneSpec& spec : after) {
    if (spec.branchToken || spec.sameTokens == same) continue;
    spec.sameTokens = same;
    changes = true;
    // Its tokens become others from the first step on: another run.
    const int old = std::exchange(spec.laneId, SessionWorker::newLaneId());
    if (selected < lanes.size() && lanes[selected].laneId == old) m_controller.selectLaneOf(spec.laneId);
    std::replace(pinned.begin(), pinned.end(), old, spec.laneId);
    for (LaneSpec& branch : after) {
      if (branch.branchLane == old) branch.branchLane = spec.laneId;
    }
  }
  if (changes) {
    push(std::move(after), std::move(pinned),
         same ? tr("The first lane's tokens for all lanes") : tr("Each lane its own tokens"));
  } else {
    emit changed();
  }
}

void LaneEditor::derive(std::optional<int> kvHeads, std::optional<int> window) {
  const RunSnapshot* run = m_controller.run();
  if (!run) return;
  const LoadedModel& model = *run->model;
  LaneSpec spec;
  // Derived again it is still told from the file's model.
  spec.derivedKvHeads = kvHeads ? kvHeads : model.derivedKvHeads;
  spec.derivedWindow = window ? window : model.derivedWindow;
  if (m_controller.firstRun()->model->path != model.path) {
    spec.path = model.path;
    spec.tokenizer = model.tokenizerPath;
  }
  QStringList how;
  if (spec.derivedKvHeads) how << tr("averaged to G = %1").arg(*spec.derivedKvHeads);
  if (spec.derivedWindow) how << tr("window of %1").arg(*spec.derivedWindow);
  const QString name = modelName(QString::fromStdString(model.path));
  spec.label = (name + QStringLiteral(", ") + how.join(QStringLiteral(", "))).toStdString();
  add(std::move(spec), tr("Derive a lane: %1").arg(how.join(QStringLiteral(", "))), true);
}

void LaneEditor::chooseOtherwise(const Selection& at, TokenId token) {
  const auto& lanes = m_controller.session()->lanes;
  if (at.lane < 0 || at.lane >= static_cast<int>(lanes.size())) return;
  const RunSnapshot& run = *lanes[static_cast<std::size_t>(at.lane)].run;
  if (at.step.value < 1 || at.step.value > run.stepCount()) return;
  const TokenId picked = run.steps[static_cast<std::size_t>(at.step.value - 1)].sampled;
  if (picked == token) return;
  LaneSpec spec = branchOf(at.lane, at.step);
  spec.branchToken = token;
  const QString label = tr("step %1: “%2” instead of “%3”")
                            .arg(QString::number(at.step.value), piece(run, token), piece(run, picked));
  spec.label = label.toStdString();
  add(std::move(spec), tr("Choose otherwise"), true);
}

void LaneEditor::strikeOut(const Selection& at, const StrikeOffer& offer) {
  const auto& lanes = m_controller.session()->lanes;
  if (at.lane < 0 || at.lane >= static_cast<int>(lanes.size())) return;
  const LaneSnapshot& lane = lanes[static_cast<std::size_t>(at.lane)];
  if (at.step.value < 1 || at.step.value > lane.run->stepCount()) return;
  // The shown step itself is computed again: its probabilities are the "before" and the "after".
  const StepRecord& step = lane.run->steps[static_cast<std::size_t>(at.step.value - 1)];
  const StepIndex kept{at.step.value - 1};
  const LaneSpec* own = spec(lane.laneId);
  AttentionRules rules = own && own->rules ? *own->rules : AttentionRules{};
  const AttentionRules before = rules;
  addStrikes(rules, offer, Position{step.firstNewPosition});
  if (rules == before) {
    emit message(tr("That is struck out already."));
    return;
  }
  const bool isStruck = own && !(before.struckHeads.empty() && before.struckRows.empty());
  const std::string label = strikeLabel(rules).toStdString();
  if (isStruck && !(own->branchToken && kept.value < own->branchStep->value)) {
    // The same run with more taken out: in its place.
    LaneSpec extended = *own;
    extended.rules = rules;
    extended.label = label;
    if (extended.branchStep) extended.branchStep = StepIndex{std::min(kept.value, own->branchStep->value)};
    extended.laneId = SessionWorker::newLaneId();
    std::vector<LaneSpec> after = m_specs;
    for (LaneSpec& spec : after) {
      if (spec.laneId == lane.laneId) spec = extended;
    }
    m_controller.selectLaneOf(extended.laneId);
    push(std::move(after), offer.title);
    return;
  }
  LaneSpec struck = branchOf(at.lane, kept);
  struck.rules = rules;
  struck.label = label;
  add(std::move(struck), offer.title, true);
}

}  // namespace decodescope
