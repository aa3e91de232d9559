#pragma once

#include <map>
#include <string>
#include <vector>

namespace decodescope::test {

/// A text file of the project.
struct SourceFile {
  std::string path;  ///< below the root: "core/base/result.h"
  std::string text;
  std::vector<std::string> includes;  ///< what stands between the quotes or brackets of its #include lines
};

/// Every text file below the root's `folder` ("" is the whole project), by path; build/, out/, .git/ and
/// caches left out.
std::map<std::string, SourceFile> readSourceTree(const std::string& folder);

/// The part of a path before the n-th slash from the left: topFolder("core/base/result.h", 2) is "core/base".
/// Empty when there are fewer slashes.
std::string topFolder(const std::string& path, int slashes);

}  // namespace decodescope::test
