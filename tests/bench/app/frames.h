#pragma once

#include <QString>

namespace decodescope {

class TimedApplication;

/// Scrubs through 256 steps and moves the pointer over each view that the default workspace shows, at
/// 1440×900: how long the window needs for each frame. 0 unless the window did not come up.
int timeFrames(TimedApplication& application, const QString& model);

}  // namespace decodescope
