#pragma once

#include "core/base/result.h"

#include <span>
#include <string>

namespace decodescope {

/// How a subcommand ends: the program's exit status.
enum ExitStatus : int {
  kExitDone = 0,
  kExitInputAtFault = 1,  ///< a file, a prompt, a disk that is full
  kExitCallAtFault = 2,   ///< the options
  kExitInterrupted = 130  ///< Ctrl-C, as a shell reports it
};

/// One row of the table in app/main.cpp.
struct Subcommand {
  const char* name;
  const char* summary;  ///< for `decodescope --help`, one line
  /// Words after the subcommand's name. Results on stdout, diagnostics on stderr; opens no window. Returns
  /// the exit status.
  int (*run)(std::span<const std::string> words);
};

/// Prints `decodescope: …` on stderr, one line, and returns the status.
int reportError(const Error& error, ExitStatus status);

/// Prints a result on stdout, as it is. Returns the exit status: a full disk or a closed pipe is an error
/// too.
int printResult(const std::string& text);

/// `decodescope 0.1.0`, as --version prints it.
std::string versionLine();

}  // namespace decodescope
