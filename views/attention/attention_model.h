#pragma once

#include "views/attention/attention_rows_cache.h"
#include "views/attention/attention_settings.h"
#include "views/heatmap.h"
#include "views/shown_run.h"
#include "views/view.h"

#include <QString>
#include <QStringList>

#include <optional>
#include <utility>
#include <vector>

namespace decodescope {

/// Everything the attention pictures say about scores and weights, without a pixel: numbers, ranges of
/// colours, texts, which rows are new. Numbers are derived when they are asked for, and kept.
class AttentionModel {
 public:
  void present(const SessionSnapshot& session, const Selection& selection, const AttentionSettings& settings);

  ShownRun::State state() const { return m_shown.state; }
  bool ready() const { return m_shown.ready(); }
  const ShownRun& shown() const { return m_shown; }
  const Selection& selection() const { return m_shown.selection; }
  const AttentionSettings& settings() const { return m_settings; }
  const ModelConfig& config() const { return m_shown.config(); }
  std::uint64_t runId() const { return m_shown.run ? m_shown.run->runId : 0; }
  std::span<const PositionTracePtr> traces() const { return m_traces; }

  int tokens() const { return m_shown.tokens; }  ///< T at the shown step: rows and columns
  int layers() const { return m_layers; }
  int heads() const { return m_heads; }
  int headsPerGroup() const { return m_headsPerGroup; }   ///< query heads that read one key/value head
  const QStringList& labels() const { return m_labels; }  ///< a readable piece for each position
  /// Rows that the shown step fed for the first time: firstNew() … tokens()−1.
  int firstNew() const { return m_firstNew; }
  /// Rows that it computed again: firstComputed() … firstNew()−1. Empty with the cache on.
  int firstComputed() const { return m_firstComputed; }
  /// Rows that cannot be shown, their traces not being stored.
  int missingRows() const { return m_missingRows; }
  /// False in a what-if run without a mask: rows then reach over all tokens.
  bool causal() const { return m_causal; }
  int visible(int query) const { return m_causal ? query + 1 : tokens(); }
  /// The first key that a query sees: above 0 in sliding-window attention only.
  int firstVisible(int query) const { return m_causal ? config().firstVisible(query) : 0; }

  /// The selected head's rows, all columns, for heatmapImage().
  HeatmapRows rows(AttentionStage stage) const;
  /// Cells that the run never computed are shown too, veiled: scores with keys later than the query.
  bool showsGhosts(AttentionStage stage) const;
  /// A cell of the selected head; nothing where it is masked or missing, NaN where it is struck out.
  std::optional<float> value(AttentionStage stage, int query, int key) const;
  std::optional<float> value(int query, int key) const { return value(m_settings.stage, query, key); }
  /// One query's visible cells; empty where they are not stored.
  std::vector<float> row(AttentionStage stage, int query) const;

  /// A head's visible cells, pooled to at most about maxBins rows and columns.
  HeatmapRows thumbnail(LayerIndex layer, HeadIndex head, int maxBins) const;
  int thumbnailFactor(int maxBins) const { return m_cache.thumbnailFactor(maxBins); }

  /// How the selected head's numbers become colours.
  ColorScale colorScale(AttentionStage stage) const;
  /// The same for a head among others of its layer.
  ColorScale colorScale(AttentionStage stage, HeadIndex head) const;
  /// A scale of this kind for numbers up to this magnitude.
  ColorScale colorScaleUpTo(AttentionStage stage, double largest) const;
  /// Largest magnitude among the heads that share a range: those of the layer, or all of them.
  double lockedLargest(AttentionStage stage) const;
  /// How far the shared scales of these stages reach; 0 where none depends on the numbers.
  std::vector<double> scaleEnds(std::span<const AttentionStage> stages) const;
  /// Lanes beside each other: the largest of theirs, until the next present().
  void setScaleEnds(std::span<const AttentionStage> stages, const std::vector<double>& ends);
  /// Key 0 has no colour then.
  bool withoutFirst() const { return m_settings.scale == AttentionScale::withoutFirst; }

  QString stageName(AttentionStage stage) const;
  QString formula(AttentionStage stage) const;
  QString place() const;         ///< "layer 0 · head 5"
  QString title() const;         ///< "Attention weights · layer 0 · head 5"
  QStringList subtitle() const;  ///< formula, step, key/value head …: parts that may be broken onto lines
  QStringList circumstances() const;  ///< the same without the formula
  QString tokenText(int position) const;
  /// What the selected cell says, the long way and in few words.
  QString readout(int query, int key) const;
  QString shortReadout(AttentionStage stage, int query, int key) const;
  QString toolTip(AttentionStage stage, int query, int key) const;
  QString headToolTip(LayerIndex layer, HeadIndex head) const;
  /// "layer 1, head 2 · reads key/value head 0 · known for …"
  QString headSummary(LayerIndex layer, HeadIndex head) const;
  /// The roles that the model's card measured for this head, or "".
  QString headRole(LayerIndex layer, HeadIndex head) const;
  QString emptyText() const;
  /// Beside the colour bar: with the unit, and in few words.
  QString scaleTitle(AttentionStage stage) const;
  QString shortScaleTitle(AttentionStage stage) const;
  QString description() const;
  /// The selected head's matrix of this stage.
  NamedTable table(AttentionStage stage) const;

  /// Why a cell has no number: "masked …", "struck out …", "not stored"; "" where it has one.
  QString absence(AttentionStage stage, int query, int key) const;
  /// A number as it stands in a cell.
  static QString cellText(AttentionStage stage, float value);
  /// A number in a sentence: "0.432", "−12.3".
  static QString numberText(float value);
  /// Positions 0 … 1 on the colour bar and what stands there.
  static std::vector<std::pair<double, QString>> ticks(const ColorScale& scale);

  /// What-ifs that the context menu offers at a key, and at a query head.
  std::vector<StrikeOffer> strikesAt(int key) const;
  std::vector<StrikeOffer> strikesOf(LayerIndex layer, HeadIndex head) const;

 private:
  double largestOf(AttentionStage stage, const AttentionRowsCache::Extent& extent) const;
  /// Whether a what-if hides this key from this query.
  bool struckOut(int query, int key) const;

  ShownRun m_shown;
  AttentionSettings m_settings;
  std::span<const PositionTracePtr> m_traces;
  int m_layers = 0, m_heads = 0, m_headsPerGroup = 1;
  int m_firstNew = 0, m_firstComputed = 0, m_missingRows = 0;
  bool m_causal = true;
  QStringList m_labels;
  std::uint64_t m_labelledRun = 0;
  LoadedModelPtr m_labelledModel;
  std::vector<std::pair<AttentionStage, double>> m_sharedEnds;
  mutable AttentionRowsCache m_cache;
};

/// Rows and columns that each of so many thumbnails has at most.
int thumbnailBins(std::size_t heads);
/// Largest magnitude of a thumbnail, the first query's weight left out.
double thumbnailLargest(const HeatmapRows& rows, AttentionStage stage);

/// The kernel's stage that holds these numbers: masked scores are scaled ones.
ScoreStage scoreStage(AttentionStage stage);

}  // namespace decodescope
