#include "app/cli/inspect_command.h"

#include "app/cli/arguments.h"
#include "app/cli/run_options.h"
#include "app/cli/subcommand.h"
#include "core/cost/decode_cost.h"
#include "core/formats/hf_config.h"
#include "core/formats/json_writer.h"
#include "core/formats/loaded_model.h"
#include "core/formats/stored_tensors.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <vector>

namespace decodescope {
namespace {

constexpr OptionInfo kOptions[] = {
    kTokenizerOption,
    kRotaryLayoutOption,
    {"--json", "", "as JSON"},
    {"--help", "", "this text"},
    {"--version", "", "the version"},
};

std::string shown(double number) {
  char text[64];
  return {text, std::to_chars(text, text + sizeof text, number, std::chars_format::general, 6).ptr};
}

const char* shown(NormKind norm) {
  return norm == NormKind::rmsNorm ? "RMSNorm" : "LayerNorm";
}

const char* shown(PositionKind position) {
  switch (position) {
    case PositionKind::rotary:
      return "rotary";
    case PositionKind::learned:
      return "learned";
    case PositionKind::sinusoidal:
      return "sinusoidal";
    case PositionKind::none:
      return "none";
  }
  return "";
}

std::string shown(const RopeScaling& scaling) {
  switch (scaling.kind) {
    case RopeScaling::Kind::none:
      return "none";
    case RopeScaling::Kind::linear:
      return "linear, factor " + shown(scaling.factor);
    case RopeScaling::Kind::llama3:
      return "llama3, factor " + shown(scaling.factor) + ", low_freq_factor " + shown(scaling.lowFreqFactor) +
             ", high_freq_factor " + shown(scaling.highFreqFactor) + ", original_max_position_embeddings " +
             std::to_string(scaling.originalMaxPositionEmbeddings);
    case RopeScaling::Kind::divisors:
      return "rope_freqs, " + shown(static_cast<double>(scaling.divisors.front())) + " to " +
             shown(static_cast<double>(scaling.divisors.back()));
  }
  return "";
}

std::string shapeText(const std::vector<std::uint64_t>& shape) {
  std::string text;
  for (const std::uint64_t extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return text;
}

long long kvBytesAToken(const ModelConfig& config) {
  return static_cast<long long>(kvCacheBytes(config, 1));
}

struct StoredKind {
  std::string type;
  long long tensors = 0;
  std::uint64_t bytes = 0;
};

/// How many tensors each type has, in the order of the file.
std::vector<StoredKind> storedKinds(const std::vector<StoredTensor>& tensors) {
  std::vector<StoredKind> kinds;
  for (const StoredTensor& tensor : tensors) {
    auto kind =
        std::find_if(kinds.begin(), kinds.end(), [&](const StoredKind& k) { return k.type == tensor.type; });
    if (kind == kinds.end()) kind = kinds.insert(kind, StoredKind{.type = tensor.type});
    ++kind->tensors;
    kind->bytes += tensor.bytes;
  }
  return kinds;
}

std::string storedSummary(const std::vector<StoredTensor>& tensors) {
  std::string text;
  for (const StoredKind& kind : storedKinds(tensors)) {
    text += (text.empty() ? "" : ", ") + kind.type + " (" + std::to_string(kind.tensors) + " tensors, " +
            std::to_string(kind.bytes) + " bytes)";
  }
  return text;
}

/// Lines of `name: value`, and of `name (i, j)` for the tensors.
class Report {
 public:
  void line(const std::string& name, const std::string& value) { m_text += name + ": " + value + "\n"; }
  void line(const std::string& name, long long value) { line(name, std::to_string(value)); }
  void raw(const std::string& text) { m_text += text; }
  const std::string& text() const { return m_text; }

 private:
  std::string m_text;
};

/// What is told of a model.
struct Inspected {
  LoadedModelPtr model;
  ModelOutline outline;
  std::vector<StoredTensor> tensors;
};

Result<Inspected> inspect(const RunOptions& options) {
  Inspected inspected;
  LoadProgress progress;
  progress.outlined = [&inspected](const ModelOutline& outline) -> Result<void> {
    inspected.outline = outline;
    return {};
  };
  DECODESCOPE_TRY(inspected.model, loadedModel(options, progress));
  DECODESCOPE_TRY(inspected.tensors, storedTensorsOf(*inspected.model));
  return inspected;
}

std::string reportOn(const Inspected& inspected) {
  const LoadedModel& model = *inspected.model;
  const ModelConfig& config = model.config();
  Report report;
  report.line("model", model.path);
  report.line("format", model.format);
  if (!model.card.title.empty()) report.line("title", model.card.title);
  if (!model.card.summary.empty()) report.line("summary", model.card.summary);
  report.line("model_type", config.modelType);
  report.line("attention", config.attentionName());
  report.line("vocab_size", config.vocabSize);
  report.line("hidden_size", config.hiddenSize);
  report.line("intermediate_size", config.intermediateSize);
  report.line("num_hidden_layers", config.numHiddenLayers);
  report.line("num_attention_heads", config.numAttentionHeads);
  report.line("num_key_value_heads", config.numKeyValueHeads);
  report.line("head_dim", config.headDim);
  report.line("max_position_embeddings", config.maxPositionEmbeddings);
  report.line("norm", std::string(shown(config.norm)) +
                          (config.normPlacement == NormPlacement::preNorm ? ", before each block"
                                                                          : ", after each block") +
                          ", eps " + shown(static_cast<double>(config.normEps)));
  report.line("positions", shown(config.position));
  if (config.position == PositionKind::rotary) {
    report.line("rope_theta", shown(config.ropeTheta));
    if (config.ropeScaling.kind != RopeScaling::Kind::none)
      report.line("rope_scaling", shown(config.ropeScaling));
    report.line("rotary pairs", rotaryLayoutName(config.rotaryLayout));
  }
  report.line("activation",
              std::string(hfActivationName(config.activation)) + (config.gatedMlp ? ", gated" : ""));
  report.line("tie_word_embeddings", config.tieWordEmbeddings ? "true" : "false");
  const Tokenizer& tokenizer = *model.tokenizer;
  report.line("tokenizer", std::to_string(tokenizer.vocabSize()) + " tokens" +
                               (model.tokenizerPath.empty() ? "" : ", from " + model.tokenizerPath));
  const auto token = [&](TokenId id) { return std::to_string(id.value) + " " + tokenizer.shownPiece(id); };
  if (config.bosTokenId) report.line("bos_token_id", token(*config.bosTokenId));
  for (const TokenId id : config.eosTokenIds) report.line("eos_token_id", token(id));

  const auto parameters = static_cast<long long>(model.model->layout().parameterCount());
  report.line("parameters", parameters);
  report.line("bytes in memory", static_cast<long long>(inspected.outline.memoryBytes));
  if (inspected.outline.mappedBytes > 0)
    report.line("bytes used in the file", static_cast<long long>(inspected.outline.mappedBytes));
  report.line("KV cache bytes a token", kvBytesAToken(config));
  if (!model.card.prompts.empty()) report.line("default prompt", model.card.prompts.front());
  for (const NotableHead& head : model.card.heads) {
    report.line("head worth seeing", "layer " + std::to_string(head.layer.value) + ", head " +
                                         std::to_string(head.head.value) + ": " + head.role + " (" +
                                         shown(head.share) + ")");
  }
  for (const std::string& warning : model.warnings) report.line("warning", warning);

  report.line("stored as", storedSummary(inspected.tensors));
  report.raw("\n");
  for (const StoredTensor& tensor : inspected.tensors)
    report.raw(tensor.name + " (" + shapeText(tensor.shape) + ") " + tensor.type + "\n");
  return report.text();
}

void writeConfig(JsonWriter& json, const ModelConfig& config) {
  json.key("config").beginObject().key("model_type").value(config.modelType);
  json.key("vocab_size").value(config.vocabSize).key("hidden_size").value(config.hiddenSize);
  json.key("intermediate_size").value(config.intermediateSize);
  json.key("num_hidden_layers").value(config.numHiddenLayers);
  json.key("num_attention_heads").value(config.numAttentionHeads);
  json.key("num_key_value_heads").value(config.numKeyValueHeads);
  json.key("head_dim").value(config.headDim);
  json.key("max_position_embeddings").value(config.maxPositionEmbeddings);
  json.key("norm").value(shown(config.norm)).key("norm_eps").value(config.normEps);
  json.key("norm_before_block").value(config.normPlacement == NormPlacement::preNorm);
  json.key("positions").value(shown(config.position));
  if (config.position == PositionKind::rotary) {
    json.key("rope_theta").value(config.ropeTheta).key("rope_scaling").value(shown(config.ropeScaling));
    json.key("rotary_pairs").value(rotaryLayoutName(config.rotaryLayout));
  }
  json.key("activation").value(hfActivationName(config.activation)).key("gated_mlp").value(config.gatedMlp);
  json.key("tie_word_embeddings").value(config.tieWordEmbeddings);
  json.key("bos_token_id");
  config.bosTokenId ? json.value(config.bosTokenId->value) : json.null();
  json.key("eos_token_ids").beginArray();
  for (const TokenId id : config.eosTokenIds) json.value(id.value);
  json.endArray().endObject();
}

std::string jsonOn(const Inspected& inspected) {
  const LoadedModel& model = *inspected.model;
  const std::vector<StoredTensor>& tensors = inspected.tensors;
  const ModelConfig& config = model.config();
  const auto parameters = static_cast<long long>(model.model->layout().parameterCount());
  JsonWriter json(JsonWriter::Style::indented);
  json.beginObject().key("model").value(model.path).key("format").value(model.format);
  json.key("attention").value(config.attentionName());
  writeConfig(json, config);
  json.key("tokenizer_vocab_size").value(model.tokenizer->vocabSize());
  json.key("parameters").value(parameters).key("memory_bytes").value(inspected.outline.memoryBytes);
  json.key("mapped_bytes").value(inspected.outline.mappedBytes);
  json.key("kv_cache_bytes_a_token").value(kvBytesAToken(config));
  json.key("stored").beginArray();
  for (const StoredKind& kind : storedKinds(tensors)) {
    json.beginObject().key("type").value(kind.type).key("tensors").value(kind.tensors);
    json.key("bytes").value(kind.bytes).endObject();
  }
  json.endArray().key("tensors").beginArray();
  for (const StoredTensor& tensor : tensors) {
    json.beginObject()
        .key("name")
        .value(tensor.name)
        .key("type")
        .value(tensor.type)
        .key("shape")
        .beginArray();
    for (const std::uint64_t extent : tensor.shape) json.value(extent);
    json.endArray().key("bytes").value(tensor.bytes).endObject();
  }
  json.endArray().key("warnings").beginArray();
  for (const std::string& warning : model.warnings) json.value(warning);
  return json.endArray().endObject().take();
}

}  // namespace

int runInspectCommand(std::span<const std::string> words) {
  const auto parsed = Arguments::parse(words, kOptions);
  if (!parsed.ok()) return reportError(parsed.error(), kExitCallAtFault);
  const Arguments& arguments = parsed.value();
  if (arguments.has("--help")) {
    return printResult(
        "decodescope inspect M\nSays what is in a model (a Hugging Face folder or a model file): "
        "architecture, tokenizer, memory,\n"
        "and every tensor with its shape and the type it is stored in.\n\n" +
        optionsHelp(kOptions));
  }
  if (arguments.has("--version")) return printResult(versionLine() + "\n");
  if (arguments.words().size() != 1) {
    return reportError(Error{.field = "inspect",
                             .what = "needs one model",
                             .found = std::to_string(arguments.words().size()),
                             .allowed = "1"},
                       kExitCallAtFault);
  }
  RunOptions options;
  options.model = arguments.words().front();
  if (const auto read = parseModelOptions(arguments, options); !read.ok())
    return reportError(read.error(), kExitCallAtFault);
  const auto inspected = inspect(options);
  if (!inspected.ok()) return reportError(inspected.error(), kExitInputAtFault);
  return printResult(arguments.has("--json") ? jsonOn(inspected.value()) : reportOn(inspected.value()));
}

}  // namespace decodescope
