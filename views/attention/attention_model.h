#pragma once

#include "views/attention/attention_rows_cache.h"
#include "views/colormap.h"
#include "views/heatmap.h"
#include "views/view.h"

#include <QString>
#include <QStringList>

#include <optional>
#include <vector>

namespace decodescope {

/// What the user chose in the view's tool bar.
struct AttentionSettings {
  ScoreStage stage = ScoreStage::weight;
  ColorScale::Kind scale = ColorScale::Kind::linear;
  Colormap map = Colormap::viridis;  ///< of weights; signed scores always use the diverging map
  bool allHeads = true;              ///< thumbnails of the layer's heads

  friend bool operator==(const AttentionSettings&, const AttentionSettings&) = default;
};

/// Everything the attention picture says, without a pixel: texts, numbers, which rows are new.
class AttentionModel {
 public:
  enum class State { noModel, nothingDecoded, ready };

  void present(const SessionSnapshot& session, const Selection& selection, const AttentionSettings& settings);

  State state() const { return m_state; }
  const Selection& selection() const { return m_selection; }
  const AttentionSettings& settings() const { return m_settings; }
  std::uint64_t runId() const { return m_run ? m_run->runId : 0; }

  int tokens() const { return m_tokens; }  ///< T at the shown step: rows and columns
  int heads() const { return m_heads; }
  int headsPerGroup() const { return m_headsPerGroup; }   ///< query heads that read one key/value head
  const QStringList& labels() const { return m_labels; }  ///< a readable piece for each position
  /// Rows that the shown step fed for the first time: firstNew() … tokens()−1.
  int firstNew() const { return m_firstNew; }
  /// Rows that it computed again: firstComputed() … firstNew()−1. Empty with the cache on.
  int firstComputed() const { return m_firstComputed; }
  /// Rows of the shown head that cannot be shown, their traces not being stored.
  int missingRows() const { return m_missingRows; }
  /// False in a what-if run without a mask: rows then reach over all tokens.
  bool causal() const { return m_causal; }
  const ColorScale& scale() const { return m_scale; }
  /// The end of the scale of scores, which depends on them; nothing for weights.
  std::optional<double> scaleEnd() const;
  void setScaleEnd(double end);

  /// The head's rows, all columns, for heatmapImage().
  HeatmapRows rows(HeadIndex head) const;
  /// The value of the selected head; nothing where it is masked or missing.
  std::optional<float> value(int query, int key) const;
  float rowMax(int query) const { return m_cache.rowMax(m_selection.head, query); }

  QString title() const;         ///< "Attention weights · layer 0 · head 5"
  QStringList subtitle() const;  ///< formula, step, key/value head …: parts that may be broken onto lines
  /// What the selected cell says, the long way and in few words.
  QString readout(int query, int key) const;
  QString shortReadout(int query, int key) const;
  QString toolTip(int query, int key) const;
  QString headToolTip(HeadIndex head) const;
  /// The roles that the model's card measured for this head, or "".
  QString headRole(HeadIndex head) const;
  QString emptyTitle() const;
  QString emptyText() const;
  /// Beside the colour bar: with the unit, and in few words.
  QString scaleTitle() const;
  QString shortScaleTitle() const;
  QString description() const;
  std::vector<NamedTable> tables() const;

  /// A number as it stands in a cell.
  QString cellText(float value) const;
  /// Positions 0 … 1 on the colour bar and what stands there.
  std::vector<std::pair<double, QString>> ticks() const;

 private:
  struct Values {
    std::optional<float> raw, scaled, weight;
  };
  Values allStages(int query, int key) const;
  /// Whether a what-if hides this key from this query.
  bool struckOut(int query, int key) const;
  /// Why a cell has no number: "masked …", "struck out …", "not stored"; "" where it has one.
  QString absence(int query, int key) const;
  QString tokenText(int position) const;
  QString stageName() const;
  QString formula() const;
  void chooseScale();

  State m_state = State::noModel;
  Selection m_selection;
  AttentionSettings m_settings;
  RunSnapshotPtr m_run;
  int m_tokens = 0;
  int m_heads = 0;
  int m_headsPerGroup = 1;
  int m_firstNew = 0;
  int m_firstComputed = 0;
  int m_missingRows = 0;
  bool m_causal = true;
  QStringList m_labels;
  ColorScale m_scale;
  AttentionRowsCache m_cache;
};

}  // namespace decodescope
