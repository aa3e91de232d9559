// Which file may include which: app → views → core, inside core only downwards, nowhere in a circle, and no
// Qt in core.

#include "tests/arch/source_tree.h"

#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <regex>
#include <string>
#include <vector>

namespace decodescope::test {
namespace {

/// Core's folders from the ground up; those of one number stand side by side.
const std::map<std::string, int>& coreLevels() {
  static const std::map<std::string, int> kLevels = {
      {"core/base", 0},   {"core/model", 1}, {"core/ops", 1},     {"core/tokenizer", 1},
      {"core/trace", 2},  {"core/cost", 2},  {"core/formats", 2}, {"core/attention", 3},
      {"core/decode", 4}, {"core/train", 5}, {"core/explain", 5},
  };
  return kLevels;
}

bool isQtInclude(const std::string& include) {
  static const std::regex kQt(R"((Q[A-Za-z0-9]*|Qt[A-Za-z0-9]*/.*|qcustomplot\.h|q[a-z]+\.h))");
  return std::regex_match(include, kQt);
}

bool startsWith(const std::string& text, const char* prefix) {
  return text.rfind(prefix, 0) == 0;
}

TEST(Includes, QtIsRecognised) {
  for (const char* include : {"QString", "QtGlobal", "QtCore/QString", "qcustomplot.h", "qglobal.h"})
    EXPECT_TRUE(isQtInclude(include)) << include;
  for (const char* include : {"core/base/result.h", "vector", "quantity/q.h", "queue", "Eigen/Core"})
    EXPECT_FALSE(isQtInclude(include)) << include;
}

TEST(Includes, CoreHasNoQt) {
  const auto files = readSourceTree("core");
  ASSERT_FALSE(files.empty());
  for (const auto& [path, file] : files) {
    for (const std::string& include : file.includes)
      EXPECT_FALSE(isQtInclude(include)) << path << " includes " << include;
  }
}

TEST(Includes, ArrowsRunFromAppToViewsToCore) {
  for (const auto& [path, file] : readSourceTree("core")) {
    for (const std::string& include : file.includes)
      EXPECT_FALSE(startsWith(include, "views/") || startsWith(include, "app/"))
          << path << " includes " << include;
  }
  for (const auto& [path, file] : readSourceTree("views")) {
    for (const std::string& include : file.includes)
      EXPECT_FALSE(startsWith(include, "app/")) << path << " includes " << include;
  }
  for (const char* folder : {"core", "views", "app"}) {
    for (const auto& [path, file] : readSourceTree(folder)) {
      for (const std::string& include : file.includes)
        EXPECT_FALSE(startsWith(include, "tests/")) << path << " includes " << include;
    }
  }
}

TEST(Includes, OurFilesAreNamedFromTheRoot) {
  const auto files = readSourceTree("");
  for (const auto& [path, file] : files) {
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    for (const std::string& include : file.includes) {
      EXPECT_FALSE(startsWith(include, "..")) << path << " includes " << include;
      const bool besides = files.contains(folder + include) && !files.contains(include);
      EXPECT_FALSE(besides) << path << " includes " << include << ", which should be " << folder + include;
    }
  }
}

TEST(Includes, CoreNeverPointsUpItsList) {
  for (const auto& [path, file] : readSourceTree("core")) {
    const std::string folder = topFolder(path, 2);
    if (folder.empty()) continue;  // core/README.md and the like
    ASSERT_TRUE(coreLevels().contains(folder)) << folder << " is not in the list of core's folders";
    for (const std::string& include : file.includes) {
      if (!startsWith(include, "core/")) continue;
      const std::string target = topFolder(include, 2);
      ASSERT_TRUE(coreLevels().contains(target)) << path << " includes " << include;
      EXPECT_LE(coreLevels().at(target), coreLevels().at(folder)) << path << " points up at " << include;
    }
  }
}

TEST(Includes, EveryIncludedFileOfOursExists) {
  const auto files = readSourceTree("");
  for (const auto& [path, file] : files) {
    for (const std::string& include : file.includes) {
      const std::string top = topFolder(include, 1);
      if (top == "core" || top == "views" || top == "app" || top == "tests")
        EXPECT_TRUE(files.contains(include)) << path << " includes " << include;
    }
  }
}

/// A circle in the graph, its first node repeated at the end; empty when there is none.
std::vector<std::string> findCircle(const std::map<std::string, std::vector<std::string>>& graph) {
  enum class Mark { fresh, open, done };
  std::map<std::string, Mark> marks;
  std::vector<std::string> path;
  std::vector<std::string> circle;
  const std::function<bool(const std::string&)> visit = [&](const std::string& node) {
    marks[node] = Mark::open;
    path.push_back(node);
    if (const auto edges = graph.find(node); edges != graph.end()) {
      for (const std::string& next : edges->second) {
        if (marks[next] == Mark::open) {
          auto first = path.begin();
          while (*first != next) ++first;
          circle.assign(first, path.end());
          circle.push_back(next);
          return true;
        }
        if (marks[next] == Mark::fresh && visit(next)) return true;
      }
    }
    path.pop_back();
    marks[node] = Mark::done;
    return false;
  };
  for (const auto& [node, edges] : graph) {
    if (marks[node] == Mark::fresh && visit(node)) break;
  }
  return circle;
}

TEST(Includes, CirclesAreFound) {
  EXPECT_TRUE(findCircle({{"a", {"b", "c"}}, {"b", {"c"}}, {"c", {}}}).empty());
  const std::vector<std::string> expected = {"b", "c", "b"};
  EXPECT_EQ(findCircle({{"a", {"b"}}, {"b", {"c"}}, {"c", {"b"}}}), expected);
}

TEST(Includes, NoFilesIncludeEachOtherInACircle) {
  std::map<std::string, std::vector<std::string>> graph;
  for (const auto& [path, file] : readSourceTree("")) graph[path] = file.includes;
  std::string shown;
  for (const std::string& path : findCircle(graph)) shown += path + "\n";
  EXPECT_EQ(shown, "");
}

}  // namespace
}  // namespace decodescope::test
