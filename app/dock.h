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
  /// Without its title bar a dock leaves a few more lines to its content.
  void setTitleShown(bool shown);

 private:
  QWidget* m_bar;
  QLabel* m_title;
  QToolButton* m_float;
  QToolButton* m_close;
};

}  // namespace decodescope
