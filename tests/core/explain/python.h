#pragma once

#include <string>
#include <vector>

namespace decodescope::test {

/// Runs a Python program and returns what it prints, line by line; a failure of the test when it fails.
std::vector<std::string> pythonSays(const std::string& code);

}  // namespace decodescope::test
