#include "core/decode/race.h"

#include <chrono>
#include <mutex>
#include <thread>

namespace decodescope {
namespace {

using Clock = std::chrono::steady_clock;

/// Where the runners leave how far they have come.
struct Board {
  std::mutex mutex;
  RaceProgress progress;
};

void runOne(const LoadedModelPtr& model, const std::vector<TokenId>& prompt, const RunSettings& settings,
            int tokens, Board& board, std::size_t place, std::stop_token stop) {
  Lane::Options options;
  options.trace = false;
  Result<Lane> started = Lane::start(model, settings, prompt, options);
  const auto begin = Clock::now();
  if (started.ok()) {
    Lane lane = std::move(started).value();
    for (int i = 0; i < tokens && lane.canStep() && lane.step(stop); ++i) {
      const auto elapsed = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count();
      const std::uint64_t macs = lane.lastStep().counters.macs();
      const std::lock_guard lock(board.mutex);
      RaceRunner& runner = board.progress.runners[place];
      runner.tokens = i + 1;
      runner.nanoseconds = static_cast<std::uint64_t>(elapsed);
      runner.macs += macs;
    }
  }
  const std::lock_guard lock(board.mutex);
  board.progress.runners[place].finished = !stop.stop_requested();
}

}  // namespace

RaceProgress runRace(const LoadedModelPtr& model, const std::vector<TokenId>& prompt, RunSettings settings,
                     int tokens, const std::function<void(const RaceProgress&)>& report,
                     std::stop_token stop) {
  settings.ignoreEos = true;
  settings.rules = {};
  Board board;
  board.progress.target = tokens;
  board.progress.running = true;
  board.progress.prompt = model->tokenizer->decode(prompt);
  board.progress.runners.resize(2);
  board.progress.runners[1].kvCache = false;
  {
    std::vector<std::jthread> threads;
    for (std::size_t place = 0; place < 2; ++place) {
      RunSettings own = settings;
      own.kvCache = place == 0;
      threads.emplace_back([&, own, place] { runOne(model, prompt, own, tokens, board, place, stop); });
    }
    for (bool running = true; running;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(33));
      RaceProgress seen;
      {
        const std::lock_guard lock(board.mutex);
        seen = board.progress;
      }
      running = !stop.stop_requested() && !(seen.runners[0].finished && seen.runners[1].finished);
      if (running) report(seen);
    }
  }
  board.progress.running = false;
  report(board.progress);
  return board.progress;
}

}  // namespace decodescope
