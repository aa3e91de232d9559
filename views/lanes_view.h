#pragma once

#include "views/lane_difference.h"
#include "views/view.h"

#include <QSizeF>

#include <memory>
#include <vector>

namespace decodescope {

/// A view of a session with any number of lanes. With one lane it is the view itself. With more, its option
/// "lanes" chooses: all of them beside and below each other under their names, on one scale and at one
/// selection; the selected one alone; or the difference of two. A view that shows all lanes by itself stands
/// alone. Each picture's text and cells grow with its room (Theme::inRoom).
class LanesView : public View {
 public:
  explicit LanesView(const ViewInfo& info);

  /// The view's own; with several lanes "lanes" before them.
  std::vector<ViewOption> options() const override;
  /// "lanes" is taken with any number of lanes.
  bool setOption(const QString& id, const QString& value) override;
  /// "beside", "one" or "difference".
  QString laneMode() const;
  /// The same options, for another session's pictures.
  std::unique_ptr<LanesView> copy() const;
  void present(const SessionSnapshot& session, const Selection& selection) override;
  void paint(QPainter& painter, const QRectF& area, const Theme& theme) override;
  double neededHeight(const QSizeF& room, const Theme& theme) const override;
  std::optional<Hit> hitTest(QPointF point) const override;
  Selection moved(const Selection& selection, int dx, int dy) const override;
  // What one lane's picture enlarges, all enlarge: they stay comparable.
  bool zoom(QPointF at, double factor) override;
  bool pan(QPointF delta) override;
  void resetZoom() override;
  QString zoomed() const override;
  bool setZoomed(const QString& zoomed) override;
  /// Not while the selected one stands alone.
  bool showsAllLanes() const override { return !(hasSeveral() && m_mode == Mode::one); }
  /// With several lanes beside each other every lane's tables, each named after its lane.
  std::vector<NamedTable> tables() const override;
  QString beyondCommand() const override;
  QString description() const override;

 private:
  enum class Mode { beside, one, difference };
  struct Column {
    std::unique_ptr<View> view;
    QRectF header;
    QRectF area;  ///< null while it is not shown
  };

  bool isOnePicture() const { return m_columns.front().view->showsAllLanes(); }
  bool hasSeveral() const { return m_session.lanes.size() > 1 && !isOnePicture(); }
  std::size_t selected() const;
  /// The lanes whose difference is shown: the first one and the selected one, or the second.
  std::pair<std::size_t, std::size_t> compared() const;
  bool isPresented(std::size_t lane) const;
  Selection selectionOf(std::size_t lane) const;
  void presentLanes();
  /// Equal colours are equal numbers in all lanes.
  void shareScales();
  int columnsIn(const QSizeF& room, const Theme& theme) const;
  void paintHeader(QPainter& painter, std::size_t lane, const QRectF& area, const Theme& theme) const;
  void paintBeside(QPainter& painter, const QRectF& area, const Theme& theme);
  void paintDifference(QPainter& painter, const QRectF& area, const Theme& theme);
  /// Works the difference out, where that has not been done for what is presented.
  void makeDifference();

  const ViewInfo& m_info;
  Mode m_mode = Mode::beside;
  SessionSnapshot m_session;
  Selection m_selection;
  std::vector<std::pair<QString, QString>> m_settings;
  std::vector<Column> m_columns;  ///< at least one, so that there are options before there is a session
  LaneDifference m_difference;
};

}  // namespace decodescope
