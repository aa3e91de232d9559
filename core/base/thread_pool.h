#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace decodescope {

/// Threads that take blocks of work. What a block is must depend on shapes alone, never on the number of
/// threads: then results have the same bits whatever that number is.
///
/// A decode step shares out dozens of pieces of some ten microseconds each, which is less than it takes to
/// wake a sleeping thread: workers stay awake for a moment after each piece, then sleep. Each thread begins
/// with a stretch of neighbouring blocks of its own, the same in every call of as many blocks, and then takes
/// what others left: memory is read in order, and each core meets the same weights again.
class ThreadPool {
 public:
  /// `threads` counts the calling thread: ThreadPool(1) starts none. Needs threads ≥ 1.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(m_workers.size()) + 1; }

  /// Calls task(0) … task(blocks−1), each once, in any order and on any thread; returns when all are done.
  /// Not to be called from inside a task, and from one thread at a time.
  void run(int blocks, const std::function<void(int)>& task);

 private:
  /// A thread's stretch: its next block and its end, 32 bits each in one word, so that whoever takes a block
  /// knows with the same read whether there was one. On a cache line of its own.
  struct alignas(64) Stretch {
    std::atomic<std::uint64_t> blocks{0};
  };

  void work(std::size_t own);
  bool takeBlock(std::size_t own);
  bool takeBlockOf(Stretch& stretch);

  std::vector<Stretch> m_stretches;  ///< by thread; the calling one's first
  std::atomic<std::uint32_t> m_call{0};
  std::atomic<int> m_unfinished{0};
  std::atomic<bool> m_stop{false};
  /// Written before the stretches; stays until all of their blocks are done.
  const std::function<void(int)>* m_task = nullptr;
  std::vector<std::jthread> m_workers;
};

/// Cores that this process may run on, at least 1.
int availableCores();

}  // namespace decodescope
