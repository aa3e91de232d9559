#pragma once

#include "core/attention/attention_rows.h"
#include "core/base/matrix_span.h"
#include "core/decode/run_snapshot.h"
#include "views/view.h"

#include <QString>
#include <QStringList>

#include <array>
#include <span>
#include <vector>

namespace decodescope {

/// What became of a position's K and V rows in the shown step.
enum class KvRowState {
  kept,        ///< read from the cache
  dropped,     ///< left the sliding window: the cache holds it no more after the step
  recomputed,  ///< had been computed before, and was computed again
  added,       ///< computed for the first time
};

/// What is kept, or rebuilt from what is kept; each has a colour scale of its own.
enum class KvNumbers {
  keys,        ///< after their rotation; MLA's rotary key and rebuilt keys too
  values,      ///< MLA: rebuilt
  latents,     ///< MLA's c_KV
  state,       ///< linear attention's S = Σ φ(k) vᵀ
  normalizer,  ///< and z = Σ φ(k)
};
inline constexpr int kKvNumbers = 5;

/// The upper or the lower half of a block.
struct KvPart {
  KvNumbers numbers = KvNumbers::keys;
  int height = 1;    ///< numbers downwards: of a row, or rows of the state
  QString letter;    ///< "K"
  QString sizeName;  ///< "|k|"
};

/// A column of blocks: upper and lower part, and whether the cache holds them.
///   MHA, GQA, MQA  a key/value head: K over V
///   MLA            what is cached, the latent over the rotary key; then K over V of one head, rebuilt from
///   it linear         a head's state over its normaliser
struct KvColumn {
  KvHeadIndex head{0};  ///< not of MLA's cached column, which all heads share
  bool isHeld = true;   ///< false: rebuilt in every step
  KvPart upper, lower;
};

/// Everything the KV-cache picture says, without a pixel: rows and their states, bytes and counts by step,
/// texts.
class KvCacheModel {
 public:
  enum class State { noModel, nothingDecoded, ready };

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
  bool isLatent() const { return config().attention == AttentionKind::latent; }
  /// A state in place of rows: blocks are matrices, which stay as they are wide.
  bool isState() const { return config().attention == AttentionKind::linear; }
  const std::vector<KvColumn>& columns() const { return m_columns; }
  /// The column that the selected head reads from the cache.
  int chosenColumn() const;
  /// A head that reads the column: the selected one where it does.
  HeadIndex readerOf(int column) const;
  int headsPerGroup() const { return m_headsPerGroup; }
  int headDim() const { return m_headDim; }
  int tokens() const { return m_tokens; }  ///< T at the shown step
  /// Columns that are drawn in a block: T, or d of a state.
  int across() const { return isState() ? m_headDim : m_tokens; }
  /// The oldest position that the cache holds after the shown step; 0 but for a sliding window.
  int firstHeld() const;
  /// Positions that the blocks have room for: a power of two ≥ 16, as the cache itself grows, at most the
  /// context.
  int capacity() const { return m_capacity; }
  bool cacheOn() const { return m_cacheOn; }
  /// What a cache of that many positions takes.
  std::uint64_t bytesFor(int tokens) const;
  int missingRows() const { return m_missingRows; }  ///< positions whose values are not stored any more

  QString label(int position) const;  ///< the token, readable
  KvRowState rowState(int position) const;
  /// The d numbers; empty where the trace is missing. K is taken after RoPE, as it is cached.
  std::span<const float> keyRow(LayerIndex layer, KvHeadIndex head, int position) const;
  std::span<const float> valueRow(LayerIndex layer, KvHeadIndex head, int position) const;
  /// A position's row of a column's part, `height` numbers; empty where the trace is missing. Not of a state.
  std::span<const float> row(LayerIndex layer, const KvColumn& column, bool isUpper, int position) const;
  /// Where that row stands in the trace.
  TracePlace place(const KvColumn& column, bool isUpper) const;
  /// (d + 1, d): S and below it z after the shown step; empty where the trace is missing.
  ConstMatrixSpan state(LayerIndex layer, KvHeadIndex head) const;
  /// Largest magnitude up to the shown step; ends of the tints.
  float largest(KvNumbers numbers) const { return m_largest[static_cast<std::size_t>(numbers)]; }
  const std::array<float, kKvNumbers>& maxima() const { return m_largest; }
  /// Where the tints, by what they stand for, and the curves of bytes held and rows computed end.
  std::vector<double> scaleEnds() const;
  void setScaleEnds(const std::vector<double>& ends);
  double bytesEnd() const { return m_bytesEnd; }
  double rowsEnd() const { return m_rowsEnd; }

  /// As the shown step saw it: a what-if without these.
  bool headStruck(LayerIndex layer, HeadIndex head) const;
  int struckHeadsOf(LayerIndex layer, KvHeadIndex head) const;  ///< query heads of the group that are struck
  /// Positions whose rows the step's last query did not see.
  std::vector<int> struckRows(LayerIndex layer, KvHeadIndex head) const;
  bool anyStruck() const;
  /// What-ifs to offer: a position's row, of the column's head or of all that share it.
  StrikeOffer strikeRow(LayerIndex layer, const KvColumn& column, int position) const;
  StrikeOffer strikeHead(LayerIndex layer, HeadIndex head) const;
  StrikeOffer strikeGroup(LayerIndex layer, KvHeadIndex head) const;  ///< every query head that reads it

  QString title() const;
  QString subtitle() const;
  QString heldText() const;     ///< "40.0 KiB"
  QString heldCaption() const;  ///< "held by the cache after step 12", or that nothing is kept
  QStringList formula() const;  ///< with letters, with this step's numbers
  /// Name and value of what the step did.
  std::vector<std::pair<QString, QString>> facts() const;
  QString sharing() const;  ///< what sharing saves, "" when nothing is shared
  /// The parts of what is held, with the share of the bytes that each takes.
  std::vector<std::pair<KvNumbers, double>> heldShares() const;
  QString columnName(const KvColumn& column) const;  ///< "KV head 1", "cached, for all heads"
  QString groupName(KvHeadIndex head) const;         ///< "KV head 1"
  QString groupReaders(KvHeadIndex head) const;      ///< "query heads 4–7"
  QString readout() const;
  /// `across`: a position, or a column of the state.
  QString toolTip(LayerIndex layer, const KvColumn& column, int across) const;
  QString headToolTip(HeadIndex head, bool wholeGroup) const;
  QString emptyTitle() const;
  QString emptyText() const;
  QString description() const;
  std::vector<NamedTable> tables() const;

 private:
  QString tokenText(int position) const;
  QString stateText(int position) const;
  int heldRows() const;
  void makeColumns();
  QString stateToolTip(LayerIndex layer, const KvColumn& column) const;
  QStringList lettersOfSize() const;
  NamedTable rowsTable(Site site, LayerIndex layer) const;
  void measure();
  const PositionTrace* trace(int position) const;
  const AttentionRules& rules() const;

  State m_state = State::noModel;
  Selection m_selection;
  RunSnapshotPtr m_run;
  int m_layers = 0, m_kvHeads = 0, m_headsPerGroup = 1, m_headDim = 0;
  int m_tokens = 0, m_capacity = 16, m_missingRows = 0;
  bool m_cacheOn = true;
  std::vector<KvColumn> m_columns;
  std::array<float, kKvNumbers> m_largest{};
  double m_bytesEnd = 1, m_rowsEnd = 1;

  struct Extent {
    std::array<float, kKvNumbers> largest{};
    bool known = false;
  };
  std::uint64_t m_measuredRun = 0;
  std::vector<Extent> m_extents;  ///< by position, for the run measured last
};

}  // namespace decodescope
