#include "tests/support/gguf_file.h"

#include "core/base/float_formats.h"
#include "tests/support/byte_writer.h"
#include "tests/support/llama2c_file.h"

#include <algorithm>
#include <cmath>

namespace decodescope::test {
namespace {

/// The value of a binary16, by its definition.
double halfValue(unsigned bits) {
  const int exponent = static_cast<int>(bits >> 10 & 31);
  const double mantissa = bits & 1023;
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return bits >> 15 != 0 ? -magnitude : magnitude;
}

unsigned byteAt(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

unsigned wordAt(std::string_view bytes, std::size_t at) {
  return byteAt(bytes, at) | byteAt(bytes, at + 1) << 8;
}

void putQ8(ByteWriter& out, std::span<const float> block) {
  float most = 0.0f;
  for (const float x : block) most = std::max(most, std::abs(x));
  const std::uint16_t scale = floatToF16(most / 127.0f);
  out.put(scale);
  const double step = halfValue(scale);
  for (const float x : block) {
    const double count = step > 0 ? std::round(static_cast<double>(x) / step) : 0.0;
    out.put(static_cast<std::int8_t>(std::clamp(count, -127.0, 127.0)));
  }
}

void putQ4(ByteWriter& out, std::span<const float> block) {
  float most = 0.0f;  // the number furthest from 0, with its sign, becomes −8
  for (const float x : block) most = std::abs(x) > std::abs(most) ? x : most;
  const std::uint16_t scale = floatToF16(most / -8.0f);
  out.put(scale);
  const double step = halfValue(scale);
  const auto nibble = [&](float x) {
    const double count = step != 0 ? std::round(static_cast<double>(x) / step) + 8.0 : 8.0;
    return static_cast<unsigned>(std::clamp(count, 0.0, 15.0));
  };
  for (std::size_t i = 0; i < 16; ++i)
    out.put(static_cast<std::uint8_t>(nibble(block[i]) | nibble(block[i + 16]) << 4));
}

}  // namespace

std::string ggmlBytes(std::span<const float> numbers, GgmlType type) {
  ByteWriter out;
  switch (type) {
    case kF32:
      for (const float x : numbers) out.put(x);
      break;
    case kF16:
      for (const float x : numbers) out.put(floatToF16(x));
      break;
    case kBf16:
      for (const float x : numbers) out.put(floatToBf16(x));
      break;
    case kQ8_0:
      for (std::size_t i = 0; i < numbers.size(); i += 32) putQ8(out, numbers.subspan(i, 32));
      break;
    case kQ4_0:
      for (std::size_t i = 0; i < numbers.size(); i += 32) putQ4(out, numbers.subspan(i, 32));
      break;
  }
  return out.bytes();
}

std::vector<float> fromGgmlBytes(std::string_view bytes, GgmlType type) {
  std::vector<float> numbers;
  const auto push = [&](double x) { numbers.push_back(static_cast<float>(x)); };
  switch (type) {
    case kF32:
      for (std::size_t at = 0; at < bytes.size(); at += 4) {
        float x;
        std::memcpy(&x, bytes.data() + at, 4);
        numbers.push_back(x);
      }
      break;
    case kF16:
      for (std::size_t at = 0; at < bytes.size(); at += 2) push(halfValue(wordAt(bytes, at)));
      break;
    case kBf16:
      for (std::size_t at = 0; at < bytes.size(); at += 2) {
        const unsigned bits = wordAt(bytes, at);
        const int exponent = static_cast<int>(bits >> 7 & 255);
        const double magnitude = exponent == 0
                                     ? std::ldexp(bits & 127, -133)
                                     : std::ldexp(128 + static_cast<int>(bits & 127), exponent - 134);
        push(bits >> 15 != 0 ? -magnitude : magnitude);
      }
      break;
    case kQ8_0:
      for (std::size_t at = 0; at < bytes.size(); at += 34) {
        for (std::size_t i = 0; i < 32; ++i) {
          const int count = static_cast<int>(byteAt(bytes, at + 2 + i));
          push(halfValue(wordAt(bytes, at)) * (count < 128 ? count : count - 256));
        }
      }
      break;
    case kQ4_0:
      for (std::size_t at = 0; at < bytes.size(); at += 18) {
        for (std::size_t i = 0; i < 32; ++i) {
          const unsigned both = byteAt(bytes, at + 2 + i % 16);
          push(halfValue(wordAt(bytes, at)) * (static_cast<int>(i < 16 ? both % 16 : both / 16) - 8));
        }
      }
      break;
  }
  return numbers;
}

GgufBuilder& GgufBuilder::raw(const std::string& key, std::uint32_t type, std::string_view bytes) {
  ByteWriter value;
  value.put(type).raw(bytes);
  for (auto& [known, old] : m_pairs) {
    if (known != key) continue;
    old = value.bytes();
    return *this;
  }
  m_pairs.emplace_back(key, value.bytes());
  return *this;
}

GgufBuilder& GgufBuilder::u32(const std::string& key, std::uint32_t value) {
  return raw(key, 4, ByteWriter().put(value).bytes());
}
GgufBuilder& GgufBuilder::f32(const std::string& key, float value) {
  return raw(key, 6, ByteWriter().put(value).bytes());
}
GgufBuilder& GgufBuilder::flag(const std::string& key, bool value) {
  return raw(key, 7, ByteWriter().put(static_cast<std::uint8_t>(value ? 1 : 0)).bytes());
}
GgufBuilder& GgufBuilder::text(const std::string& key, std::string_view value) {
  return raw(key, 8, ByteWriter().put<std::uint64_t>(value.size()).raw(value).bytes());
}
GgufBuilder& GgufBuilder::texts(const std::string& key, const std::vector<std::string>& values) {
  ByteWriter out;
  out.put<std::uint32_t>(8).put<std::uint64_t>(values.size());
  for (const std::string& value : values) out.put<std::uint64_t>(value.size()).raw(value);
  return raw(key, 9, out.bytes());
}
GgufBuilder& GgufBuilder::f32s(const std::string& key, const std::vector<float>& values) {
  ByteWriter out;
  out.put<std::uint32_t>(6).put<std::uint64_t>(values.size());
  for (const float value : values) out.put(value);
  return raw(key, 9, out.bytes());
}
GgufBuilder& GgufBuilder::i32s(const std::string& key, const std::vector<std::int32_t>& values) {
  ByteWriter out;
  out.put<std::uint32_t>(5).put<std::uint64_t>(values.size());
  for (const std::int32_t value : values) out.put(value);
  return raw(key, 9, out.bytes());
}
GgufBuilder& GgufBuilder::remove(const std::string& key) {
  std::erase_if(m_pairs, [&](const auto& pair) { return pair.first == key; });
  return *this;
}
GgufBuilder& GgufBuilder::addTwice(const std::string& key) {
  m_pairs.emplace_back(key, ByteWriter().put<std::uint32_t>(0).put<std::uint8_t>(1).bytes());
  m_pairs.push_back(m_pairs.back());
  return *this;
}

GgufBuilder::Tensor& GgufBuilder::tensor(std::string_view name) {
  return *std::find_if(tensors.begin(), tensors.end(), [&](const Tensor& t) { return t.name == name; });
}

std::string GgufBuilder::bytes() const {
  ByteWriter out;
  const bool saysAlignment = alignment != 32;
  out.raw("GGUF").put(version).put<std::uint64_t>(tensorCount.value_or(tensors.size()));
  out.put<std::uint64_t>(pairCount.value_or(m_pairs.size() + (saysAlignment ? 1 : 0)));
  const auto putText = [&](std::string_view text) { out.put<std::uint64_t>(text.size()).raw(text); };
  if (saysAlignment) {
    putText("general.alignment");
    out.put<std::uint32_t>(4).put(static_cast<std::uint32_t>(alignment));
  }
  for (const auto& [key, value] : m_pairs) {
    putText(key);
    out.raw(value);
  }
  std::uint64_t next = 0;
  for (const Tensor& tensor : tensors) {
    putText(tensor.name);
    out.put(static_cast<std::uint32_t>(tensor.dims.size()));
    for (const std::uint64_t size : tensor.dims) out.put(size);
    out.put(tensor.type).put(tensor.offset.value_or(next));
    next = (next + tensor.data.size() + alignment - 1) / alignment * alignment;
  }
  for (const Tensor& tensor : tensors) {
    out.padTo(alignment);
    out.raw(tensor.data);
  }
  return out.bytes();
}

GgufBuilder ggufOf(const Model& model, GgmlType type) {
  const ModelConfig& c = model.config();
  const std::string arch = c.modelType;
  GgufBuilder file;
  file.text("general.architecture", arch);
  const auto u32 = [&](const std::string& key, int value) {
    file.u32(arch + "." + key, static_cast<std::uint32_t>(value));
  };
  u32("context_length", c.maxPositionEmbeddings);
  u32("embedding_length", c.hiddenSize);
  u32("feed_forward_length", c.intermediateSize);
  u32("block_count", c.numHiddenLayers);
  u32("attention.head_count", c.numAttentionHeads);
  const bool gpt2 = arch == "gpt2";
  if (gpt2) {
    file.f32("gpt2.attention.layer_norm_epsilon", c.normEps);
  } else {
    u32("attention.head_count_kv", c.numKeyValueHeads);
    u32("rope.dimension_count", c.headDim);
    if (c.headDim * c.numAttentionHeads != c.hiddenSize) {
      u32("attention.key_length", c.headDim);
      u32("attention.value_length", c.headDim);
    }
    file.f32(arch + ".attention.layer_norm_rms_epsilon", c.normEps);
    file.f32(arch + ".rope.freq_base", static_cast<float>(c.ropeTheta));
  }
  const auto add = [&](const std::string& name, std::vector<std::uint64_t> dims, GgmlType stored,
                       const std::vector<float>& numbers) {
    file.tensors.push_back({name, std::move(dims), stored, ggmlBytes(numbers, stored)});
  };
  const auto vector = [&](const std::string& name, const float* numbers, int size) {
    if (numbers) add(name, {static_cast<std::uint64_t>(size)}, kF32, {numbers, numbers + size});
  };
  const auto matrices = [&](const std::string& name, const std::vector<LinearWeights>& parts) {
    std::vector<float> numbers;
    std::vector<float> biases;
    for (const LinearWeights& part : parts) {
      const WeightSpan w = part.weight;
      for (int row = 0; row < w.rows; ++row) {
        const std::vector<float> widened = w.row(row);
        numbers.insert(numbers.end(), widened.begin(), widened.end());
      }
      if (part.bias) biases.insert(biases.end(), part.bias, part.bias + w.rows);
    }
    const auto cols = static_cast<std::uint64_t>(parts.front().weight.cols);
    add(name + ".weight", {cols, numbers.size() / cols}, type, numbers);
    if (!biases.empty()) vector(name + ".bias", biases.data(), static_cast<int>(biases.size()));
  };
  const auto norm = [&](const std::string& name, NormWeights weights) {
    vector(name + ".weight", weights.weight, c.hiddenSize);
    vector(name + ".bias", weights.bias, c.hiddenSize);
  };
  matrices("token_embd", {{model.embedTokens(), nullptr}});
  if (gpt2) matrices("position_embd", {{model.embedPositions(), nullptr}});
  for (int i = 0; i < c.numHiddenLayers; ++i) {
    const LayerWeights& layer = model.layer(LayerIndex{i});
    const std::string block = "blk." + std::to_string(i) + ".";
    norm(block + "attn_norm", layer.inputNorm);
    if (gpt2) {
      matrices(block + "attn_qkv", {layer.qProj, layer.kProj, layer.vProj});
    } else {
      matrices(block + "attn_q", {layer.qProj});
      matrices(block + "attn_k", {layer.kProj});
      matrices(block + "attn_v", {layer.vProj});
    }
    matrices(block + "attn_output", {layer.oProj});
    norm(block + "ffn_norm", layer.postAttentionNorm);
    if (!gpt2) matrices(block + "ffn_gate", {layer.gateProj});
    matrices(block + "ffn_up", {layer.upProj});
    matrices(block + "ffn_down", {layer.downProj});
  }
  norm("output_norm", model.finalNorm());
  if (!c.tieWordEmbeddings) matrices("output", {model.lmHead()});
  return file;
}

void addSentencePiece(GgufBuilder& file, const std::vector<std::string>& more) {
  std::vector<std::string> pieces;
  std::vector<float> scores;
  std::vector<std::int32_t> types;
  for (const Llama2cToken& token : sentencePieceTokens(more)) {
    const std::size_t id = pieces.size();
    pieces.push_back(id == 1 ? "<s>" : id == 2 ? "</s>" : token.piece);
    scores.push_back(token.score);
    types.push_back(id == 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1);
  }
  file.text("tokenizer.ggml.model", "llama").texts("tokenizer.ggml.tokens", pieces);
  file.f32s("tokenizer.ggml.scores", scores).i32s("tokenizer.ggml.token_type", types);
}

}  // namespace decodescope::test
