#include "tests/core/explain/python.h"

#include "tests/support/paths.h"

#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>

namespace decodescope::test {

std::vector<std::string> pythonSays(const std::string& code) {
  const TemporaryDir dir;
  std::ofstream(dir.file("snippets.py")) << code;
  std::FILE* pipe = popen(("/usr/bin/python3 '" + dir.file("snippets.py") + "' 2>&1").c_str(), "r");
  std::vector<std::string> lines;
  char line[4096] = "";
  while (std::fgets(line, sizeof(line), pipe)) lines.emplace_back(line);
  EXPECT_EQ(pclose(pipe), 0) << (lines.empty() ? "" : lines.back()) << code;
  return lines;
}

}  // namespace decodescope::test
