// How fast a real model decodes: tokens a second on four published sizes, with one and two threads, beside
// the machine's own limits and, where their programs are named, beside other engines. Contestants take turns,
// so that a ratio compares what was measured in the same second; medians and extremes over the rounds.
//
// Models beyond the caches are also decoded from files of each stored type, and the memory that takes is
// told.
//
//   decodescope_speed_bench [--rounds N] [--shape NAME]… [--stored] [PATH of llama2.c's run or of
//   llama-bench]…

#include "tests/bench/speed/contestants.h"
#include "tests/bench/speed/stored.h"
#include "tests/support/random_model.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <unistd.h>

namespace decodescope::bench {
namespace {

struct Row {
  std::string name;
  std::function<double()> measure;
  std::vector<double> rates = {};
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n == 0 ? 0 : n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/// Row 0 is this program's; the others are what it is compared with, round by round.
void takeTurns(std::vector<Row>& rows, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    for (Row& row : rows) row.rates.push_back(row.measure());
  }
}

void print(const char* shape, const char* what, int threads, const std::vector<Row>& rows, double limit) {
  for (const Row& row : rows) {
    const auto [low, high] = std::minmax_element(row.rates.begin(), row.rates.end());
    std::printf("%-5s %-14s %d  %-18s %9.1f  [%.1f … %.1f]", shape, what, threads, row.name.c_str(),
                median(row.rates), *low, *high);
    if (&row != rows.data()) {
      std::vector<double> ratios;
      for (std::size_t i = 0; i < row.rates.size(); ++i) {
        if (row.rates[i] > 0) ratios.push_back(rows[0].rates[i] / row.rates[i]);
      }
      if (ratios.empty()) {
        std::printf("  gave no number");
      } else {
        std::printf("  ×%.2f", median(ratios));
      }
    } else if (limit > 0) {
      std::printf("  %.0f %% of the limit", 100 * median(row.rates) / limit);
    }
    std::printf("\n");
  }
  std::fflush(stdout);
}

/// Each type against float32 in memory, in turns; then the memory of a process that does nothing else.
void measureStored(const Shape& shape, const LoadedModelPtr& model, int rounds, const std::string& folder,
                   const std::string& program) {
  const std::vector<StoredModel> stored = storedModels(*model->model, folder);
  for (const int threads : {1, 2}) {
    std::vector<Row> rows = {{"memory", [&, threads] { return decodeRate(model, threads, false); }}};
    for (const StoredModel& one : stored)
      rows.push_back({one.name, [&, threads] { return decodeRate(one.model, threads, false); }});
    takeTurns(rows, rounds);
    for (const Row& row : rows) {
      std::vector<double> ratios;
      for (std::size_t i = 0; i < row.rates.size(); ++i) ratios.push_back(row.rates[i] / rows[0].rates[i]);
      const auto [low, high] = std::minmax_element(row.rates.begin(), row.rates.end());
      std::printf("%-5s %-14s %d  %-18s %9.1f  [%.1f … %.1f]  %.2f of F32 in memory\n", shape.name,
                  "as stored", threads, row.name.c_str(), median(row.rates), *low, *high, median(ratios));
    }
    std::fflush(stdout);
  }
  for (const StoredModel& one : stored) {
    const MemoryUse use = memoryOf(program, one.path);
    std::printf(
        "%-5s memory %-4s  weights %.1f MiB, at most %.1f MiB in all, %.1f before loading: %.2f of the "
        "weights\n",
        shape.name, one.name.c_str(), use.weights, use.peak, use.before, use.peak / use.weights);
  }
  std::fflush(stdout);
}

void measureShape(const Shape& shape, std::vector<Engine>& engines, int rounds, const std::string& folder) {
  const LoadedModelPtr model = test::randomLoadedModel(shape.config, 1);
  for (Engine& engine : engines) {
    if (!engine.prepare(*model->model, folder)) std::printf("cannot write into %s\n", folder.c_str());
  }
  std::vector<double> bandwidths;
  for (int i = 0; i < 3; ++i) bandwidths.push_back(readBandwidth());
  const double bandwidth = median(bandwidths);
  std::printf("%s: %.1f M parameters; reading %.1f GB/s, product %.1f G multiply-adds/s\n", shape.name,
              static_cast<double>(shape.parameters()) / 1e6, bandwidth / 1e9, gemmRate() / 1e9);
  for (const int threads : {1, 2}) {
    for (const bool trace : {false, true}) {
      std::vector<Row> rows = {
          {"decodescope", [&, threads, trace] { return decodeRate(model, threads, trace); }}};
      for (const Engine& engine : engines)
        rows.push_back({engine.name(), [&, threads] { return engine.decodeRate(threads); }});
      takeTurns(rows, rounds);
      print(shape.name, trace ? "decode, traced" : "decode", threads, rows,
            threads == 1 ? bandwidth / static_cast<double>(shape.bytesPerStep()) : 0);
    }
    std::vector<Row> rows = {{"decodescope", [&, threads] { return prefillRate(model, threads); }}};
    for (const Engine& engine : engines) {
      if (engine.canPrefill())
        rows.push_back({engine.name(), [&, threads] { return engine.prefillRate(threads); }});
    }
    takeTurns(rows, rounds);
    print(shape.name, "prefill", threads, rows, 0);
  }
}

int run(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "--memory-of") return tellMemoryOf(argv[2]);
  int rounds = 5;
  bool storedOnly = false;
  std::set<std::string> wanted;
  std::vector<Engine> engines;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool hasValue = i + 1 < argc;
    if (argument == "--rounds" && hasValue) {
      rounds = std::max(1, std::atoi(argv[++i]));
    } else if (argument == "--shape" && hasValue) {
      wanted.insert(argv[++i]);
    } else if (argument == "--stored") {
      storedOnly = true;
    } else if (std::filesystem::is_regular_file(argument)) {
      engines.emplace_back(std::filesystem::absolute(argument).string());
    } else {
      std::fprintf(
          stderr,
          "usage: %s [--rounds N] [--shape 260K|15M|42M|110M]… [--stored] [PATH of run or llama-bench]…\n",
          argv[0]);
      return 2;
    }
  }
  const std::string folder =
      (std::filesystem::temp_directory_path() / ("decodescope-bench-" + std::to_string(getpid()))).string();
  std::filesystem::create_directory(folder);
  std::printf("tokens a second: median [least … most] of %d rounds; ×: this program's over the other's\n",
              rounds);
  for (const Shape& shape : shapes()) {
    if (!wanted.empty() && !wanted.count(shape.name)) continue;
    if (!storedOnly) measureShape(shape, engines, rounds, folder);
    // Smaller ones are bound by arithmetic, not by reading.
    if (shape.parameters() > 10'000'000)
      measureStored(shape, test::randomLoadedModel(shape.config, 1), rounds, folder, argv[0]);
  }
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace decodescope::bench

int main(int argc, char** argv) {
  return decodescope::bench::run(argc, argv);
}
