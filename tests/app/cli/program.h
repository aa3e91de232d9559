#pragma once

#include <string>
#include <vector>

namespace decodescope::test {

/// What a call of the program left behind.
struct Outcome {
  int status = -1;    ///< exit status; −1 when a signal ended it
  std::string out;    ///< stdout
  std::string error;  ///< stderr
};

/// Runs the program with these arguments and waits. No display is offered, and LANG is C: a subcommand needs
/// neither.
Outcome runProgram(const std::vector<std::string>& arguments);
/// The same, stdout going to a file that exists, such as /dev/full.
Outcome runProgramInto(const std::string& file, const std::vector<std::string>& arguments);

}  // namespace decodescope::test
