#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace decodescope {

/// Threads that take blocks of work. What a block is must depend on shapes alone, never on the number of
/// threads: then results have the same bits whatever that number is.
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
  void work(std::stop_token stop);

  std::mutex m_mutex;
  std::condition_variable_any m_wake;
  std::condition_variable m_done;
  const std::function<void(int)>* m_task = nullptr;
  int m_nextBlock = 0;
  int m_blocks = 0;
  int m_unfinished = 0;
  std::vector<std::jthread> m_workers;
};

/// Cores that this process may run on, at least 1.
int availableCores();

}  // namespace decodescope
