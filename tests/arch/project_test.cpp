// Rules for the project as a whole: every test is built, every view is registered, and nothing leans on a
// file outside the project.

#include "tests/arch/source_tree.h"
#include "tests/support/paths.h"

#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <set>
#include <string>

namespace decodescope::test {
namespace {

bool endsWith(const std::string& text, const std::string& suffix) {
  return text.size() >= suffix.size() &&
         text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

TEST(Project, EveryTestSourceIsBuilt) {
  std::set<std::string> built;
  std::ifstream list(DECODESCOPE_BUILD_DIR "/built_test_sources.txt");
  ASSERT_TRUE(list.good());
  for (std::string line; std::getline(list, line);) {
    if (!line.empty())
      built.insert(std::filesystem::path(line).lexically_relative(sourceDir()).generic_string());
  }
  int seen = 0;
  for (const auto& [path, file] : readSourceTree("tests")) {
    if (!endsWith(path, "_test.cpp")) continue;
    const std::string folder = topFolder(path, 2);
    if (!DECODESCOPE_BUILDS_GUI && (folder == "tests/views" || folder == "tests/app")) continue;
    ++seen;
    EXPECT_TRUE(built.contains(path)) << path << " is in no test binary";
  }
  EXPECT_GT(seen, 0);
}

TEST(Project, EverySourceThatHoldsTestsIsNamedOne) {
  static const std::regex kMacro(R"((?:^|\n)(?:TEST|TEST_F|TEST_P|RC_GTEST_PROP)\()");
  for (const auto& [path, file] : readSourceTree("tests")) {
    if (!endsWith(path, ".cpp") || !std::regex_search(file.text, kMacro)) continue;
    EXPECT_TRUE(endsWith(path, "_test.cpp")) << path;
  }
}

TEST(Project, EveryViewFolderIsRegistered) {
  const auto files = readSourceTree("views");
  std::set<std::string> folders;
  for (const auto& [path, file] : files) {
    if (endsWith(path, "_view.cpp") && !topFolder(path, 2).empty()) folders.insert(topFolder(path, 2));
  }
  ASSERT_FALSE(folders.empty());
  ASSERT_TRUE(files.contains("views/registry.cpp"));
  std::set<std::string> registered;
  for (const std::string& include : files.at("views/registry.cpp").includes)
    registered.insert(topFolder(include, 2));
  for (const std::string& folder : folders)
    EXPECT_TRUE(registered.contains(folder)) << folder << " has no row in views/registry.cpp";
}

TEST(Project, HeadersAreIncludedOnce) {
  for (const char* folder : {"core", "views", "app", "tests"}) {
    for (const auto& [path, file] : readSourceTree(folder)) {
      if (!endsWith(path, ".h")) continue;
      EXPECT_NE(file.text.find("#pragma once"), std::string::npos) << path;
    }
  }
}

TEST(Project, NothingLeansOnAFileOutside) {
  // Put together here, so that this file does not mention them either.
  const std::string workshop = std::string("/") + "work";
  const std::regex outside("(^|[^A-Za-z0-9_.])" + workshop + "(/|\\b)|\\.\\./" + "shared");
  for (const auto& [path, file] : readSourceTree(""))
    EXPECT_FALSE(std::regex_search(file.text, outside)) << path;
}

}  // namespace
}  // namespace decodescope::test
