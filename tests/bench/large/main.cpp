// Writes a random LLaMA of about so many MiB into a folder, to try the loading of large files:
//
//   decodescope_large_model FOLDER [MiB, 1024] [F32|F16|BF16|Q8_0|Q4_0]
//
// A Hugging Face folder, written piece by piece: it takes no more memory than one row of weights. The last
// two are a FOLDER/model.gguf, and made in memory: some eight times its size is needed.

#include "core/base/float_formats.h"
#include "core/base/float_types.h"
#include "core/base/random.h"
#include "core/formats/hf_config.h"
#include "core/formats/hf_names.h"
#include "core/formats/json_writer.h"
#include "core/model/model.h"
#include "core/model/parameter_layout.h"
#include "tests/support/gguf_file.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace decodescope::bench {
namespace {

struct Dtype {
  std::string_view name, torchName;  ///< no torchName: GGUF's
  FloatType type;
};
constexpr Dtype kDtypes[] = {{"F32", "float32", FloatType::f32},
                             {"F16", "float16", FloatType::f16},
                             {"BF16", "bfloat16", FloatType::bf16},
                             {"Q8_0", {}, FloatType::q8_0},
                             {"Q4_0", {}, FloatType::q4_0}};

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
  while (storedBytes(dtype.type, ParameterLayout(config).parameterCount()) < bytes) ++config.numHiddenLayers;
  return config;
}

void put(std::ofstream& out, const Dtype& dtype, float number) {
  std::uint16_t half = dtype.name == "F16" ? floatToF16(number) : floatToBf16(number);
  if (dtype.type == FloatType::f32) {
    out.write(reinterpret_cast<const char*>(&number), 4);
  } else {
    out.write(reinterpret_cast<const char*>(&half), 2);
  }
}

/// Some thousand normal numbers again and again: drawing a billion takes longer than writing them.
class Numbers {
 public:
  Numbers() : m_normal(8191) {
    Random random(1);
    for (float& number : m_normal) number = static_cast<float>(random.normal());
  }
  float next(const Parameter& p) {
    const float spread = p.rows == 1 ? 0.05f : 1.0f / std::sqrt(static_cast<float>(p.cols));
    return (p.rows == 1 ? 1.0f : 0.0f) + spread * m_normal[m_next++ % m_normal.size()];
  }

 private:
  std::vector<float> m_normal;
  std::size_t m_next = 0;
};

int tell(const std::filesystem::path& path, const ModelConfig& config, std::uint64_t bytes, bool good) {
  std::printf("%s: %d layers, %.0f MiB\n", path.c_str(), config.numHiddenLayers,
              static_cast<double>(bytes) / (1 << 20));
  return good ? 0 : 1;
}

int writeGguf(const std::filesystem::path& folder, std::uint64_t bytes, const Dtype& dtype) {
  ModelConfig config = configOf(bytes, dtype);
  config.rotaryLayout = RotaryLayout::interleaved;
  Model model(config);
  Numbers numbers;
  for (const Parameter& p : model.layout().parameters()) {
    for (float& number : std::span(model.parameter(p).data, p.size())) number = numbers.next(p);
  }
  const std::string file =
      test::ggufOf(model, dtype.type == FloatType::q8_0 ? test::kQ8_0 : test::kQ4_0).bytes();
  std::filesystem::create_directories(folder);
  const std::filesystem::path path = folder / "model.gguf";
  std::ofstream out(path, std::ios::binary);
  out << file;
  out.flush();
  return tell(path, config, file.size(), out.good());
}

int writeFolder(const std::filesystem::path& folder, std::uint64_t bytes, const Dtype& dtype) {
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
    at += storedBytes(dtype.type, p.size());
    json.value(at).endArray().endObject();
  }
  std::string header = json.endObject().take();
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::ofstream out(folder / "model.safetensors", std::ios::binary);
  const std::uint64_t length = header.size();
  out.write(reinterpret_cast<const char*>(&length), sizeof length);
  out << header;
  Numbers numbers;
  for (const Parameter& p : layout.parameters()) {
    for (std::size_t i = 0; i < p.size(); ++i) put(out, dtype, numbers.next(p));
  }
  out.flush();
  return tell(folder, config, at, out.good());
}

int run(int argc, char** argv) {
  const std::string_view type = argc > 3 ? argv[3] : "BF16";
  for (const Dtype& dtype : kDtypes) {
    if (argc < 2 || argc > 4 || dtype.name != type) continue;
    const double mib = argc > 2 ? std::strtod(argv[2], nullptr) : 1024;
    const auto bytes = static_cast<std::uint64_t>(mib * (1 << 20));
    if (mib >= 1) return (dtype.torchName.empty() ? writeGguf : writeFolder)(argv[1], bytes, dtype);
  }
  std::fprintf(stderr, "usage: %s FOLDER [MiB] [F32|F16|BF16|Q8_0|Q4_0]\n", argv[0]);
  return 2;
}

}  // namespace
}  // namespace decodescope::bench

int main(int argc, char** argv) {
  return decodescope::bench::run(argc, argv);
}
