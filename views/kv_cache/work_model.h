#pragma once

#include "views/kv_cache/kv_lanes.h"
#include "views/view.h"

#include <QString>
#include <QStringList>

#include <cstdint>
#include <optional>
#include <vector>

namespace decodescope {

/// One kind of work that a step counts.
enum class KvWorkPart {
  projections,
  rebuild,  ///< MLA: keys and values of cached rows, from their latents
  attention,
  logits,
  weightsRead,
  kvRead,
  kvWritten,
  time,
};

struct KvWorkSettings {
  enum class Measure { macs, bytes, time } measure = Measure::macs;
  bool summed = false;  ///< over all steps so far instead of each step's own
};

/// What the steps cost with and without the cache: counted in the lanes, and by the closed formulas beside
/// them.
class KvWorkModel {
 public:
  void present(const SessionSnapshot& session, const Selection& selection, const KvWorkSettings& settings);

  bool ready() const { return !m_lanes.empty(); }
  const Selection& selection() const { return m_selection; }
  const KvWorkSettings& settings() const { return m_settings; }
  const std::vector<KvLane>& lanes() const { return m_lanes; }
  int stepCount() const;  ///< of the longest lane

  /// What the curves show; every part of the measure is in parts().
  std::vector<KvWorkPart> plotted() const;
  std::vector<KvWorkPart> parts() const;
  /// Where the axis of each part ends, in the order of the parts' own: at the largest count or formula, or
  /// where lanes agreed; 0 for parts that are not plotted.
  std::vector<double> scaleEnds() const;
  void setScaleEnds(const std::vector<double>& ends) { m_sharedEnds = ends; }
  QString name(KvWorkPart part) const;
  QString shortName(KvWorkPart part) const;
  /// By step from 1 on, as it was counted; summed when the settings say so.
  std::vector<double> counted(KvWorkPart part, const KvLane& lane) const;
  /// By step of the selected lane, what the closed formula gives for its tokens; empty where there is none.
  std::vector<double> formula(KvWorkPart part, bool cacheOn) const;

  /// The table: the shown step, or the sum up to it.
  struct Cell {
    std::uint64_t value = 0;
    bool isFormula = false;  ///< no lane counted it
    bool known = false;
  };
  struct Row {
    QString name;
    Cell with, without;
    bool isSum = false;  ///< of the rows above
  };
  std::vector<Row> rows() const;
  QString valueText(const Cell& cell, bool isShort = false) const;
  static QString ratioText(const Row& row);  ///< "×20.9", "" where it says nothing
  /// The lane with (without) the cache at the shown step; nullptr when there is none.
  const KvLane* laneWith(bool cacheOn) const;
  /// The closed formulas with this model's numbers; empty where they are not those of this attention.
  QStringList formulaLines() const;
  /// How far recomputed rows, and the lanes, are from each other.
  QStringList differences() const;

  QString title() const;
  QStringList subtitle() const;
  QString note() const;
  QString readout() const;
  QString shortReadout() const;
  /// How a count of the selected lane comes about: the closed formula where it is this kind's, else what the
  /// kernels counted. Nothing for times.
  std::optional<Explanation> explanation(KvWorkPart part, StepIndex step) const;
  QString toolTip(StepIndex step) const;  ///< what each lane counted in that step
  QString description() const;
  std::vector<NamedTable> tables() const;

 private:
  const KvLane& own() const;
  const ModelConfig& config() const { return own().run->model->config(); }
  bool hasFormula() const;
  QStringList latentFormulaLines() const;
  QStringList linearFormulaLines() const;
  /// The count of one step, over formulas of plain attention.
  Explanation countOf(KvWorkPart part, const StepRecord& step) const;
  static std::uint64_t countIn(KvWorkPart part, const StepRecord& step);
  std::uint64_t formulaAt(KvWorkPart part, bool cacheOn, const StepRecord& step) const;
  Cell cell(KvWorkPart part, bool cacheOn) const;
  Row total() const;
  QString cellText(const Cell& cell) const;
  std::optional<double> laneDifference() const;

  Selection m_selection;
  KvWorkSettings m_settings;
  std::vector<KvLane> m_lanes;
  std::vector<double> m_sharedEnds;

  /// Differences by position of two runs, which never change once both have the row.
  mutable std::uint64_t m_firstRun = 0, m_secondRun = 0;
  mutable std::vector<double> m_differences;
};

}  // namespace decodescope
