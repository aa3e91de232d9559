#pragma once

#include <QPointF>

#include <functional>
#include <vector>

class QWidget;

namespace decodescope {

class BenchWindow;
class TimedApplication;

/// Wall and processor time of every frame. The processor's is that of the calling thread: what the window
/// itself needs, whatever else the machine does.
class Frames {
 public:
  explicit Frames(TimedApplication& application) : m_application(application) {}

  /// What `input` does, until everything that follows from it has been painted. No frame when nothing is.
  void time(const std::function<void()>& input);
  /// Moves the pointer along a path that crosses rows and columns unevenly, and away.
  void timePointing(QWidget& canvas, int moves);
  /// Pulls the slider of the steps from the last to the first and back; false where there is none.
  bool timeScrubbing(BenchWindow& bench);
  /// Prints and forgets them; says nothing where there were none and none was missed.
  void print(const char* what);

 private:
  TimedApplication& m_application;
  std::vector<double> m_wall, m_processor;  ///< milliseconds
  double m_slowestWithout = 0;              ///< of the inputs that changed nothing
};

/// The value that this share of them does not exceed; 0 without any.
double quantile(std::vector<double> values, double share);

}  // namespace decodescope
