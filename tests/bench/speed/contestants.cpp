#include "tests/bench/speed/contestants.h"

#include "core/base/random.h"
#include "core/decode/lane.h"
#include "core/ops/kernels.h"
#include "tests/support/gguf_file.h"
#include "tests/support/llama2c_file.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

namespace decodescope::bench {
namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// What the command wrote to both of its outputs.
std::string outputOf(const std::string& command) {
  std::string text;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (!pipe) return text;
  std::array<char, 4096> part;
  while (const std::size_t n = fread(part.data(), 1, part.size(), pipe)) text.append(part.data(), n);
  pclose(pipe);
  return text;
}

/// The number behind the last `label`; 0 when there is none.
double numberAfter(const std::string& text, const std::string& label) {
  const std::size_t at = text.rfind(label);
  return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + label.size(), nullptr);
}

bool write(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return file.good();
}

std::vector<std::string> words(int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back("w" + std::to_string(i));
  return names;
}

/// As the program decodes when it may use so many threads.
std::unique_ptr<ThreadPool> poolOf(int threads, const Model& model) {
  threads = std::min(threads, fastestThreads(model));
  return threads > 1 ? std::make_unique<ThreadPool>(threads) : nullptr;
}

}  // namespace

double decodeRate(const LoadedModelPtr& model, int threads, bool trace) {
  const auto pool = poolOf(threads, *model->model);
  Lane::Options options;
  options.trace = trace;
  options.pool = pool.get();
  RunSettings settings;
  settings.ignoreEos = true;
  Lane lane = Lane::start(model, settings, {TokenId{1}}, options).value();
  // The first step is not counted, as llama2.c does not count it.
  lane.step();
  const auto begin = Clock::now();
  int steps = 0;
  while (steps + 1 < kTokens && lane.canStep() && lane.step()) ++steps;
  return steps / secondsSince(begin);
}

double prefillRate(const LoadedModelPtr& model, int threads) {
  const auto pool = poolOf(threads, *model->model);
  ForwardOptions options;
  options.pool = pool.get();
  KvCache cache(model->model->config());
  ForwardWorkspace workspace;
  const std::vector<TokenId> tokens(kTokens, TokenId{1});
  const auto begin = Clock::now();
  forward(*model->model, tokens, cache, workspace, options);
  return kTokens / secondsSince(begin);
}

Engine::Engine(std::string path) : m_path(std::move(path)) {
  m_name = std::filesystem::path(m_path).filename().string();
  m_isLlamaBench = m_name.find("llama-bench") != std::string::npos;
}

bool Engine::prepare(const Model& model, const std::string& folder) {
  const int vocab = model.config().vocabSize;
  if (m_isLlamaBench) {
    test::GgufBuilder file = test::ggufOf(model, test::kF32);
    test::addSentencePiece(file, words(vocab - 259));
    m_model = folder + "/model.gguf";
    return write(m_model, file.bytes());
  }
  m_model = folder + "/model.bin";
  m_tokenizer = folder + "/tokenizer.bin";
  return write(m_model, test::llama2cBytes(model, 0)) &&
         write(m_tokenizer, test::llama2cTokenizerBytes(test::sentencePieceTokens(words(vocab - 259))));
}

double Engine::decodeRate(int threads) const {
  if (m_isLlamaBench) return llamaBench(threads, 0, kTokens);
  return numberAfter(outputOf("OMP_NUM_THREADS=" + std::to_string(threads) + " '" + m_path + "' '" + m_model +
                              "' -z '" + m_tokenizer + "' -t 1 -s 7 -n " + std::to_string(kTokens)),
                     "achieved tok/s: ");
}

double Engine::prefillRate(int threads) const {
  return llamaBench(threads, kTokens, 0);
}

double Engine::llamaBench(int threads, int prompt, int generated) const {
  return numberAfter(outputOf("'" + m_path + "' -m '" + m_model + "' -t " + std::to_string(threads) + " -p " +
                              std::to_string(prompt) + " -n " + std::to_string(generated) + " -r 1 -o json"),
                     "\"avg_ts\": ");
}

double readBandwidth() {
  // 512 MiB, each number read once: the sum of their squares.
  static const AlignedBuffer block(std::size_t{128} << 20);
  constexpr int kPart = 1 << 14;
  const auto begin = Clock::now();
  float sum = 0;
  for (std::size_t i = 0; i < block.size(); i += kPart)
    sum += kernels().dot(block.data() + i, block.data() + i, kPart);
  volatile float kept = sum;
  static_cast<void>(kept);
  return static_cast<double>(block.size() * sizeof(float)) / secondsSince(begin);
}

double gemmRate() {
  constexpr int n = 512;
  AlignedBuffer a(n * n), b(n * n), c(n * n);
  Random random(1);
  for (float& x : a.span()) x = static_cast<float>(random.uniform());
  for (float& x : b.span()) x = static_cast<float>(random.uniform());
  const auto begin = Clock::now();
  for (int i = 0; i < 4; ++i) kernels().gemmNT({a.data(), n, n}, {b.data(), n, n}, {c.data(), n, n}, false);
  return 4.0 * n * n * n / secondsSince(begin);
}

}  // namespace decodescope::bench
