#pragma once

#include "core/decode/run_snapshot.h"
#include "core/ops/norm_statistics.h"
#include "core/trace/norm_places.h"
#include "views/view.h"

#include <QString>
#include <QStringList>

#include <array>
#include <optional>
#include <span>
#include <vector>

namespace decodescope {

enum class NormsPanel {
  row,        ///< the token's row through both norms
  histogram,  ///< its distribution before and after
  layers,     ///< each statistic by token and norm
  columns,    ///< statistics by row against BatchNorm's by column
};

/// Statistics that the heat maps show.
enum class NormStatistic { mean, variance, rms };
inline constexpr std::array kNormStatistics{NormStatistic::mean, NormStatistic::variance, NormStatistic::rms};

struct NormsSettings {
  NormsPanel panel = NormsPanel::row;
  std::optional<Site> site;  ///< none: the norm that the map shows, else the first
  double factor = 1;         ///< "multiply"
  double addend = 0;         ///< "add a constant", after multiplying
};

/// Everything the norms picture says, without a pixel. The row is the run's residual; both norms are computed
/// with the decoder's own code and the γ of the place: the model's own norm, and the other one as a what-if.
class NormsModel {
 public:
  enum class State { noModel, nothingDecoded, notStored, ready };

  void present(const SessionSnapshot& session, const Selection& selection, const NormsSettings& settings);
  /// The same place under other settings.
  void setSettings(const NormsSettings& settings);

  State state() const { return m_state; }
  const Selection& selection() const { return m_selection; }
  const NormsSettings& settings() const { return m_settings; }
  std::uint64_t runId() const { return m_run ? m_run->runId : 0; }
  const ModelConfig& config() const { return m_run->model->config(); }
  const Model* model() const { return m_run->model->model.get(); }
  NormPlace place() const { return m_place; }
  int tokens() const { return m_tokens; }
  int width() const { return config().hiddenSize; }  ///< D

  // Of the chosen token's row, State::ready.
  std::span<const float> input() const { return m_input; }      ///< x, as the run had it
  std::span<const float> changed() const { return m_changed; }  ///< factor · x + addend
  bool isChanged() const { return m_settings.factor != 1 || m_settings.addend != 0; }
  const RowStatistics& statistics() const { return m_statistics; }  ///< of changed()
  bool isOwn(NormKind kind) const { return config().norm == kind; }
  /// The norm of changed() with γ (and β), and of input() as long as nothing is changed.
  std::span<const float> output(NormKind kind) const { return m_after[index(kind)]; }
  std::span<const float> outputBefore(NormKind kind) const { return m_before[index(kind)]; }
  /// Without γ and β: what the histograms show.
  std::span<const float> plainOutput(NormKind kind) const { return m_plain[index(kind)]; }
  /// LayerNorm − RMSNorm of changed().
  std::span<const float> difference() const { return m_difference; }
  /// max |output − outputBefore|.
  double change(NormKind kind) const { return m_change[index(kind)]; }
  /// Largest |the model's own norm of input() − the traced output|.
  double traceDifference() const { return m_traceDifference; }

  // By token and place; rows that are not stored hold NaN.
  std::span<const NormPlace> places() const { return m_places; }
  /// (places, tokens) row-major.
  const std::vector<float>& statisticMap(NormStatistic statistic) const;
  /// The places' rows of one token each, (tokens, D), for the chosen place.
  const std::vector<float>& rows() const;
  const ColumnStatistics& columns() const;  ///< over the stored rows()
  RowStatistics rowStatisticsOf(int token) const;
  bool isStored(int token) const { return trace(Position{token}) != nullptr; }

  QString label(int position) const;
  QString placeName(NormPlace place) const;  ///< "layer 1 input_layernorm"
  QString shortPlaceName(NormPlace place) const;
  QString statisticName(NormStatistic statistic) const;
  QString kindName(NormKind kind) const;
  QString formula(NormKind kind) const;
  QString costText(NormKind kind) const;
  QString changeText(NormKind kind) const;  ///< what the sliders did to its output
  QString title() const;
  QStringList facts() const;
  QStringList notes() const;
  QString elementToolTip(int element) const;
  QString mapToolTip(int place, int token) const;
  QString cellToolTip(int token, int element) const;
  QString emptyTitle() const;
  QString emptyText() const;
  QString description() const;
  std::vector<NamedTable> tables() const;

 private:
  static std::size_t index(NormKind kind) { return kind == NormKind::layerNorm ? 0 : 1; }
  void rebuild();
  void choosePlace();
  void measure() const;
  /// The token's rows as the shown step saw them; nullptr where they are not stored.
  const PositionTrace* trace(Position position) const;
  QString tokenText(int position) const;

  State m_state = State::noModel;
  Selection m_selection;
  NormsSettings m_settings;
  RunSnapshotPtr m_run;
  int m_tokens = 0;
  NormPlace m_place;
  bool m_placeIsAsked = true;
  std::vector<NormPlace> m_places;
  std::vector<float> m_input, m_changed, m_difference;
  std::array<std::vector<float>, 2> m_before, m_after, m_plain;
  RowStatistics m_statistics;
  std::array<double, 2> m_change{};
  double m_traceDifference = 0;

  /// Statistics of every place by token, measured once a token of a run.
  mutable std::uint64_t m_measuredRun = 0;
  mutable int m_measuredStep = 0;  ///< without a mask, where rows change from step to step
  mutable std::vector<std::vector<RowStatistics>> m_measured;  ///< [token][place]; empty: not measured
  mutable std::array<std::vector<float>, 3> m_maps;
  mutable std::vector<float> m_rows;
  mutable std::optional<ColumnStatistics> m_columns;
};

}  // namespace decodescope
