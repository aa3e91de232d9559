#pragma once

#include "views/theme.h"

#include <QDialog>
#include <QStringList>

class QGridLayout;
class QMenu;
class QMenuBar;

namespace decodescope {

/// Every key of the window: those of the menus as they are, and what tokens, map, views and inspector do with
/// theirs.
class ShortcutOverview : public QDialog {
  Q_OBJECT

 public:
  ShortcutOverview(const QMenuBar* menus, QWidget* parent);
  void applyTheme(const Theme& theme);

 private:
  void addMenu(const QMenu* menu);
  void addPlaces();
  void addGroup(const QString& title, const QList<std::pair<QString, QString>>& rows);

  QWidget* m_page;
  QList<QGridLayout*> m_columns;
  QList<int> m_used;  ///< rows of each column
};

}  // namespace decodescope
