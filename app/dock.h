#pragma once

#include "views/theme.h"

#include <QDockWidget>

class QLabel;
class QToolButton;

namespace decodescope {

/// A dock with a title bar of ours: a name and two quiet buttons, everything scaled and reachable by
/// keyboard.
class Dock : public QDockWidget {
  Q_OBJECT

 public:
  /// `id` names the dock in the remembered layout.
  Dock(const QString& id, const QString& title, QWidget* content, QWidget* parent = nullptr);
  void applyTheme(const Theme& theme);
  /// A tool bar in the title bar: between name and buttons where there is room or the name is not shown, else
  /// below them.
  void setHeader(QWidget* header);
  /// Without its name and buttons a dock leaves a few more lines to its content; a header stays.
  void setTitleShown(bool shown);
  /// Behind others the tab says the name already.
  void setTabbed(bool tabbed);

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  void refreshBar();
  void placeHeader();

  QWidget* m_bar;
  QLabel* m_title;
  QToolButton* m_float;
  QToolButton* m_close;
  QWidget* m_header = nullptr;
  bool m_headerBelow = false;
  bool m_titleShown = true;
  bool m_tabbed = false;
};

}  // namespace decodescope
