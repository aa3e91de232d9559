#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace decodescope::test {

/// The project's root, absolute.
std::filesystem::path sourceDir();

/// A file or folder of the tests' own, by its path below tests/: "golden/llama_gqa/config.json".
std::string testPath(const std::string& relative);

/// A fresh empty folder, removed with everything in it when the object goes.
class TemporaryDir {
 public:
  TemporaryDir();
  ~TemporaryDir();
  TemporaryDir(const TemporaryDir&) = delete;
  TemporaryDir& operator=(const TemporaryDir&) = delete;

  const std::filesystem::path& path() const { return m_path; }
  /// A path inside the folder.
  std::string file(const std::string& name) const { return (m_path / name).string(); }
  /// Writes a file inside the folder, making those on its way. Returns its path.
  std::string write(const std::string& name, std::string_view bytes) const;

 private:
  std::filesystem::path m_path;
};

/// The whole content of a file; empty when it cannot be read.
std::string readAll(const std::string& path);

}  // namespace decodescope::test
