#pragma once

#include "views/view.h"

#include <memory>
#include <vector>

namespace decodescope {

/// The same view for every lane of a session, side by side under the lanes' names, at one selection. A view
/// that shows all lanes by itself stands alone.
class LanesView : public View {
 public:
  explicit LanesView(const ViewInfo& info);

  bool showsAllLanes() const override { return true; }
  std::vector<ViewOption> options() const override;
  bool setOption(const QString& id, const QString& value) override;
  void present(const SessionSnapshot& session, const Selection& selection) override;
  void paint(QPainter& painter, const QRectF& area, const Theme& theme) override;
  std::optional<Hit> hitTest(QPointF point) const override;
  QString zoomed() const override { return m_columns.front().view->zoomed(); }
  bool setZoomed(const QString& zoomed) override;
  /// Every lane's tables, each named after its lane.
  std::vector<NamedTable> tables() const override;
  QString description() const override;

 private:
  bool isOnePicture() const { return m_columns.front().view->showsAllLanes(); }
  /// Equal colours are equal numbers in all lanes.
  void shareScales();

  struct Column {
    std::unique_ptr<View> view;
    QString label;
    QRectF area;
  };

  const ViewInfo& m_info;
  std::vector<std::pair<QString, QString>> m_settings;
  std::vector<Column> m_columns;  ///< at least one, so that there are options before there is a session
};

}  // namespace decodescope
