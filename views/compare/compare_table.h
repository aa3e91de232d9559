#pragma once

#include "views/compare/compare_model.h"
#include "views/theme.h"

#include <QRectF>

#include <vector>

class QPainter;

namespace decodescope {

/// The lanes' table: a row a lane, or, where letters become larger so, a column a lane, in as many blocks
/// below each other as the width asks for. Letters as large as the area allows, and smaller than kLeastPixels
/// only where it is lower than neededHeight(); remarks below the numbers where there is room.
class CompareTable {
 public:
  struct Place {
    int lane;    ///< −1: a heading
    int column;  ///< −1: the lane's name
    QRectF area;
  };
  /// The height of the lowest table of letters that can be read which is no wider than that.
  static double neededHeight(QPainter& painter, double width, const Theme& theme, const CompareModel& model);
  /// Paints it and remembers where everything stands. `colors`: of each lane.
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const CompareModel& model,
             int selectedLane);
  const std::vector<Place>& places() const { return m_places; }
  bool lanesAreRows() const { return m_lanesAreRows; }
  /// Pixel size (of the design) of the numbers, as painted last.
  double letterPixels() const { return m_pixels; }

 private:
  struct Text {
    QString text, below;
    bool isHeading = false;
    bool isLink = false;
    int lane = -1, column = -1;  ///< both −1: an empty corner
  };
  using Grid = std::vector<std::vector<Text>>;  ///< rows of cells
  struct Fit {
    double pixels = 0, gap = 0;
    double width = 0, height = 0;
    bool hasRemarks = false;
    bool overflows = false;
    std::vector<double> widths, heights;
  };
  static Grid uprightGrid(const CompareModel& model);
  static Grid turnedGrid(const Grid& upright, std::size_t lanesABlock);
  /// All ways to arrange it: a row a lane, then a column a lane in one block, two …
  static std::vector<Grid> grids(const CompareModel& model);
  static Fit measured(QPainter& painter, const Theme& theme, const Grid& grid, double pixels, bool remarks);
  static Fit fitOf(QPainter& painter, const QSizeF& room, const Theme& theme, const Grid& grid);

  std::vector<Place> m_places;
  bool m_lanesAreRows = true;
  double m_pixels = 0;
};

}  // namespace decodescope
