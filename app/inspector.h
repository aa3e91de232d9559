#pragma once

#ifndef Q_MOC_RUN  // moc 6.4 cannot read the concepts of libstdc++ 12
#include "core/explain/explanation.h"
#include "views/view.h"
#endif

#include <QElapsedTimer>
#include <QTextBrowser>

#include <optional>
#include <vector>

namespace decodescope {

class SessionController;

/// Explains the selected or pointed-at number. Links lead to its operands and back; Left and Right go along
/// the row. Only the newest number is written out, once the event loop is idle.
class Inspector : public QTextBrowser {
  Q_OBJECT

 public:
  explicit Inspector(SessionController& controller, QWidget* parent = nullptr);
  void applyTheme(const Theme& theme);

 signals:
  void message(const QString& text);

 protected:
  void showEvent(QShowEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;

 private:
  void refreshSoon();
  void follow(const QUrl& link);
  void goBack();
  void copyCode(bool torch);
  void moveAlongRow(int by);
  void refresh();
  std::optional<Explanation> explanation() const;

  SessionController& m_controller;
  Theme m_theme;
  bool m_pending = false;
  QElapsedTimer m_sinceWritten;
  std::vector<NumberPlace> m_visited;  ///< where links were followed from
  NumberPlace m_followedTo;            ///< the way back is forgotten once something else is selected
  QString m_shown;
};

}  // namespace decodescope
