#include "core/formats/file_kind.h"
#include "core/formats/gguf_model.h"
#include "core/formats/hf_folder.h"
#include "core/formats/llama2c.h"
#include "core/formats/loaded_model.h"

#include <cerrno>
#include <string_view>
#include <sys/stat.h>
#include <system_error>

namespace decodescope {
namespace {

bool isFolder(const std::string& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// The folder that a path to one of its files means; empty when the path is neither folder nor such a file.
std::string hfFolderOf(std::string path) {
  if (isFolder(path)) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return path;
  }
  const std::size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name != "config.json" && name != "model.safetensors.index.json" && !name.ends_with(".safetensors"))
    return {};
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

struct FormatRow {
  std::string_view id;
  std::string_view title;  ///< as in "allowed …"
  bool (*matches)(const std::string& path);
  Result<LoadedModelPtr> (*load)(const std::string& path, const LoadProgress& progress,
                                 const std::string& tokenizer);
};

constexpr FormatRow kFormats[] = {
    {"huggingface", "a Hugging Face folder (or its config.json or a .safetensors)",
     [](const std::string& path) { return !hfFolderOf(path).empty(); },
     [](const std::string& path, const LoadProgress& progress, const std::string& tokenizer) {
       return loadHfFolder(hfFolderOf(path), progress, tokenizer);
     }},
    {"gguf", "a GGUF file (.gguf)",
     [](const std::string& path) {
       return path.ends_with(".gguf") || fileStart(path, 4) == "GGUF" || fileStart(path, 4) == "FUGG";
     },
     loadGguf},
    // Last, because version 0 has no magic: any file of that name is taken for one, and checked.
    {"llama2c", "a llama2.c checkpoint (.bin)",
     [](const std::string& path) { return path.ends_with(".bin") || hasLlama2cMagic(fileStart(path, 4)); },
     loadLlama2c},
};

}  // namespace

Result<LoadedModelPtr> loadModel(const std::string& path, const LoadProgress& progress,
                                 const std::string& tokenizer) {
  Error error;
  error.file = path;
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) {
    error.what = errno == ENOENT ? "no such file or folder"
                                 : "cannot be opened: " + std::generic_category().message(errno);
    return error;
  }
  if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)) {
    error.what = "not a file or folder that can hold a model";
    return error;
  }
  for (const FormatRow& format : kFormats) {
    if (format.matches(path)) return format.load(path, progress, tokenizer);
    error.allowed += (error.allowed.empty() ? "" : "; ") + std::string(format.title);
  }
  error.what = "unknown kind of model file";
  error.found = describeStart(fileStart(path, 64));
  return error;
}

}  // namespace decodescope
