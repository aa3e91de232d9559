#include "core/base/thread_pool.h"

#include "core/base/result.h"

#include <algorithm>
#include <sched.h>
#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace decodescope {
namespace {

constexpr int kBits = 24;
constexpr std::uint64_t kMask = (std::uint64_t{1} << kBits) - 1;

std::uint64_t blocksOf(std::uint64_t ticket) {
  return ticket >> kBits & kMask;
}
std::uint64_t nextOf(std::uint64_t ticket) {
  return ticket & kMask;
}
bool hasBlock(std::uint64_t ticket) {
  return nextOf(ticket) < blocksOf(ticket);
}

/// Some 50 µs.
constexpr int kSpins = 1000;

void relax() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#endif
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  DECODESCOPE_REQUIRE(threads >= 1);
  for (int i = 1; i < threads; ++i) m_workers.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
  m_stop = true;
  m_ticket.fetch_add(std::uint64_t{1} << 2 * kBits);  // another number, so that sleepers look
  m_ticket.notify_all();
  m_workers.clear();  // joins before the ticket goes
}

void ThreadPool::run(int blocks, const std::function<void(int)>& task) {
  if (blocks <= 0) return;
  if (m_workers.empty() || blocks == 1) {
    for (int b = 0; b < blocks; ++b) task(b);
    return;
  }
  DECODESCOPE_REQUIRE(static_cast<std::uint64_t>(blocks) <= kMask - m_workers.size());
  m_task = &task;
  m_unfinished = blocks;
  const std::uint64_t number = (m_ticket >> 2 * kBits) + 1;
  m_ticket = number << 2 * kBits | static_cast<std::uint64_t>(blocks) << kBits;
  m_ticket.notify_all();
  while (takeBlock()) {
  }
  for (int spin = 0; m_unfinished > 0 && spin < kSpins; ++spin) relax();
  for (int left = m_unfinished; left > 0; left = m_unfinished) m_unfinished.wait(left);
}

/// Does a block of the newest call; false when none is left. A worker that comes late counts past the end,
/// once, which `run` has left room for.
bool ThreadPool::takeBlock() {
  if (!hasBlock(m_ticket)) return false;
  const std::uint64_t ticket = m_ticket.fetch_add(1);
  if (!hasBlock(ticket)) return false;
  (*m_task)(static_cast<int>(nextOf(ticket)));
  if (m_unfinished.fetch_sub(1) == 1) m_unfinished.notify_one();
  return true;
}

void ThreadPool::work() {
  for (int idle = 0; !m_stop;) {
    const std::uint64_t seen = m_ticket;
    if (takeBlock()) {
      idle = 0;
    } else if (++idle < kSpins) {
      relax();
    } else if (!hasBlock(seen)) {
      m_ticket.wait(seen);
      idle = 0;
    }
  }
}

int availableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace decodescope
