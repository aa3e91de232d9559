#pragma once

#include "core/model/model.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace decodescope::test {

/// ggml's numbers of the types that are read.
enum GgmlType : std::uint32_t { kF32 = 0, kF16 = 1, kQ4_0 = 2, kQ8_0 = 8, kBf16 = 30 };

/// The numbers as a tensor of this type stores them; quantised as ggml's reference does, near enough.
std::string ggmlBytes(std::span<const float> numbers, GgmlType type);
/// And back, by the format's description in double precision: shares no code with the loader.
std::vector<float> fromGgmlBytes(std::string_view bytes, GgmlType type);

/// Writes a GGUF file, good or bad: nothing is checked.
class GgufBuilder {
 public:
  struct Tensor {
    std::string name;
    std::vector<std::uint64_t> dims;  ///< as in the file: the fastest first
    std::uint32_t type = kF32;
    std::string data;
    std::optional<std::uint64_t> offset = {};  ///< instead of the right one
  };

  std::uint32_t version = 3;
  std::uint64_t alignment = 32;  ///< where tensors are put; the metadata says so when it is not 32
  std::optional<std::uint64_t> tensorCount;
  std::optional<std::uint64_t> pairCount;
  std::vector<Tensor> tensors;

  // Each replaces a key that is there.
  GgufBuilder& u32(const std::string& key, std::uint32_t value);
  GgufBuilder& f32(const std::string& key, float value);
  GgufBuilder& flag(const std::string& key, bool value);
  GgufBuilder& text(const std::string& key, std::string_view value);
  GgufBuilder& texts(const std::string& key, const std::vector<std::string>& values);
  GgufBuilder& f32s(const std::string& key, const std::vector<float>& values);
  GgufBuilder& i32s(const std::string& key, const std::vector<std::int32_t>& values);
  /// A type's number and the value's bytes.
  GgufBuilder& raw(const std::string& key, std::uint32_t type, std::string_view bytes);
  GgufBuilder& remove(const std::string& key);
  /// Also when the key is there.
  GgufBuilder& addTwice(const std::string& key);

  Tensor& tensor(std::string_view name);

  std::string bytes() const;

 private:
  std::vector<std::pair<std::string, std::string>> m_pairs;  // key; type and value
};

/// A model of modelType llama, qwen2 or gpt2 as a GGUF file without tokenizer; matrices of the type given,
/// vectors in F32.
GgufBuilder ggufOf(const Model& model, GgmlType type);

/// Adds a SentencePiece vocabulary: <unk>, <s>, </s>, 256 bytes, then `more`, scored 0, −1, −2 …
void addSentencePiece(GgufBuilder& file, const std::vector<std::string>& more);

}  // namespace decodescope::test
