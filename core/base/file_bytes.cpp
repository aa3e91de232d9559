#include "core/base/file_bytes.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace decodescope {
namespace {

Error fileError(const std::string& path, std::string what, std::string found = {}, std::string allowed = {}) {
  Error error;
  error.file = path;
  error.what = std::move(what);
  error.found = std::move(found);
  error.allowed = std::move(allowed);
  return error;
}

Error systemError(const std::string& path, const char* what, int code) {
  return fileError(path, std::string(what) + ": " + std::generic_category().message(code));
}

std::int64_t changedAt(const struct stat& status) {
  return std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

}  // namespace

RegularFile::RegularFile(std::string path, int descriptor)
    : m_path(std::move(path)), m_descriptor(descriptor) {}

RegularFile::RegularFile(RegularFile&& other) noexcept
    : m_path(std::move(other.m_path)),
      m_descriptor(std::exchange(other.m_descriptor, -1)),
      m_size(other.m_size),
      m_changedAt(other.m_changedAt) {}

RegularFile& RegularFile::operator=(RegularFile&& other) noexcept {
  std::swap(m_path, other.m_path);
  std::swap(m_descriptor, other.m_descriptor);
  std::swap(m_size, other.m_size);
  std::swap(m_changedAt, other.m_changedAt);
  return *this;
}

RegularFile::~RegularFile() {
  if (m_descriptor >= 0) ::close(m_descriptor);
}

Result<RegularFile> RegularFile::open(const std::string& path) {
  // Without O_NONBLOCK the opening of a FIFO would wait for a writer.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) {
    if (errno == ENOENT) return fileError(path, "no such file");
    return systemError(path, "cannot be opened", errno);
  }
  RegularFile file(path, descriptor);
  struct stat status = {};
  if (::fstat(descriptor, &status) != 0) return systemError(path, "cannot be examined", errno);
  if (S_ISDIR(status.st_mode)) return fileError(path, "not a regular file", "a folder");
  if (S_ISFIFO(status.st_mode)) return fileError(path, "not a regular file", "a FIFO");
  if (!S_ISREG(status.st_mode)) return fileError(path, "not a regular file", "a device or socket");
  if (status.st_size <= 0) return fileError(path, "file is empty");
  file.m_size = static_cast<std::uint64_t>(status.st_size);
  file.m_changedAt = changedAt(status);
  return file;
}

Result<void> RegularFile::checkUnchanged() const {
  struct stat status = {};
  if (::fstat(m_descriptor, &status) != 0) return systemError(m_path, "cannot be examined", errno);
  if (static_cast<std::uint64_t>(status.st_size) != m_size) {
    return fileError(m_path, "file was changed on the disk while it is in use; load the model again",
                     std::to_string(status.st_size) + " bytes", std::to_string(m_size));
  }
  if (changedAt(status) != m_changedAt) {
    return fileError(m_path, "file was changed on the disk while it is in use; load the model again",
                     "a new time stamp", "the one it had when it was opened");
  }
  return {};
}

Result<RegularFile> RegularFile::again() const {
  const int descriptor = ::fcntl(m_descriptor, F_DUPFD_CLOEXEC, 0);
  if (descriptor < 0) return systemError(m_path, "cannot be opened", errno);
  RegularFile file(m_path, descriptor);
  file.m_size = m_size;
  file.m_changedAt = m_changedAt;
  return file;
}

void* RegularFile::map() const {
  void* const memory =
      ::mmap(nullptr, static_cast<std::size_t>(m_size), PROT_READ, MAP_SHARED, m_descriptor, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

Result<void> RegularFile::readAt(std::uint64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const std::size_t part = std::min<std::size_t>(out.size(), std::size_t{1} << 30);
    const ssize_t got = ::pread(m_descriptor, out.data(), part, static_cast<off_t>(offset));
    if (got < 0) {
      if (errno == EINTR) continue;
      return systemError(m_path, "cannot be read", errno);
    }
    if (got == 0) {
      Error error = fileError(m_path, "file ends too early");
      error.offset = offset;
      return error;
    }
    offset += static_cast<std::uint64_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

bool pathExists(const std::string& path) {
  struct stat status = {};
  return ::lstat(path.c_str(), &status) == 0;
}

Result<std::string> readWholeFile(const std::string& path, std::uint64_t limit) {
  DECODESCOPE_TRY(const RegularFile file, RegularFile::open(path));
  if (file.size() > limit) {
    return fileError(path, "file is too large", std::to_string(file.size()) + " bytes",
                     "at most " + std::to_string(limit));
  }
  std::string bytes(static_cast<std::size_t>(file.size()), '\0');
  DECODESCOPE_CHECK(file.readAt(0, std::as_writable_bytes(std::span<char>(bytes))));
  return bytes;
}

}  // namespace decodescope
