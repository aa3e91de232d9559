#include "core/base/mapped_file.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <optional>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace decodescope {
namespace {

/// A mapping that the handler answers for. Lock-free: a signal may come at any time.
struct Guard {
  std::atomic<bool> taken{false};
  std::atomic<std::uintptr_t> begin{0};  ///< 0: nothing
  std::atomic<std::uintptr_t> end{0};
  std::atomic<bool> lost{false};
};
std::array<Guard, 1024> guards;
std::uintptr_t pageSize = 0;
struct sigaction previousAction = {};

/// A page of one of our files is gone, because the file was cut or its disk failed: an empty one takes its
/// place. Any other SIGBUS is whoever's it was.
void onBusError(int signal, siginfo_t* info, void* context) {
  const int savedErrno = errno;
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  for (Guard& guard : guards) {
    const std::uintptr_t begin = guard.begin.load(std::memory_order_acquire);
    if (begin == 0 || address < begin || address >= guard.end.load(std::memory_order_acquire)) continue;
    guard.lost.store(true, std::memory_order_release);
    void* const page = reinterpret_cast<void*>(address / pageSize * pageSize);
    const void* const empty =
        ::mmap(page, pageSize, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    errno = savedErrno;
    if (empty != MAP_FAILED) return;
    break;
  }
  if ((previousAction.sa_flags & SA_SIGINFO) != 0 && previousAction.sa_sigaction) {
    previousAction.sa_sigaction(signal, info, context);
    return;
  }
  if (previousAction.sa_handler != SIG_DFL && previousAction.sa_handler != SIG_IGN) {
    previousAction.sa_handler(signal);
    return;
  }
  ::signal(SIGBUS, SIG_DFL);  // the access is made again, and ends the program
}

void installHandler() {
  static std::once_flag once;
  std::call_once(once, [] {
    pageSize = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    struct sigaction action = {};
    action.sa_sigaction = onBusError;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGBUS, &action, &previousAction);
  });
}

std::optional<std::size_t> freeGuard() {
  for (std::size_t i = 0; i < guards.size(); ++i) {
    if (!guards[i].taken.exchange(true)) return i;
  }
  return std::nullopt;
}

}  // namespace

MappedFile::MappedFile(RegularFile file, std::span<const std::byte> bytes, std::size_t guard)
    : m_file(std::move(file)), m_bytes(bytes), m_guard(guard) {
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
  guards[guard].lost.store(false);
  guards[guard].end.store(begin + bytes.size(), std::memory_order_release);
  guards[guard].begin.store(begin, std::memory_order_release);
}

MappedFile::~MappedFile() {
  guards[m_guard].begin.store(0, std::memory_order_release);
  ::munmap(const_cast<std::byte*>(m_bytes.data()), m_bytes.size());
  guards[m_guard].taken.store(false);
}

Result<std::shared_ptr<const MappedFile>> MappedFile::map(const RegularFile& file) {
  DECODESCOPE_TRY(RegularFile own, file.again());
  DECODESCOPE_CHECK(own.checkUnchanged());
  installHandler();
  const std::optional<std::size_t> guard = freeGuard();
  Error error;
  error.file = file.path();
  error.what = "cannot be mapped";
  if (!guard) return error;
  void* const memory = own.map();
  if (!memory) {
    error.what += ": " + std::generic_category().message(errno);
    guards[*guard].taken.store(false);
    return error;
  }
  const std::span<const std::byte> bytes(static_cast<const std::byte*>(memory),
                                         static_cast<std::size_t>(own.size()));
  return std::shared_ptr<const MappedFile>(new MappedFile(std::move(own), bytes, *guard));
}

Result<void> MappedFile::check() const {
  DECODESCOPE_CHECK(m_file.checkUnchanged());
  if (!guards[m_guard].lost.load(std::memory_order_acquire)) return {};
  Error error;
  error.file = path();
  error.what = "a part of the weights cannot be read from the disk any more; load the model again";
  return error;
}

}  // namespace decodescope
