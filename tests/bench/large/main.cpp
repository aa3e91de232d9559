// Writes a Hugging Face folder with a random LLaMA of about so many MiB, to try the loading of large files:
//
//   decodescope_large_model FOLDER [MiB, 1024] [F32|F16|BF16]
//
// Written piece by piece: it takes no more memory than one row of weights.

#include "core/base/float_formats.h"
#include "core/base/random.h"
#include "core/formats/hf_config.h"
#include "core/formats/hf_names.h"
#include "core/formats/json_writer.h"
#include "core/model/parameter_layout.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace decodescope::bench {
namespace {

struct Dtype {
  std::string_view name, torchName;
  std::size_t bytes;
};
constexpr Dtype kDtypes[] = {{"F32", "float32", 4}, {"F16", "float16", 2}, {"BF16", "bfloat16", 2}};

/// As many layers as come nearest to that size.
ModelConfig configOf(std::uint64_t bytes, const Dtype& dtype) {
  ModelConfig config;
  config.hiddenSize = 2048;
  config.intermediateSize = 5632;
  config.numAttentionHeads = 32;
  config.numKeyValueHeads = 4;
  config.headDim = 64;
  config.vocabSize = 32000;
  config.maxPositionEmbeddings = 2048;
  config.tieWordEmbeddings = true;
  config.numHiddenLayers = 1;
  while (dtype.bytes * ParameterLayout(config).parameterCount() < bytes) ++config.numHiddenLayers;
  return config;
}

void put(std::ofstream& out, const Dtype& dtype, float number) {
  std::uint16_t half = dtype.name == "F16" ? floatToF16(number) : floatToBf16(number);
  if (dtype.bytes == 4) {
    out.write(reinterpret_cast<const char*>(&number), 4);
  } else {
    out.write(reinterpret_cast<const char*>(&half), 2);
  }
}

int write(const std::filesystem::path& folder, std::uint64_t bytes, const Dtype& dtype) {
  const ModelConfig config = configOf(bytes, dtype);
  const ParameterLayout layout(config);
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "config.json") << writeHfConfig(config, std::string(dtype.torchName)).value();

  JsonWriter json;
  json.beginObject();
  std::uint64_t at = 0;
  for (const Parameter& p : layout.parameters()) {
    json.key(hfFullName(config, p)).beginObject().key("dtype").value(dtype.name).key("shape").beginArray();
    if (!hfStoredPart(config, p).isVector) json.value(p.rows);
    json.value(p.cols).endArray().key("data_offsets").beginArray().value(at);
    at += dtype.bytes * p.size();
    json.value(at).endArray().endObject();
  }
  std::string header = json.endObject().take();
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::ofstream out(folder / "model.safetensors", std::ios::binary);
  const std::uint64_t length = header.size();
  out.write(reinterpret_cast<const char*>(&length), sizeof length);
  out << header;
  // Some thousand normal numbers again and again: drawing a billion takes longer than writing them.
  Random random(1);
  std::vector<float> numbers(8191);
  for (float& number : numbers) number = static_cast<float>(random.normal());
  std::size_t next = 0;
  for (const Parameter& p : layout.parameters()) {
    const float spread = p.rows == 1 ? 0.05f : 1.0f / std::sqrt(static_cast<float>(p.cols));
    for (std::size_t i = 0; i < p.size(); ++i, ++next)
      put(out, dtype, (p.rows == 1 ? 1.0f : 0.0f) + spread * numbers[next % numbers.size()]);
  }
  out.flush();
  std::printf("%s: %d layers, %.0f MiB\n", folder.c_str(), config.numHiddenLayers,
              static_cast<double>(at) / (1 << 20));
  return out.good() ? 0 : 1;
}

int run(int argc, char** argv) {
  const std::string_view type = argc > 3 ? argv[3] : "BF16";
  for (const Dtype& dtype : kDtypes) {
    if (argc < 2 || argc > 4 || dtype.name != type) continue;
    const double mib = argc > 2 ? std::strtod(argv[2], nullptr) : 1024;
    if (mib >= 1) return write(argv[1], static_cast<std::uint64_t>(mib * (1 << 20)), dtype);
  }
  std::fprintf(stderr, "usage: %s FOLDER [MiB] [F32|F16|BF16]\n", argv[0]);
  return 2;
}

}  // namespace
}  // namespace decodescope::bench

int main(int argc, char** argv) {
  return decodescope::bench::run(argc, argv);
}
