#pragma once

#include "views/grid_sheet.h"
#include "views/shapes/walk_source.h"
#include "views/view.h"

#include <map>
#include <vector>

namespace decodescope {

/// What one step of the walk does to the shape.
enum class WalkStep {
  project,
  view,
  transpose,
  scores,
  weights,
  context,
  transposeBack,
  concatenate,
  output,
};
inline constexpr int kWalkSteps = static_cast<int>(WalkStep::output) + 1;

/// How many tokens, heads, elements of a head and of x are shown before the middle is left out.
struct WalkRoom {
  int tokens, heads, elements, hidden;
};

/// "1 × 3 × 6".
QString shapeText(std::initializer_list<int> sizes);

/// The multi-head reshape, one step at a time, as equations of small matrices.
class ShapesModel {
 public:
  enum class Numbers { run, lecture, lectureThree };
  /// `followed`: q, k or v through projection, view and transpose.
  void present(const ShownRun& shown, Numbers numbers, WalkStep step, WalkTensor followed);

  bool ready() const { return m_source != nullptr; }
  QString emptyTitle() const;
  QString emptyText() const;

  WalkStep step() const { return m_step; }
  /// "Transpose", and the shape after it, "1 × 2 × 3 × 3".
  static QString stepName(WalkStep step);
  QString shapeAfter(WalkStep step) const;

  /// The step's matrices, with the middle left out where there are more rows than `room` says.
  std::vector<GridLine> lines(const WalkRoom& room, const Theme& theme);
  /// Where the colours of each of the step's tensors end.
  std::vector<double> scaleEnds() const;
  void setScaleEnds(const std::vector<double>& ends) { m_sharedEnds = ends; }
  /// Of the last lines(): where the chosen token's row of the chosen head stood, and where it stands then.
  /// Nothing in steps that compute.
  std::optional<std::pair<GridSheet::Spot, GridSheet::Spot>> chosenWay() const;
  bool isShortened() const { return m_isShortened; }

  QString title() const;
  QStringList facts() const;
  QString note() const;
  QString readout() const;
  QString shortReadout() const;
  /// Of a cell of the last lines().
  QString toolTip(const GridSheet::Spot& spot) const;
  /// What the run's selection becomes there; nothing for the lecture's example.
  std::optional<Selection> selected(const GridSheet::Spot& spot) const;
  /// How the number there was made; nothing where there is none.
  std::optional<NumberPlace> number(const GridSheet::Spot& spot) const;
  std::vector<NamedTable> tables() const;

  const WalkSource& source() const { return *m_source; }

 private:
  /// What an axis of a grid goes through; −1: nothing of that.
  struct Entry {
    int token = -1, head = -1, element = -1, key = -1, input = -1;
    bool isGap = false;
  };
  using Axis = std::vector<Entry>;
  static Ink inkOf(WalkTensor tensor);
  enum class Kind { tensor, matrix };
  /// One grid: what its cells are.
  struct Grid {
    Kind kind = Kind::tensor;
    WalkTensor tensor = WalkTensor::q;
    WalkMatrix matrix = WalkMatrix::q;
    Entry whole;  ///< the same for all cells
    Axis rows, columns;
    QString name, shape;
    Ink ink = Ink::plain;
    bool isCausal = false;
  };
  Entry entryAt(const Grid& grid, int row, int column) const;
  float valueAt(const Grid& grid, const Entry& at) const;
  QColor colorOf(const Grid& grid, const Entry& at, const Theme& theme) const;
  CellGrid cellsOf(const Grid& grid, const Theme& theme) const;
  QString labelOf(const Entry& at, bool isRow, bool isFlat) const;
  void markChosen(const Grid& grid, CellGrid& cells) const;

  Axis tokenAxis() const;
  Axis keyAxis() const;
  Axis elementAxis() const;
  Axis hiddenAxis(bool isInput) const;
  Axis headAxis(WalkTensor tensor) const;
  Axis flatAxis(WalkTensor tensor) const;
  std::vector<int> shownHeads(WalkTensor tensor) const;

  Grid flat(WalkTensor tensor) const;
  Grid ofToken(WalkTensor tensor, int token) const;
  Grid ofHead(WalkTensor tensor, int head) const;
  Grid wide(WalkTensor tensor) const;
  Grid weights(WalkMatrix matrix) const;
  std::vector<Grid> byToken(WalkTensor tensor) const;
  std::vector<Grid> byHead(WalkTensor tensor) const;
  /// Matrices and the signs in front of them.
  using SignedGrids = std::vector<std::pair<QString, Grid>>;
  std::vector<SignedGrids> gridLines() const;
  /// Which scale of colours a grid is on; one tensor has one, wherever its numbers stand.
  static int scaleOf(const Grid& grid);
  std::map<int, double> limitsOf(const std::vector<SignedGrids>& lines) const;

  /// A number of the run's trace.
  std::optional<NumberPlace> tracedNumber(const Grid& grid, const Entry& at) const;
  /// One that the lecture's example, or the walk, works out.
  std::optional<Explanation> derivedNumber(const Grid& grid, const Entry& at) const;
  Operand rowOf(WalkTensor tensor, int token, int head) const;

  NamedTable table(const QString& name, WalkTensor tensor, bool isByHead, bool isFlat) const;
  QString tensorName(WalkTensor tensor) const;
  int chosenToken() const;
  int chosenHead(WalkTensor tensor) const;
  int keyValueHeadOf(int head) const { return head / (m_source->heads / m_source->keyValueHeads); }

  ShownRun m_shown;
  Numbers m_numbers = Numbers::run;
  WalkStep m_step = WalkStep::project;
  WalkTensor m_followed = WalkTensor::q;
  std::unique_ptr<WalkSource> m_source;
  mutable WalkRoom m_room{};         ///< that the axes are made for
  std::vector<double> m_sharedEnds;  ///< of the scales, what lanes share; empty: their own
  std::vector<QColor> m_headColors, m_keyValueHeadColors;  ///< of the last lines()
  mutable bool m_isShortened = false;
  std::vector<std::vector<Grid>> m_grids;  ///< of the last lines()
};

}  // namespace decodescope
