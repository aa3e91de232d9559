#pragma once

#include "views/probabilities/journey_model.h"
#include "views/theme.h"

#include <QRectF>

#include <vector>

class QPainter;

namespace decodescope {

/// Left: tokens with ids and embedding rows. Right (below in upright areas): the chosen token's stops.
class JourneyPicture {
 public:
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const JourneyModel& model);

  int tokenAt(QPointF point) const;  ///< −1: none
  struct StopSpot {
    int stop = -1;   ///< index into stops(); −1: none
    int index = -1;  ///< of the number
  };
  StopSpot stopAt(QPointF point) const;

 private:
  void paintTokens(QPainter& painter, const QRectF& area, const Theme& theme, const JourneyModel& model);
  void paintStops(QPainter& painter, const QRectF& area, const Theme& theme, const JourneyModel& model);

  QRectF m_tokens;
  int m_firstToken = 0, m_shownTokens = 0;
  struct StopRow {
    QRectF area;
    QRectF cells;
    int stop;
    int columns;
  };
  std::vector<StopRow> m_stops;
};

}  // namespace decodescope
