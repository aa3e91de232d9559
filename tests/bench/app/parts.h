#pragma once

#include <QString>

namespace decodescope {

class TimedApplication;

// The parts of the benchmark. Each prints its lines and returns 0 unless the window did not come up.

/// From the press of Space to the painted new token.
int timeKeyPresses(TimedApplication& application, const QString& model);
/// Scrubbing through 256 steps, and pointing and walking through the operations there, in the default
/// workspace.
int timeFrames(TimedApplication& application, const QString& model);
/// Pointing at every view of the registry, with each choice of its settings, at 300 tokens.
int timeViews(TimedApplication& application, const QString& model);
/// Steps a second while playing as fast as it goes: one lane, two, and the four of "MHA · GQA · MQA · MLA".
int timeLanes(TimedApplication& application, const QString& model);
/// From the start of the process to its first painted window and to its first step; `program` is this one.
int timeStarts(const QString& program);
/// Opening a large model as a user does, calling that off, and stepping it: how long the window does not
/// answer, and what memory it takes.
int timeLoading(TimedApplication& application, const QString& path);
/// What timeStarts() starts.
int startOnce(int argc, char** argv);

}  // namespace decodescope
