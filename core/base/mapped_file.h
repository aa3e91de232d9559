#pragma once

#include "core/base/file_bytes.h"

#include <cstddef>
#include <memory>
#include <span>

namespace decodescope {

/// A file's bytes in the address space, read where they lie. Whoever reads must be ready for another program
/// to write into the file: bytes may change at any time, and where a file has been cut, its former bytes read
/// as zeros (the system's SIGBUS is answered with an empty page, so that nobody dies of it). check() tells;
/// what was computed between two checks is to be believed only when the second one is good, too.
class MappedFile {
 public:
  /// The whole file. Refused by the system, or when too many files are mapped, an error: read it instead.
  static Result<std::shared_ptr<const MappedFile>> map(const RegularFile& file);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return m_bytes; }
  const std::string& path() const { return m_file.path(); }
  /// An error when size or time stamp are no longer those of the opening, or when a page could not be read.
  /// A file that was replaced or removed by name stays what it was: ours is still open.
  Result<void> check() const;

 private:
  MappedFile(RegularFile file, std::span<const std::byte> bytes, std::size_t guard);

  RegularFile m_file;
  std::span<const std::byte> m_bytes;
  std::size_t m_guard;  ///< its place among the mappings that the signal handler knows
};

}  // namespace decodescope
