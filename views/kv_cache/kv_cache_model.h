#pragma once

#include "core/decode/run_snapshot.h"
#include "views/view.h"

#include <QString>
#include <QStringList>

#include <span>
#include <vector>

namespace decodescope {

/// What became of a position's K and V rows in the shown step.
enum class KvRowState {
  kept,        ///< read from the cache
  recomputed,  ///< had been computed before, and was computed again
  added,       ///< computed for the first time
};

/// Everything the KV-cache picture says, without a pixel: rows and their states, bytes and counts by step,
/// texts.
class KvCacheModel {
 public:
  enum class State { noModel, nothingDecoded, lacking, ready };  ///< lacking: no rows of K and V

  void present(const SessionSnapshot& session, const Selection& selection);

  State state() const { return m_state; }
  const Selection& selection() const { return m_selection; }
  /// Needs a model.
  const ModelConfig& config() const { return m_run->model->config(); }
  std::uint64_t runId() const { return m_run ? m_run->runId : 0; }
  /// The shown step. Needs State::ready.
  const StepRecord& step() const {
    return m_run->steps[static_cast<std::size_t>(m_selection.step.value - 1)];
  }
  /// Steps 1 … of the run, those after the shown one too.
  std::span<const StepRecord> steps() const;

  int layers() const { return m_layers; }
  int kvHeads() const { return m_kvHeads; }
  int headsPerGroup() const { return m_headsPerGroup; }
  int headDim() const { return m_headDim; }
  int tokens() const { return m_tokens; }  ///< T at the shown step
  /// Positions that the blocks have room for: a power of two ≥ 16, as the cache itself grows, at most the
  /// context.
  int capacity() const { return m_capacity; }
  bool cacheOn() const { return m_cacheOn; }
  /// 2 · L · G · d · tokens · 4: what a cache of that many positions takes.
  std::uint64_t bytesFor(int tokens) const;
  int missingRows() const { return m_missingRows; }  ///< positions whose values are not stored any more

  QString label(int position) const;  ///< the token, readable
  KvRowState rowState(int position) const;
  /// The d numbers; empty where the trace is missing. K is taken after RoPE, as it is cached.
  std::span<const float> keyRow(LayerIndex layer, KvHeadIndex head, int position) const;
  std::span<const float> valueRow(LayerIndex layer, KvHeadIndex head, int position) const;
  /// Largest magnitude of all K (V) rows up to the shown step; ends of the tints.
  float keyMax() const { return m_keyMax; }
  float valueMax() const { return m_valueMax; }
  void setMaxima(float key, float value) {
    m_keyMax = key;
    m_valueMax = value;
  }

  /// As the shown step saw it: a what-if without these.
  bool headStruck(LayerIndex layer, HeadIndex head) const;
  int struckHeadsOf(LayerIndex layer, KvHeadIndex head) const;  ///< query heads of the group that are struck
  /// Positions whose rows the step's last query did not see.
  std::vector<int> struckRows(LayerIndex layer, KvHeadIndex head) const;
  bool anyStruck() const;
  /// What-ifs to offer.
  StrikeOffer strikeRow(LayerIndex layer, KvHeadIndex head, int position) const;
  StrikeOffer strikeHead(LayerIndex layer, HeadIndex head) const;
  StrikeOffer strikeGroup(LayerIndex layer, KvHeadIndex head) const;  ///< every query head that reads it

  QString title() const;
  QString subtitle() const;
  QString heldText() const;     ///< "40.0 KiB"
  QString heldCaption() const;  ///< "held by the cache after step 12", or that nothing is kept
  QStringList formula() const;  ///< with letters, with this step's numbers
  /// Name and value of what the step did.
  std::vector<std::pair<QString, QString>> facts() const;
  QString sharing() const;                       ///< what sharing heads saves, "" when none are shared
  QString groupName(KvHeadIndex head) const;     ///< "KV head 1"
  QString groupReaders(KvHeadIndex head) const;  ///< "query heads 4–7"
  QString readout() const;
  QString toolTip(LayerIndex layer, KvHeadIndex head, int position) const;
  QString headToolTip(HeadIndex head, bool wholeGroup) const;
  QString emptyTitle() const;
  QString emptyText() const;
  QString description() const;
  std::vector<NamedTable> tables() const;

 private:
  QString tokenText(int position) const;
  QString stateText(int position) const;
  QString lackingText() const;
  int heldRows() const;
  void measure();
  const PositionTrace* trace(int position) const;
  const AttentionRules& rules() const;

  State m_state = State::noModel;
  Selection m_selection;
  RunSnapshotPtr m_run;
  int m_layers = 0, m_kvHeads = 0, m_headsPerGroup = 1, m_headDim = 0;
  int m_tokens = 0, m_capacity = 16, m_missingRows = 0;
  bool m_cacheOn = true;
  float m_keyMax = 0, m_valueMax = 0;

  struct Extent {
    float key = 0, value = 0;
    bool known = false;
  };
  std::uint64_t m_measuredRun = 0;
  std::vector<Extent> m_extents;  ///< by position, for the run measured last
};

}  // namespace decodescope
