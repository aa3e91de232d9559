#pragma once

#include "core/base/result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace decodescope {

/// A regular file opened for reading. A missing file, a folder, a FIFO, a device and an empty file are
/// errors; opening never waits. Reads take their own offset, so that several threads may share one.
class RegularFile {
 public:
  static Result<RegularFile> open(const std::string& path);

  RegularFile(RegularFile&& other) noexcept;
  RegularFile& operator=(RegularFile&& other) noexcept;
  ~RegularFile();

  const std::string& path() const { return m_path; }
  /// Bytes in the file when it was opened, at least 1.
  std::uint64_t size() const { return m_size; }

  /// Fills `out` with the bytes from `offset` on; an error when the file ends before (it was cut meanwhile).
  Result<void> readAt(std::uint64_t offset, std::span<std::byte> out) const;

  /// An error when the file's size or time stamp are no longer those of its opening: somebody writes into it.
  Result<void> checkUnchanged() const;
  /// The same open file for another owner.
  Result<RegularFile> again() const;
  /// Its size() bytes, mapped for reading; nullptr with errno when that fails. To be unmapped by the caller.
  void* map() const;

 private:
  RegularFile(std::string path, int descriptor);

  std::string m_path;
  int m_descriptor = -1;
  std::uint64_t m_size = 0;
  std::int64_t m_changedAt = 0;  ///< ns since 1970, as the file system counts
};

/// The whole content of a regular file of 1 to `limit` bytes.
Result<std::string> readWholeFile(const std::string& path, std::uint64_t limit);

/// Whether anything has this name, a link that leads nowhere included: opening that says what is wrong with
/// it.
bool pathExists(const std::string& path);

}  // namespace decodescope
