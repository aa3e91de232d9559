#pragma once

#ifndef Q_MOC_RUN  // moc 6.4 cannot read the concepts of libstdc++ 12
#include "core/decode/run_snapshot.h"
#include "views/view.h"
#endif
#include "views/theme.h"

#include <QAbstractScrollArea>

#include <optional>
#include <vector>

namespace decodescope {

class LaneEditor;
class SessionController;

/// The lanes' tokens as chips, one row a lane: prompt and generated told apart, the probability under each
/// generated one, what the shown step fed and picked lit, later ones faded. Equal positions stand below each
/// other; a token that is another one than the first lane's is marked, and so is where a lane branched off.
/// A click makes a token the query of its lane, a double click goes to the step that made it. With several
/// lanes each row has its name in front, which selects it, and a cross that removes it.
class TokenStrip : public QAbstractScrollArea {
  Q_OBJECT

 public:
  TokenStrip(SessionController& controller, const LaneEditor& lanes, QWidget* parent = nullptr);
  void applyTheme(const Theme& theme);
  /// In a window this many unscaled pixels high, rows leave out what they have no room for.
  void fitTo(double height);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return sizeHint(); }

 signals:
  void removeRequested(int laneId);

 protected:
  bool viewportEvent(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  struct Chip {
    QString piece;  ///< as the tokenizer shows it
    QString shown;  ///< elided
    double width = 0;
    double probability = -1;  ///< −1 for the prompt
    int madeByStep = 0;       ///< 0 for the prompt
  };
  struct Row {
    int laneId = -1;
    std::uint64_t runId = 0;
    std::vector<Chip> chips;
  };
  /// The places of one position in all rows.
  struct Column {
    double x = 0, width = 0;
  };
  /// What lies under the pointer.
  struct Spot {
    enum class Kind { nothing, name, cross, chip } kind = Kind::nothing;
    int row = -1;
    int position = -1;
    friend bool operator==(const Spot&, const Spot&) = default;
  };

  const RunSnapshot& runOf(int row) const;
  bool hasNames() const { return m_rows.size() > 1; }
  void refreshRun();
  void refreshSelection();
  void addChips(Row& row, const RunSnapshot& run) const;
  void layoutColumns();
  void updateHeight();
  void updateScrollBars();
  void scrollTo(int position);
  Spot spotAt(QPointF viewportPoint) const;
  void point(const Spot& spot);
  void goToMaker(int row, int position);
  void paintName(QPainter& painter, int row, double top) const;
  void paintWrapped(QPainter& painter, const QRectF& area, const QString& text) const;
  void paintRow(QPainter& painter, int row, double top) const;
  void paintChip(QPainter& painter, int row, int position, const QRectF& box) const;
  void paintFoot(QPainter& painter, int row, int position, const QRectF& box) const;
  void paintBranch(QPainter& painter, int row, const QRectF& box) const;
  /// The first position that the lane made by itself; −1 when it is no branch.
  int branchPosition(int row) const;
  bool differs(int row, int position) const;
  QString toolTipOf(const Spot& spot) const;
  QString describedLanes() const;
  QRectF crossOf(double top) const;
  int shownRows() const;
  double nameWidth() const;
  NumberPlace numberOf(int row, int position) const;
  double chipHeight() const;
  double textHeight() const;
  double rowHeight() const;
  double margin() const { return m_theme.px(8); }

  SessionController& m_controller;
  const LaneEditor& m_lanes;
  Theme m_theme;
  QFont m_chipFont, m_smallFont, m_nameFont;
  std::vector<Row> m_rows;
  std::vector<Column> m_columns;
  Spot m_hovered;
  int m_shownStep = -1;
  int m_shownLane = -1;
  bool m_low = false;  ///< the window is
};

}  // namespace decodescope
