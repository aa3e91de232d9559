#include "app/cli/subcommand.h"

#include <cstdio>

namespace decodescope {

int reportError(const Error& error, ExitStatus status) {
  std::fprintf(stderr, "decodescope: %s\n", error.message().c_str());
  return status;
}

int printResult(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
    return kExitDone;
  return reportError(Error{.file = "stdout", .what = "cannot be written"}, kExitInputAtFault);
}

std::string versionLine() {
  return "decodescope " DECODESCOPE_VERSION;
}

}  // namespace decodescope
