#pragma once

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

 protected:
  void showEvent(QShowEvent* event) override;

 private:
  void refreshSoon();
  void refresh();

  SessionController& m_controller;
  Theme m_theme;
  bool m_pending = false;
};

}  // namespace decodescope
