#pragma once

#include <QIcon>

namespace decodescope {

enum class Icon {
  restart,
  stepBack,
  stepOver,
  stageBack,
  stageForward,
  stageOut,
  play,
  pause,
  open,
  close,
  floatDock,
  sliders,
  heads,
  hint,
  warning,
  error,
  exportView,
  compare,
};

/// Drawn by the program in the colours of the current palette: sharp at every scale, right in light and dark,
/// no image plug-in.
QIcon icon(Icon which);

}  // namespace decodescope
