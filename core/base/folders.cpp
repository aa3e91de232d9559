#include "core/base/folders.h"

#include <filesystem>
#include <system_error>

namespace decodescope {

Result<void> makeFolders(const std::string& path) {
  std::error_code failure;
  // A trailing slash would make the last name empty, and that "folder" is never made.
  std::filesystem::path folder(path);
  if (!folder.has_filename()) folder = folder.parent_path();
  std::filesystem::create_directories(folder, failure);
  if (failure) return Error{.file = path, .what = "the folder cannot be made: " + failure.message()};
  if (!std::filesystem::is_directory(folder, failure)) return Error{.file = path, .what = "is not a folder"};
  return {};
}

}  // namespace decodescope
