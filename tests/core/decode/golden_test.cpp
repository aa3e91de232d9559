#include "core/decode/forward.h"
#include "core/formats/loaded_model.h"
#include "core/formats/safetensors.h"
#include "tests/support/collecting_sink.h"
#include "tests/support/paths.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

/// What PyTorch made of a folder's model, in double precision (tests/golden/make_decoder_goldens.py).
class Golden {
 public:
  explicit Golden(const std::string& path) : m_file(std::move(SafetensorsFile::open(path)).value()) {}

  std::vector<float> tensor(std::string_view name) const {
    const SafetensorsEntry* entry = m_file.find(name);
    if (!entry) return {};
    std::vector<float> values(entry->elements());
    EXPECT_TRUE(m_file.read(*entry, values).ok());
    return values;
  }

  std::size_t size() const { return m_file.entries().size(); }

 private:
  SafetensorsFile m_file;
};

/// What the sink saw as one tensor of the dump's shape: rows stacked, attention sites (H, T, T) with `masked`
/// above the diagonal.
std::vector<float> stacked(const test::CollectingSink::Rows& rows, Site site, int heads, float masked) {
  std::vector<float> tensor;
  if (siteInfo(site).layout != SiteShape::attention) {
    for (const auto& [position, row] : rows) tensor.insert(tensor.end(), row.begin(), row.end());
    return tensor;
  }
  const std::size_t tokens = rows.size();
  tensor.assign(static_cast<std::size_t>(heads) * tokens * tokens, masked);
  for (const auto& [position, row] : rows) {
    const auto query = static_cast<std::size_t>(position);
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::size_t head = i / (query + 1), key = i % (query + 1);
      tensor[(head * tokens + query) * tokens + key] = row[i];
    }
  }
  return tensor;
}

double rmsOfFinite(const std::vector<float>& values) {
  double sum = 0, count = 0;
  for (const float v : values) {
    if (std::isfinite(v)) sum += static_cast<double>(v) * static_cast<double>(v), ++count;
  }
  return std::sqrt(sum / count);
}

std::vector<std::string> goldenFolders() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(test::testPath("golden/decoders"))) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class GoldenDecoder : public testing::TestWithParam<std::string> {};

TEST_P(GoldenDecoder, EveryTensorAgreesWithPyTorch) {
  const std::string folder = test::testPath("golden/decoders/" + GetParam());
  const Result<LoadedModelPtr> loaded = loadModel(folder);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message();
  const ModelConfig& config = loaded.value()->config();
  const Golden golden(folder + "/expected.safetensors");
  std::vector<TokenId> tokens;
  for (const float id : golden.tensor("tokens")) tokens.push_back(TokenId{static_cast<int>(id)});

  for (const std::size_t firstCall : {tokens.size(), std::size_t{1}, std::size_t{3}}) {
    test::CollectingSink sink;
    KvCache cache(config);
    ForwardWorkspace workspace;
    ForwardOptions options;
    options.sink = &sink;
    forward(*loaded.value()->model, std::span(tokens).first(firstCall), cache, workspace, options);
    for (std::size_t i = firstCall; i < tokens.size(); ++i) {
      forward(*loaded.value()->model, std::span(tokens).subspan(i, 1), cache, workspace, options);
    }
    std::size_t compared = 0;
    for (const auto& [key, rows] : sink.sites) {
      const auto [site, layer] = key;
      if (!siteInfo(site).dumped) continue;
      const std::string name = siteDumpName(site, LayerIndex{layer});
      const std::vector<float> expected = golden.tensor(name);
      const std::vector<float> actual =
          stacked(rows, site, config.numAttentionHeads, site == Site::scores ? -INFINITY : 0.0f);
      ASSERT_EQ(actual.size(), expected.size()) << name;
      const double tolerance = siteInfo(site).tolerance * rmsOfFinite(expected);
      for (std::size_t i = 0; i < actual.size(); ++i) {
        if (std::isinf(expected[i])) {
          ASSERT_EQ(actual[i], expected[i]) << name;
        } else {
          ASSERT_NEAR(actual[i], expected[i], tolerance) << name << " entry " << i;
        }
      }
      ++compared;
    }
    EXPECT_EQ(compared + 1, golden.size()) << "a golden tensor that the decoder does not write";
  }
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenDecoder, testing::ValuesIn(goldenFolders()), [](const auto& name) {
  std::string plain = name.param;
  std::replace(plain.begin(), plain.end(), '-', '_');
  return plain;
});

}  // namespace
}  // namespace decodescope
