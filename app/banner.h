#pragma once

#include "views/theme.h"

#include <QFrame>

#include <functional>
#include <utility>
#include <vector>

class QHBoxLayout;
class QLabel;
class QProgressBar;
class QPushButton;
class QToolButton;

namespace decodescope {

/// One line between the tokens and the views: a hint, a warning, an error or the progress of a load, with
/// what can be done about it. Stays until dismissed or replaced.
class Banner : public QFrame {
  Q_OBJECT

 public:
  enum class Kind { hint, warning, error, progress };
  using Action = std::pair<QString, std::function<void()>>;

  explicit Banner(QWidget* parent = nullptr);

  void showMessage(Kind kind, const QString& text, const std::vector<Action>& actions = {});
  /// `fraction` 0 … 1, below 0 unknown.
  void setProgress(double fraction);
  Kind kind() const { return m_kind; }
  QString text() const;
  void applyTheme(const Theme& theme);

 signals:
  void dismissed(Banner::Kind kind);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  void clearActions();

  Kind m_kind = Kind::hint;
  Theme m_theme;
  QLabel* m_icon;
  QLabel* m_text;
  QProgressBar* m_progress;
  QHBoxLayout* m_actions;  ///< beside the text
  QWidget* m_belowRow;     ///< hidden but for these; an empty layout would keep the text narrow
  QHBoxLayout* m_below;    ///< the same below a long text
  QToolButton* m_close;
};

}  // namespace decodescope
