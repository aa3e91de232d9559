#pragma once

#include "core/decode/run_snapshot.h"
#include "views/view.h"

#include <QPointF>
#include <QString>
#include <QStringList>

#include <memory>
#include <span>
#include <vector>

namespace decodescope {

/// What the RoPE view shows of a model with rotary positions.
enum class RopePanel {
  dials,     ///< every pair of q and k turned, and the score
  matrix,    ///< the sparse matrix against the cheap form
  spectrum,  ///< θ_i and wavelengths
  distance,  ///< the score against the distance, and its bound
};

struct RopeSettings {
  RopePanel panel = RopePanel::dials;
  bool otherLayout = false;  ///< q and k permuted to the pair layout that the model's file does not have
  int shift = 0;             ///< Δ, added to both positions
  int pair = -1;             ///< the pair that is followed through all pictures; −1: none
};

/// One pair of q and of k, as points of a plane.
struct RopePairShown {
  int pair = 0;
  int first = 0, second = 0;  ///< elements of the head in the shown layout
  double theta = 0;           ///< radians a position
  double unscaledTheta = 0;   ///< before the model's rope_scaling
  double queryAngle = 0;      ///< (m + Δ) θ, radians, not reduced
  double keyAngle = 0;        ///< (n + Δ) θ
  QPointF query, key;         ///< as projected
  QPointF turnedQuery, turnedKey;
  double product = 0;  ///< turnedQuery · turnedKey: its part of q'·k'

  double longest() const;  ///< of query and key
};

/// Everything the RoPE picture says, without a pixel. The q and k rows are the run's; turning them is done
/// with the decoder's own code.
class RopeModel {
 public:
  enum class State {
    noModel,
    nothingDecoded,
    notStored,  ///< the traces of the query or the key were dropped
    rotary,
    table,  ///< learned or sinusoidal positions, added to the embedding
    none,   ///< no positions at all
  };

  void present(const SessionSnapshot& session, const Selection& selection, const RopeSettings& settings);
  /// The same place under other settings.
  void setSettings(const RopeSettings& settings);

  State state() const { return m_state; }
  const Selection& selection() const { return m_selection; }
  const RopeSettings& settings() const { return m_settings; }
  const ModelConfig& config() const { return m_run->model->config(); }
  std::uint64_t runId() const { return m_run ? m_run->runId : 0; }
  /// The positions as they are turned: the selected ones, shifted.
  int queryPosition() const { return m_selection.query.value + m_settings.shift; }
  int keyPosition() const { return m_selection.key.value + m_settings.shift; }
  bool isMasked() const { return m_selection.key.value > m_selection.query.value; }

  // State::rotary
  RotaryLayout layout() const;
  std::span<const RopePairShown> pairs() const { return m_pairs; }
  /// The pair that is followed; nullptr when there is none.
  const RopePairShown* chosenPair() const;
  double score() const { return m_score; }              ///< of the run: q'·k' / √d at m, n
  double shiftedScore() const { return m_shifted; }     ///< at m + Δ, n + Δ, in the shown layout
  double unturnedScore() const { return m_unturned; }   ///< q·k / √d
  double layoutDifference() const { return m_layout; }  ///< |score in one layout − in the other|
  /// The query's row in the shown layout, (d): as projected, and turned at its shifted position.
  std::span<const float> query() const { return m_query; }
  std::span<const float> turnedQuery() const { return m_turnedQuery; }
  double largestShown() const;  ///< largest magnitude of both
  double longestArrow() const;  ///< of all pairs
  /// R at the query's shifted position, (d, d) row-major.
  std::vector<float> matrix() const;
  /// The cheap form's rows, (d) each: x̃ (partners, the first of each pair negated), cos and sin repeated.
  std::vector<float> partners() const;
  std::vector<float> repeated(bool cosine) const;
  /// Largest |R q − (q ⊙ cos + x̃ ⊙ sin)|.
  double matrixDifference() const;
  int distance() const { return m_selection.query.value - m_selection.key.value; }
  int distances() const;                           ///< how many the curves show: 0 … distances() − 1
  std::span<const double> distanceScores() const;  ///< made when first asked for
  std::span<const double> distanceBounds() const;
  /// The part of each of these scores that the chosen pair brings; the pairs' parts add up to the score.
  std::vector<double> pairScores() const;
  /// How far the curves go: the scores below and above 0 (the chosen pair's part among them), and the bound.
  struct Reach {
    double below = 0, above = 0, bound = 0;
  };
  Reach curvesReach() const;
  /// The bound's shape for RoFormer's d of 128 and base 10000 (its figure 2), scaled to begin where this
  /// pair's does.
  std::span<const double> referenceBounds() const;

  // State::table
  int tablePositions() const { return m_tablePositions; }  ///< rows that are shown
  bool isSinusoidal() const;
  /// Whether the model stretches the plain frequencies.
  bool isScaled() const;
  /// (D): what is added to the token at this position.
  std::span<const float> tableRow(int position) const;
  float tableMax() const { return m_tableMax; }

  int shownTokens() const { return m_run->tokensSeenAt(m_selection.step); }
  QString label(int position) const;
  QString title() const;
  QStringList facts() const;
  QStringList notes() const;
  QString layoutName(RotaryLayout layout) const;
  QString pairName(const RopePairShown& pair) const;  ///< "q[0], q[4]"
  QString toolTip(const RopePairShown& pair) const;
  QString distanceToolTip(int distance) const;
  QString tableToolTip(int position, int dim) const;
  QString emptyTitle() const;
  QString emptyText() const;
  QString description() const;
  std::vector<NamedTable> tables() const;

 private:
  void rebuild();
  void presentRotary();
  void presentTable();
  void makeCurves() const;
  QString scalingText() const;
  QString tokenText(int position) const;
  /// The token's rows as the shown step saw them.
  const PositionTrace* trace(Position position) const;

  State m_state = State::noModel;
  Selection m_selection;
  RopeSettings m_settings;
  RunSnapshotPtr m_run;
  std::vector<RopePairShown> m_pairs;
  std::vector<float> m_query, m_key, m_turnedQuery, m_turnedKey;
  double m_score = 0, m_shifted = 0, m_unturned = 0, m_layout = 0;

  // The curves, and the rows and the model that they were made of.
  mutable std::weak_ptr<const LoadedModel> m_curvesOf;
  mutable std::vector<float> m_curvesQuery, m_curvesKey;
  mutable std::vector<double> m_referenceDecay;
  mutable std::vector<double> m_distanceScores, m_distanceBounds, m_referenceBounds;

  std::weak_ptr<const LoadedModel> m_tableOf;  ///< the model whose table is kept
  int m_tablePositions = 0;
  float m_tableMax = 0;
  std::vector<float> m_table;  ///< sinusoids; a learned table is read from the model
};

}  // namespace decodescope
