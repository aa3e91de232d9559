#pragma once

#include "views/view.h"

#include <QImage>

#include <vector>

namespace decodescope {

/// A − B of what one view shows of two lanes: its tables, number by number, drawn as matrices. Tables whose
/// shapes differ are named with the reason.
class LaneDifference {
 public:
  /// `a` and `b` name the lanes.
  void present(const std::vector<NamedTable>& tablesOfA, const std::vector<NamedTable>& tablesOfB,
               const QString& a, const QString& b);
  void clear() { m_presented = false; }
  bool isPresented() const { return m_presented; }
  /// Only that one, large; −1: all of them.
  void setShownTable(int index) { m_shown = index; }
  int shownTable() const { return m_shown; }
  /// Which of the tables are shown: a page has the next few of them. From 0; clamped.
  void setPage(int page);
  int page() const { return m_page; }
  static constexpr int kTablesAPage = 6;
  /// How many tables there were to be shown in the end.
  int tableCount() const { return m_tableCount; }
  void paint(QPainter& painter, const QRectF& area, const Theme& theme);
  /// Its `hovered` is left as it is.
  std::optional<Hit> hitTest(QPointF point) const;

  /// The differences as tables; those that have none are left out.
  static std::vector<NamedTable> tables(const std::vector<NamedTable>& tablesOfA,
                                        const std::vector<NamedTable>& tablesOfB);

 private:
  struct Pair {
    QString name;
    QString problem;  ///< why there is no difference
    NamedTable a, b, difference;
    int rows = 0, columns = 0;
    double largest = 0;  ///< of the magnitudes
    int largestAt = -1;  ///< its cell
    double rms = 0;
    /// A list of unlike things (steps, candidates): each column has its own scale.
    bool isList = false;
    std::vector<double> reach;  ///< of each column: where its scale ends
    QRectF title, cells;
  };
  static Pair pairOf(const NamedTable& a, const NamedTable& b);
  static QString spotName(const Pair& pair, int cell);
  QString summary(const Pair& pair) const;
  QString pageText() const;
  void paintPair(QPainter& painter, Pair& pair, const QRectF& area, const Theme& theme) const;
  void paintCells(QPainter& painter, const Pair& pair, const Theme& theme) const;
  void paintScale(QPainter& painter, const Pair& pair, const QRectF& area, const Theme& theme) const;

  bool m_presented = false;
  QString m_a, m_b;
  int m_shown = -1;
  int m_page = 0;
  int m_tableCount = 0;
  std::vector<Pair> m_pairs;
};

}  // namespace decodescope
