#pragma once

#include "app/main_window.h"
#include "app/session_controller.h"
#include "app/settings.h"

#include <QString>

#include <functional>

namespace decodescope {

/// The program's window at 1440×900 with a model opened; a run in it never ends by itself.
class BenchWindow {
 public:
  /// The default model when `model` is empty.
  explicit BenchWindow(const QString& model);

  SessionController& controller() { return m_controller; }
  MainWindow& window() { return m_window; }
  int steps() const;
  int tokens() const;

  /// Until a step is there and nothing runs any more; false after a minute.
  bool waitUntilIdle();
  /// Lets the loop turn until this holds; false after a minute.
  bool waitFor(const std::function<bool()>& done);
  /// Plays as fast as it goes until this holds; false when the run ended before.
  bool playUntil(const std::function<bool()>& done);

 private:
  Settings m_settings;
  SessionController m_controller;
  MainWindow m_window;
};

/// Lets what is still to come (timers, deferred layouts) happen.
void settle();

}  // namespace decodescope
