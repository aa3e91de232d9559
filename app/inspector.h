#pragma once

#ifndef Q_MOC_RUN  // moc 6.4 cannot read the concepts of libstdc++ 12
#include "core/trace/site.h"
#endif
#include "views/theme.h"

#include <QTextBrowser>

namespace decodescope {

class SessionController;

/// Explains the selected or pointed-at number. Only the newest selection is written out, once the event loop
/// is idle.
class Inspector : public QTextBrowser {
  Q_OBJECT

 public:
  explicit Inspector(SessionController& controller, QWidget* parent = nullptr);
  void applyTheme(const Theme& theme);

 signals:
  void message(const QString& text);

 protected:
  void showEvent(QShowEvent* event) override;

 private:
  void refreshSoon();
  void follow(const QUrl& link);
  void refresh();

  SessionController& m_controller;
  Theme m_theme;
  bool m_pending = false;
  Site m_site = Site::weights;
  int m_element = -1;  ///< which number of the row is explained; −1: see inspectedCell()
};

}  // namespace decodescope
