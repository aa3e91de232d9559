#pragma once

#ifndef Q_MOC_RUN  // moc 6.4 cannot read the concepts of libstdc++ 12
#include "core/decode/run_snapshot.h"
#endif
#include "views/theme.h"

#include <QDialog>
#include <QString>

#include <array>

class QGridLayout;
class QLabel;
class QProgressBar;
class QPushButton;
class QSpinBox;

namespace decodescope {

class SessionController;

/// "12.345 ms", "1.234 s": to the microsecond below a second, to the millisecond above.
QString clockText(std::uint64_t nanoseconds);

/// What came of a race in a sentence: "Without the cache it took 3.4 times as long and 51 times the
/// multiplications."; what stopped it where it did not end.
QString raceResult(const RaceProgress& race);

/// Its numbers as tab-separated lines with a heading, for a spreadsheet.
QString raceTable(const RaceProgress& race);

/// The same tokens with and without the KV cache, against the clock. Stays open beside the window, which goes
/// on working; closing it ends a race that runs.
class RaceDialog : public QDialog {
  Q_OBJECT

 public:
  RaceDialog(SessionController& controller, int tokens, QWidget* parent);
  void applyTheme(const Theme& theme);
  int tokens() const;
  void done(int result) override;

 signals:
  void message(const QString& text);

 private:
  struct Runner {
    QLabel* clock;
    QProgressBar* progress;
    QLabel* facts;
  };
  Runner makeRunner(const QString& name, int row, QGridLayout* grid);
  void startOrStop();
  void refresh();
  void showRunner(const Runner& widgets, const RaceRunner* runner, int target);
  void copyNumbers() const;
  bool isRunning() const;

  SessionController& m_controller;
  QLabel* m_what;
  QSpinBox* m_tokens;
  QPushButton* m_start;
  std::array<Runner, 2> m_runners;
  QLabel* m_result;
  QLabel* m_measured;
  QPushButton* m_copy;
  std::shared_ptr<const RaceProgress> m_before;  ///< the race that was known when this one was asked for
  bool m_asked = false;                          ///< and has not begun
  bool m_stopped = false;
};

}  // namespace decodescope
