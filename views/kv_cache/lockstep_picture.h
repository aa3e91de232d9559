#pragma once

#include "views/kv_cache/lockstep_model.h"
#include "views/legend.h"

#include <QRectF>

#include <optional>
#include <vector>

namespace decodescope {

/// Where one lane's matrices stand. Kᵀ stands above the scores, so that keys line up with columns, and Q left
/// of them, so that queries line up with rows.
struct KvEquationLayout {
  QRectF words;   ///< the lane's name and counts
  QRectF labels;  ///< tokens left of Q; null where they find no room
  QRectF latent;  ///< above Kᵀ: MLA's cached rows, across; null for others
  QRectF q, k, scores, v, context;
  QRectF times, equals;  ///< the signs behind the scores and behind V
  QRectF history;        ///< below: rows computed by step; null where there is no room
  double cell = 0;       ///< side of one score
};

struct KvEquationNeeds {
  double scale = 1;
  double lineHeight = 14;
  double wordLines = 2;
  double labelWidth = 0;
  int tokens = 1;
  bool hasLatent = false;
};

KvEquationLayout layoutKvEquation(const QRectF& area, const KvEquationNeeds& needs);

/// The matrices of every lane, cells coloured by what became of them.
class KvLockstepPicture {
 public:
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const KvLockstepModel& model);
  void clear() { m_bands.clear(); }
  std::optional<Hit> hitTest(QPointF point, const KvLockstepModel& model) const;
  static std::vector<LegendItem> legend(const Theme& theme, const KvLockstepModel& model);
  const std::vector<KvEquationLayout>& bands() const { return m_bands; }

 private:
  void paintLane(QPainter& painter, const Theme& theme, const KvLockstepModel& model,
                 const KvLockstepLane& lane, const KvEquationLayout& band) const;

  void paintHistory(QPainter& painter, const Theme& theme, const KvLockstepModel& model,
                    const KvLockstepLane& lane, const QRectF& area) const;

  std::vector<KvEquationLayout> m_bands;  ///< one a lane
};

}  // namespace decodescope
