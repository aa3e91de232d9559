#include "core/base/thread_pool.h"

#include "core/base/result.h"

#include <algorithm>
#include <sched.h>

namespace decodescope {

ThreadPool::ThreadPool(int threads) {
  DECODESCOPE_REQUIRE(threads >= 1);
  for (int i = 1; i < threads; ++i) {
    m_workers.emplace_back([this](std::stop_token stop) { work(stop); });
  }
}

ThreadPool::~ThreadPool() = default;  // jthread asks each worker to stop, which wakes it, and joins

void ThreadPool::run(int blocks, const std::function<void(int)>& task) {
  if (blocks <= 0) return;
  if (m_workers.empty() || blocks == 1) {
    for (int b = 0; b < blocks; ++b) task(b);
    return;
  }
  std::unique_lock lock(m_mutex);
  m_task = &task;
  m_nextBlock = 0;
  m_blocks = blocks;
  m_unfinished = blocks;
  m_wake.notify_all();
  while (m_nextBlock < m_blocks) {
    const int block = m_nextBlock++;
    lock.unlock();
    task(block);
    lock.lock();
    --m_unfinished;
  }
  m_done.wait(lock, [this] { return m_unfinished == 0; });
  m_task = nullptr;
}

void ThreadPool::work(std::stop_token stop) {
  std::unique_lock lock(m_mutex);
  for (;;) {
    if (!m_wake.wait(lock, stop, [this] { return m_task != nullptr && m_nextBlock < m_blocks; })) return;
    const std::function<void(int)>& task = *m_task;
    const int block = m_nextBlock++;
    lock.unlock();
    task(block);
    lock.lock();
    if (--m_unfinished == 0) m_done.notify_one();
  }
}

int availableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace decodescope
