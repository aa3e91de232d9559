#pragma once

#include "core/formats/loaded_model.h"
#include "tests/bench/speed/shapes.h"

#include <string>
#include <vector>

namespace decodescope::bench {

constexpr int kTokens = 256;  ///< decoded, or read at once

/// This program: tokens a second of one run.
double decodeRate(const LoadedModelPtr& model, int threads, bool trace);
/// Prefill of kTokens tokens by matrix × matrix.
double prefillRate(const LoadedModelPtr& model, int threads);

/// Another program to be measured beside this one: llama2.c's `run`, or llama.cpp's `llama-bench`, told by
/// the file's name.
class Engine {
 public:
  explicit Engine(std::string path);

  const std::string& name() const { return m_name; }
  bool canPrefill() const { return m_isLlamaBench; }
  /// Writes the model into `folder` as the engine reads it. False when it cannot be written.
  bool prepare(const Model& model, const std::string& folder);
  /// Tokens a second by the engine's own count; 0 when it did not say.
  double decodeRate(int threads) const;
  double prefillRate(int threads) const;

 private:
  double llamaBench(int threads, int prompt, int generated) const;

  std::string m_path, m_name, m_model, m_tokenizer;
  bool m_isLlamaBench;
};

/// Bytes a second of one thread that reads a block far larger than its own caches.
double readBandwidth();
/// Multiply-adds a second of one thread's matrix product of 512³.
double gemmRate();

}  // namespace decodescope::bench
