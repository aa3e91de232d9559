#include "core/base/thread_pool.h"

#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace decodescope {
namespace {

TEST(ThreadPool, DoesEveryBlockOnceHoweverManyThreads) {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    for (int blocks = 0; blocks <= 40; ++blocks) {
      std::vector<std::atomic<int>> done(static_cast<std::size_t>(blocks));
      pool.run(blocks, [&](int b) { ++done[static_cast<std::size_t>(b)]; });
      for (const auto& count : done) EXPECT_EQ(count, 1) << threads << " " << blocks;
    }
  }
}

TEST(ThreadPool, ManyShortCallsInARow) {
  ThreadPool pool(4);
  std::int64_t expected = 0;
  std::atomic<std::int64_t> sum{0};
  for (int call = 0; call < 20000; ++call) {
    const int blocks = 1 + call % 7;
    int plain = 0;  // written by one block only, read after run(): TSan sees a missing fence
    pool.run(blocks, [&](int b) {
      sum += call + b;
      if (b == 0) plain = call;
    });
    ASSERT_EQ(plain, call);
    for (int b = 0; b < blocks; ++b) expected += call + b;
  }
  EXPECT_EQ(sum, expected);
}

TEST(ThreadPool, WorkersThatWentToSleepWakeUpAgain) {
  ThreadPool pool(3);
  for (int call = 0; call < 5; ++call) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::atomic<int> done{0};
    pool.run(16, [&](int) { ++done; });
    EXPECT_EQ(done, 16);
  }
}

TEST(ThreadPool, WaitsForABlockThatTakesLong) {
  ThreadPool pool(2);
  std::atomic<int> done{0};
  pool.run(2, [&](int) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    ++done;
  });
  EXPECT_EQ(done, 2);
}

TEST(ThreadPool, CanBeMadeAndDestroyedAtOnce) {
  for (int i = 0; i < 200; ++i) {
    ThreadPool pool(3);
    if (i % 2) pool.run(4, [](int) {});
  }
}

}  // namespace
}  // namespace decodescope
