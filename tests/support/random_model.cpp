#include "tests/support/random_model.h"

#include "core/base/random.h"
#include "core/trace/site.h"
#include "tests/support/gguf_file.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <memory>

namespace decodescope::test {
namespace {

/// Ids as decimal numbers between spaces.
class IdTokenizer : public Tokenizer {
 public:
  explicit IdTokenizer(int vocabSize) : m_vocabSize(vocabSize) {}

  int vocabSize() const override { return m_vocabSize; }

  Result<std::vector<TokenId>> encode(std::string_view text) const override {
    std::vector<TokenId> ids;
    for (std::size_t at = 0; at < text.size();) {
      if (text[at] == ' ') {
        ++at;
        continue;
      }
      int id = 0;
      const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), id);
      if (error != std::errc()) {
        Error e;
        e.what = "not a number";
        return e;
      }
      ids.push_back(TokenId{id});
      at = static_cast<std::size_t>(end - text.data());
    }
    return ids;
  }

  std::string decode(std::span<const TokenId> ids) const override {
    std::string text;
    for (const TokenId id : ids) text += (text.empty() ? "" : " ") + std::to_string(id.value);
    return text;
  }

  std::string shownPiece(TokenId id) const override { return std::to_string(id.value); }
  bool isSpecial(TokenId) const override { return false; }
  std::optional<TokenId> idOf(std::string_view) const override { return std::nullopt; }

 private:
  int m_vocabSize;
};

bool isNormWeight(ParameterRole role) {
  return role == ParameterRole::inputNormWeight || role == ParameterRole::postAttentionNormWeight ||
         role == ParameterRole::postFeedforwardNormWeight || role == ParameterRole::finalNormWeight ||
         role == ParameterRole::qANormWeight || role == ParameterRole::kvANormWeight;
}

}  // namespace

ModelConfig smallConfig() {
  ModelConfig c;
  c.vocabSize = 50;
  c.hiddenSize = 24;
  c.intermediateSize = 40;
  c.numHiddenLayers = 2;
  c.numAttentionHeads = 4;
  c.numKeyValueHeads = 4;
  c.headDim = 6;
  c.maxPositionEmbeddings = 64;
  return c;
}

std::vector<NamedConfig> decoderFamily() {
  std::vector<NamedConfig> family;
  const auto add = [&family](const char* name, auto change) {
    ModelConfig config = smallConfig();
    change(config);
    family.push_back({name, config});
  };
  const auto layerNormed = [](ModelConfig& c) {
    c.norm = NormKind::layerNorm;
    c.gatedMlp = false;
    c.qkvBias = c.oProjBias = c.mlpBias = true;
  };
  add("mha", [](ModelConfig&) {});
  add("gqa", [](ModelConfig& c) { c.numKeyValueHeads = 2; });
  add("mqa", [](ModelConfig& c) { c.numKeyValueHeads = 1; });
  add("one_head", [](ModelConfig& c) { c.numAttentionHeads = c.numKeyValueHeads = 1; });
  add("wide_heads", [](ModelConfig& c) {
    c.headDim = 16;
    c.numKeyValueHeads = 2;
  });
  add("interleaved", [](ModelConfig& c) { c.rotaryLayout = RotaryLayout::interleaved; });
  add("theta_1e6", [](ModelConfig& c) { c.ropeTheta = 1e6; });
  add("rope_linear",
      [](ModelConfig& c) { c.ropeScaling = {.kind = RopeScaling::Kind::linear, .factor = 2.5}; });
  // Of its eight pairs the first are fast, the last slow, and two between.
  add("rope_llama3", [](ModelConfig& c) {
    c.headDim = 16;
    c.ropeTheta = 500.0;
    c.ropeScaling = {.kind = RopeScaling::Kind::llama3, .factor = 8, .originalMaxPositionEmbeddings = 96};
  });
  add("rope_divisors", [](ModelConfig& c) {
    c.rotaryLayout = RotaryLayout::interleaved;
    c.ropeScaling = {.kind = RopeScaling::Kind::divisors, .divisors = {1.0f, 1.75f, 8.0f}};
  });
  add("untied", [](ModelConfig& c) {
    c.tieWordEmbeddings = false;
    c.lmHeadBias = true;
  });
  add("qkv_bias", [](ModelConfig& c) { c.qkvBias = true; });
  add("gelu_gated", [](ModelConfig& c) { c.activation = Activation::gelu; });
  add("gpt2_like", [&](ModelConfig& c) {
    layerNormed(c);
    c.position = PositionKind::learned;
    c.activation = Activation::geluTanh;
  });
  add("opt_post_norm", [&](ModelConfig& c) {
    layerNormed(c);
    c.position = PositionKind::learned;
    c.positionOffset = 2;
    c.activation = Activation::relu;
    c.normPlacement = NormPlacement::postNorm;
    c.finalNorm = false;
  });
  add("sinusoidal", [&](ModelConfig& c) {
    layerNormed(c);
    c.position = PositionKind::sinusoidal;
    c.activation = Activation::relu;
  });
  add("no_positions", [](ModelConfig& c) { c.position = PositionKind::none; });
  add("window_5", [](ModelConfig& c) {
    c.numKeyValueHeads = 2;
    c.slidingWindow = 5;
  });
  const auto latent = [](ModelConfig& c) {
    c.attention = AttentionKind::latent;
    c.rotaryLayout = RotaryLayout::interleaved;
    c.qkNopeHeadDim = 5;
    c.qkRopeHeadDim = 4;
    c.headDim = 9;
    c.vHeadDim = 7;
    c.kvLoraRank = 10;
  };
  add("mla", latent);
  add("mla_query_rank", [&](ModelConfig& c) {
    latent(c);
    c.qLoraRank = 11;
    c.rotaryLayout = RotaryLayout::rotateHalf;
  });
  add("linear", [&](ModelConfig& c) {
    layerNormed(c);
    c.position = PositionKind::learned;
    c.attention = AttentionKind::linear;
    c.numKeyValueHeads = 2;
  });
  add("linear_no_positions", [](ModelConfig& c) {
    c.position = PositionKind::none;
    c.attention = AttentionKind::linear;
  });
  add("post_rms", [](ModelConfig& c) { c.normPlacement = NormPlacement::postNorm; });
  return family;
}

std::vector<NamedConfig> decodersWithScores() {
  std::vector<NamedConfig> family = decoderFamily();
  std::erase_if(family, [](const NamedConfig& named) { return !siteExists(Site::scores, named.config); });
  return family;
}

Model randomModel(const ModelConfig& config, std::uint64_t seed) {
  Model model(config);
  Random random(seed);
  for (const Parameter& p : model.layout().parameters()) {
    const double center = isNormWeight(p.role) ? 1.0 : 0.0;
    // Matrices keep the size of what goes through them, somewhat enlarged; everything else varies a little.
    const double spread = p.rows > 1 && p.role != ParameterRole::embedTokens ? 1.5 / std::sqrt(p.cols) : 0.3;
    const MatrixSpan values = model.parameter(p);
    for (int r = 0; r < p.rows; ++r) {
      for (int c = 0; c < p.cols; ++c) values(r, c) = static_cast<float>(center + spread * random.normal());
    }
  }
  return model;
}

LoadedModelPtr randomLoadedModel(const ModelConfig& config, std::uint64_t seed) {
  auto loaded = std::make_shared<LoadedModel>();
  loaded->name = "random";
  loaded->path = "random";
  loaded->format = "test";
  loaded->model = std::make_shared<const Model>(randomModel(config, seed));
  loaded->tokenizer = std::make_shared<const IdTokenizer>(config.vocabSize);
  return loaded;
}

std::vector<float> widenedNumbers(const Model& model) {
  std::vector<float> numbers;
  for (const Parameter& p : model.layout().parameters()) {
    for (int r = 0; r < p.rows; ++r) {
      const std::vector<float> row = model.weights(p).row(r);
      numbers.insert(numbers.end(), row.begin(), row.end());
    }
  }
  return numbers;
}

Model storedAs(const Model& model, FloatType type) {
  constexpr GgmlType kNames[] = {kF32, kF16, kBf16, kQ8_0, kQ4_0};
  StoredWeights weights;
  for (const Parameter& p : model.layout().parameters()) {
    const FloatType as = mayStayStored(p.role) ? type : FloatType::f32;
    std::vector<float> numbers;
    for (int r = 0; r < p.rows; ++r) {
      const std::vector<float> row = model.weights(p).row(r);
      numbers.insert(numbers.end(), row.begin(), row.end());
    }
    const std::string bytes = ggmlBytes(numbers, kNames[static_cast<std::size_t>(as)]);
    const auto copy = std::make_shared<AlignedBuffer>(bytes.size() / sizeof(float) + 1);
    std::memcpy(copy->data(), bytes.data(), bytes.size());
    weights.parameters.emplace_back(reinterpret_cast<const std::byte*>(copy->data()), as, p.rows, p.cols);
    weights.owners.push_back(copy);
  }
  return Model(model.config(), std::move(weights));
}

Model widenedModel(const Model& model) {
  Model widened(model.config());
  for (const Parameter& p : widened.layout().parameters()) {
    const MatrixSpan to = widened.parameter(p);
    for (int r = 0; r < p.rows; ++r) model.weights(p).widenRow(r, to.rowSpan(r));
  }
  return widened;
}

std::vector<TokenId> randomTokens(const ModelConfig& config, int count, std::uint64_t seed) {
  Random random(seed);
  std::vector<TokenId> tokens;
  for (int i = 0; i < count; ++i) {
    tokens.push_back(TokenId{static_cast<int>(random.below(static_cast<std::uint64_t>(config.vocabSize)))});
  }
  return tokens;
}

}  // namespace decodescope::test
