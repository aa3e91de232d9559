#pragma once

namespace decodescope {

/// Opens the window, on the model that is named on the command line or else on the one used last. Returns the
/// exit code: 2 when there are words that it does not know.
int runWindow(int argc, char** argv);

}  // namespace decodescope
