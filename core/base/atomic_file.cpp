#include "core/base/atomic_file.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace decodescope {
namespace {

Error writeError(const std::string& path, std::string what) {
  Error error;
  error.file = path;
  error.what = std::move(what);
  return error;
}

Error systemError(const std::string& path, const char* what, int code) {
  return writeError(path, std::string(what) + ": " + std::generic_category().message(code));
}

std::string folderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

AtomicFile::AtomicFile(std::string path, std::string target, std::string temporary, int descriptor)
    : m_path(std::move(path)),
      m_target(std::move(target)),
      m_temporary(std::move(temporary)),
      m_descriptor(descriptor) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : m_path(std::move(other.m_path)),
      m_target(std::move(other.m_target)),
      m_temporary(std::move(other.m_temporary)),
      m_descriptor(std::exchange(other.m_descriptor, -1)) {}

AtomicFile::~AtomicFile() {
  if (m_descriptor < 0) return;
  ::close(m_descriptor);
  ::unlink(m_temporary.c_str());
}

Result<AtomicFile> AtomicFile::create(const std::string& path) {
  std::string target = path;
  struct stat status = {};
  if (::stat(path.c_str(), &status) == 0) {
    if (!S_ISREG(status.st_mode)) {
      return writeError(path, S_ISDIR(status.st_mode) ? "is a folder" : "is not a regular file");
    }
    struct Free {
      void operator()(char* p) const { std::free(p); }
    };
    const std::unique_ptr<char, Free> resolved(::realpath(path.c_str(), nullptr));
    if (resolved) target = resolved.get();
  }
  static std::atomic<unsigned> counter{0};
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::string temporary = target + ".part-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
    const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0) return AtomicFile(path, std::move(target), std::move(temporary), descriptor);
    if (errno != EEXIST) return systemError(path, "cannot be written", errno);
  }
  return systemError(path, "cannot be written", EEXIST);
}

Result<void> AtomicFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t part = std::min<std::size_t>(bytes.size(), std::size_t{1} << 30);
    const ssize_t put = ::write(m_descriptor, bytes.data(), part);
    if (put < 0) {
      if (errno == EINTR) continue;
      return systemError(m_path, "cannot be written", errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Result<void> AtomicFile::commit() {
  const bool synced = ::fsync(m_descriptor) == 0;
  const int syncCode = errno;
  const bool closed = ::close(std::exchange(m_descriptor, -1)) == 0;
  const int code = synced ? errno : syncCode;
  if (!synced || !closed) {
    ::unlink(m_temporary.c_str());
    return systemError(m_path, "cannot be written", code);
  }
  if (::rename(m_temporary.c_str(), m_target.c_str()) != 0) {
    const int renameCode = errno;
    ::unlink(m_temporary.c_str());
    return systemError(m_path, "cannot be renamed into place", renameCode);
  }
  // The rename itself reaches the disk with its folder. Not every file system offers this, and the content is
  // whole either way, so that a failure here is none of the caller's.
  const int folder = ::open(folderOf(m_target).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    static_cast<void>(::fsync(folder));
    ::close(folder);
  }
  return {};
}

Result<void> writeFileAtomically(const std::string& path, std::string_view bytes) {
  DECODESCOPE_TRY(AtomicFile file, AtomicFile::create(path));
  DECODESCOPE_CHECK(file.write(bytes));
  return file.commit();
}

}  // namespace decodescope
