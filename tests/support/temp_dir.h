#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace decodescope {

/// A folder of its own for one test, removed with all it holds at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return m_path; }
  std::string operator/(std::string_view name) const { return m_path + "/" + std::string(name); }

  /// Writes a file, making the folders on the way. Returns its path.
  std::string write(std::string_view name, std::string_view bytes) const;

 private:
  std::string m_path;
};

/// The whole content of a file; empty when it cannot be read.
std::string readAll(const std::string& path);

}  // namespace decodescope
