#pragma once

#include <QApplication>
#include <QElapsedTimer>

#include <algorithm>
#include <time.h>

namespace decodescope {

/// Knows the longest time that one event kept the thread, on the clock and of the processor (which a busy
/// machine does not lengthen), and how many paint events came.
class TimedApplication : public QApplication {
 public:
  using QApplication::QApplication;

  bool notify(QObject* receiver, QEvent* event) override {
    if (event->type() == QEvent::Paint) ++m_paints;
    if (m_depth > 0) return QApplication::notify(receiver, event);
    QElapsedTimer timer;
    timer.start();
    const qint64 began = processorNanoseconds();
    ++m_depth;
    const bool accepted = QApplication::notify(receiver, event);
    --m_depth;
    m_longest = std::max(m_longest, timer.nsecsElapsed());
    m_longestWork = std::max(m_longestWork, processorNanoseconds() - began);
    return accepted;
  }

  int paints() const { return m_paints; }
  double longestMilliseconds() const { return static_cast<double>(m_longest) / 1e6; }
  double longestWorkMilliseconds() const { return static_cast<double>(m_longestWork) / 1e6; }
  void forgetLongest() { m_longest = m_longestWork = 0; }

 private:
  static qint64 processorNanoseconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return qint64{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  }

  int m_depth = 0;
  int m_paints = 0;
  qint64 m_longest = 0;
  qint64 m_longestWork = 0;
};

}  // namespace decodescope
