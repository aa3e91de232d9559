#pragma once

#include "core/base/result.h"

#include <string>
#include <string_view>

namespace decodescope {

/// A file that appears whole or not at all: bytes go to a temporary file in the same folder, commit() brings
/// them to the disk (fsync) and renames. Without commit() the temporary file is removed and the old content
/// stays. A target that exists and is not a regular file (a folder, /dev/null) is refused; a symbolic link is
/// followed.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::string& path);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  Result<void> write(std::string_view bytes);
  /// Nothing can be written afterwards.
  Result<void> commit();

 private:
  AtomicFile(std::string path, std::string target, std::string temporary, int descriptor);

  std::string m_path;    // as the caller gave it, for messages
  std::string m_target;  // with symbolic links followed
  std::string m_temporary;
  int m_descriptor = -1;
};

/// Writes the whole file through AtomicFile.
Result<void> writeFileAtomically(const std::string& path, std::string_view bytes);

}  // namespace decodescope
