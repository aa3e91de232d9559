#include "core/base/assets.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace decodescope {
namespace fs = std::filesystem;
namespace {

bool isFolder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

}  // namespace

Result<std::string> assetsDir() {
  if (const char* named = std::getenv("DECODESCOPE_ASSETS"); named != nullptr && *named != '\0') {
    if (isFolder(named)) return std::string(named);
    return Error{.file = named, .field = "DECODESCOPE_ASSETS", .what = "is not a folder"};
  }
  std::error_code unreadable;
  const fs::path program = fs::read_symlink("/proc/self/exe", unreadable);
  if (!unreadable) {
    for (const char* relative : {"../../assets", "../share/decodescope/assets"}) {
      const fs::path candidate = (program.parent_path() / relative).lexically_normal();
      if (isFolder(candidate)) return candidate.string();
    }
  }
  if (isFolder(DECODESCOPE_SOURCE_ASSETS)) return std::string(DECODESCOPE_SOURCE_ASSETS);
  return Error{.what = "the assets folder was not found; set DECODESCOPE_ASSETS to it"};
}

Result<std::string> defaultModelPath() {
  DECODESCOPE_TRY(const std::string assets, assetsDir());
  const fs::path models = fs::path(assets) / "models";
  const fs::path list = models / "default";
  std::ifstream in(list);
  std::string name;
  if (!in || !std::getline(in, name) || name.empty())
    return Error{.file = list.string(), .what = "cannot be read: it names the default model's folder"};
  return (models / name).string();
}

}  // namespace decodescope
