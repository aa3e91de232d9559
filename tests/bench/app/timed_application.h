#pragma once

#include <QApplication>
#include <QElapsedTimer>

#include <algorithm>

namespace decodescope {

/// Knows the longest time that one event kept the thread, and how many paint events came.
class TimedApplication : public QApplication {
 public:
  using QApplication::QApplication;

  bool notify(QObject* receiver, QEvent* event) override {
    if (event->type() == QEvent::Paint) ++m_paints;
    if (m_depth > 0) return QApplication::notify(receiver, event);
    QElapsedTimer timer;
    timer.start();
    ++m_depth;
    const bool accepted = QApplication::notify(receiver, event);
    --m_depth;
    m_longest = std::max(m_longest, timer.nsecsElapsed());
    return accepted;
  }

  int paints() const { return m_paints; }
  double longestMilliseconds() const { return static_cast<double>(m_longest) / 1e6; }
  void forgetLongest() { m_longest = 0; }

 private:
  int m_depth = 0;
  int m_paints = 0;
  qint64 m_longest = 0;
};

}  // namespace decodescope
