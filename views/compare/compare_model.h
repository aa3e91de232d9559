#pragma once

#include "core/decode/lane_measures.h"
#include "views/view.h"

#include <QString>
#include <QStringList>

#include <vector>

namespace decodescope {

/// What the lanes of a session are and cost, lane by lane: from their configurations, the counters of the
/// shown step, their cards, and what was measured.
class CompareModel {
 public:
  enum Column { kAttention, kHeads, kKeysAndValues, kParameters, kCache, kMacs, kLoss, kTime, kColumnCount };
  struct Cell {
    QString text;                       ///< "768 B"
    QString below;                      ///< a remark in small letters: "one seed"; may be ""
    QString tip;                        ///< where the number comes from
    std::optional<bool> measures = {};  ///< a click on it: see Hit
  };
  struct Lane {
    QString name;
    QString remark;           ///< "cache off"; may be ""
    std::vector<Cell> cells;  ///< kColumnCount
    QStringList damage;       ///< of a derived model: what deriving did, in parts; empty until it is measured
    std::vector<float> values;  ///< a row of tables()
  };

  void present(const SessionSnapshot& session, const Selection& selection);

  const std::vector<Lane>& lanes() const { return m_lanes; }
  /// "attention", "heads" …, translated.
  static QString header(Column column);
  static QString headerTip(Column column);
  bool isMeasuring() const { return m_isMeasuring; }
  /// Something in the table is no run's nor a card's: it was measured here.
  bool hasMeasured() const { return m_hasMeasured; }
  std::vector<NamedTable> tables() const;

 private:
  Lane laneOf(const SessionSnapshot& session, int index, StepIndex step);
  static Cell cacheCell(const RunSnapshot& run);
  static Cell macsCell(const StepRecord& step);
  Cell lossCell(const RunSnapshot& run, const LaneMeasure* measure) const;
  Cell timeCell(const RunSnapshot& run, const LaneMeasure* measure) const;

  std::vector<Lane> m_lanes;
  bool m_isMeasuring = false;
  bool m_hasMeasured = false;
};

}  // namespace decodescope
