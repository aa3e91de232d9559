#include "tests/bench/speed/stored.h"

#include "tests/bench/speed/contestants.h"
#include "tests/support/gguf_file.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <utility>

namespace decodescope::bench {
namespace {

constexpr double kMiB = 1 << 20;

/// MiB at most so far.
double peakNow() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  }
  return 0;
}

}  // namespace

std::vector<StoredModel> storedModels(const Model& model, const std::string& folder) {
  constexpr std::pair<const char*, test::GgmlType> kTypes[] = {{"F32", test::kF32},
                                                               {"BF16", test::kBf16},
                                                               {"F16", test::kF16},
                                                               {"Q8_0", test::kQ8_0},
                                                               {"Q4_0", test::kQ4_0}};
  std::vector<StoredModel> models;
  for (const auto& [name, type] : kTypes) {
    StoredModel stored{name, folder + "/" + name + ".gguf", nullptr};
    {
      test::GgufBuilder file = test::ggufOf(model, type);
      std::vector<std::string> words;
      for (int i = 0; i < model.config().vocabSize - 259; ++i) words.push_back("w" + std::to_string(i));
      test::addSentencePiece(file, words);
      std::ofstream out(stored.path, std::ios::binary);
      const std::string bytes = file.bytes();
      out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    }
    Result<LoadedModelPtr> loaded = loadModel(stored.path);
    if (!loaded.ok()) {
      std::fprintf(stderr, "%s\n", loaded.error().message().c_str());
      continue;
    }
    stored.model = std::move(loaded).value();
    models.push_back(std::move(stored));
  }
  return models;
}

MemoryUse memoryOf(const std::string& program, const std::string& path) {
  MemoryUse use;
  FILE* pipe = popen(("'" + program + "' --memory-of '" + path + "'").c_str(), "r");
  if (!pipe) return use;
  if (std::fscanf(pipe, "%lf %lf %lf", &use.weights, &use.before, &use.peak) != 3) use = {};
  pclose(pipe);
  return use;
}

int tellMemoryOf(const std::string& path) {
  const double before = peakNow();
  const Result<LoadedModelPtr> loaded = loadModel(path);
  if (!loaded.ok()) return 1;
  decodeRate(loaded.value(), 1, false);
  std::printf("%.1f %.1f %.1f\n", static_cast<double>(loaded.value()->model->weightBytes()) / kMiB, before,
              peakNow());
  return 0;
}

}  // namespace decodescope::bench
