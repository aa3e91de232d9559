#include "core/base/thread_pool.h"

#include "core/base/result.h"

#include <algorithm>
#include <sched.h>
#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace decodescope {
namespace {

constexpr int kBits = 32;
constexpr std::uint64_t kMask = (std::uint64_t{1} << kBits) - 1;

/// End and next block in one word.
std::uint64_t stretchOf(std::uint64_t next, std::uint64_t end) {
  return end << kBits | next;
}
std::uint64_t nextOf(std::uint64_t stretch) {
  return stretch & kMask;
}
bool hasBlock(std::uint64_t stretch) {
  return nextOf(stretch) < stretch >> kBits;
}

/// Some 50 µs.
constexpr int kSpins = 1000;

void relax() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#endif
}

}  // namespace

ThreadPool::ThreadPool(int threads) : m_stretches(static_cast<std::size_t>(std::max(1, threads))) {
  DECODESCOPE_REQUIRE(threads >= 1);
  for (std::size_t own = 1; own < m_stretches.size(); ++own)
    m_workers.emplace_back([this, own] { work(own); });
}

ThreadPool::~ThreadPool() {
  m_stop = true;
  ++m_call;  // so that sleepers look
  m_call.notify_all();
  m_workers.clear();  // joins before the rest goes
}

void ThreadPool::run(int blocks, const std::function<void(int)>& task) {
  if (blocks <= 0) return;
  if (m_workers.empty() || blocks == 1) {
    for (int b = 0; b < blocks; ++b) task(b);
    return;
  }
  m_task = &task;
  m_unfinished = blocks;
  const std::size_t all = static_cast<std::size_t>(blocks), threads = m_stretches.size();
  for (std::size_t t = 0; t < threads; ++t)
    m_stretches[t].blocks = stretchOf(all * t / threads, all * (t + 1) / threads);
  ++m_call;
  m_call.notify_all();
  while (takeBlock(0)) {
  }
  for (int spin = 0; m_unfinished > 0 && spin < kSpins; ++spin) relax();
  for (int left = m_unfinished; left > 0; left = m_unfinished) m_unfinished.wait(left);
}

/// Does a block of the thread's own stretch, or of the next one that has some; false when none is left.
bool ThreadPool::takeBlock(std::size_t own) {
  for (std::size_t i = 0; i < m_stretches.size(); ++i) {
    if (takeBlockOf(m_stretches[(own + i) % m_stretches.size()])) return true;
  }
  return false;
}

/// A thread that comes late counts past the end, once, which the upper half does not notice.
bool ThreadPool::takeBlockOf(Stretch& stretch) {
  if (!hasBlock(stretch.blocks)) return false;
  const std::uint64_t taken = stretch.blocks.fetch_add(1);
  if (!hasBlock(taken)) return false;
  (*m_task)(static_cast<int>(nextOf(taken)));
  if (m_unfinished.fetch_sub(1) == 1) m_unfinished.notify_one();
  return true;
}

void ThreadPool::work(std::size_t own) {
  for (int idle = 0; !m_stop;) {
    const std::uint32_t seen = m_call;
    if (takeBlock(own)) {
      idle = 0;
    } else if (++idle < kSpins) {
      relax();
    } else {
      m_call.wait(seen);
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
