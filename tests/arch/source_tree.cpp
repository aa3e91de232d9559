#include "tests/arch/source_tree.h"

#include "tests/support/paths.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

namespace decodescope::test {
namespace fs = std::filesystem;
namespace {

bool isSkipped(const std::string& name) {
  static const std::set<std::string> kSkipped = {"build",   "out",   ".git",       ".cache",
                                                 ".vscode", ".idea", "__pycache__"};
  return kSkipped.contains(name);
}

std::vector<std::string> includesOf(const std::string& text) {
  static const std::regex kInclude(R"re((?:^|\n)[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)[>"])re");
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), kInclude), end; it != end; ++it)
    found.push_back((*it)[1].str());
  return found;
}

}  // namespace

std::map<std::string, SourceFile> readSourceTree(const std::string& folder) {
  std::map<std::string, SourceFile> files;
  const fs::path root = sourceDir();
  if (!fs::is_directory(root / folder)) return files;
  for (fs::recursive_directory_iterator it(root / folder), end; it != end; ++it) {
    if (isSkipped(it->path().filename().string())) {
      it.disable_recursion_pending();
      continue;
    }
    if (!it->is_regular_file()) continue;
    std::ifstream in(it->path(), std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (text.find('\0') != std::string::npos) continue;  // weights, pictures
    SourceFile file;
    file.path = it->path().lexically_relative(root).generic_string();
    const std::string extension = it->path().extension().string();
    if (extension == ".cpp" || extension == ".h") file.includes = includesOf(text);
    file.text = std::move(text);
    files.emplace(file.path, std::move(file));
  }
  return files;
}

std::string topFolder(const std::string& path, int slashes) {
  std::size_t at = std::string::npos;
  for (std::size_t from = 0; slashes > 0; --slashes) {
    at = path.find('/', from);
    if (at == std::string::npos) return {};
    from = at + 1;
  }
  return path.substr(0, at);
}

}  // namespace decodescope::test
