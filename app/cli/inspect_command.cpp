#include "app/cli/inspect_command.h"

#include "app/cli/arguments.h"
#include "app/cli/subcommand.h"
#include "core/formats/hf_names.h"
#include "core/formats/loaded_model.h"

#include <charconv>
#include <cstdio>
#include <vector>

namespace decodescope {
namespace {

constexpr OptionInfo kOptions[] = {
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

const char* shown(Activation activation) {
  switch (activation) {
    case Activation::silu:
      return "silu";
    case Activation::relu:
      return "relu";
    case Activation::gelu:
      return "gelu";
    case Activation::geluTanh:
      return "gelu_new";
  }
  return "";
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

std::string reportOn(const LoadedModel& model) {
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
    report.line("rotary pairs",
                config.rotaryLayout == RotaryLayout::rotateHalf ? "rotate-half" : "interleaved");
  }
  report.line("activation", std::string(shown(config.activation)) + (config.gatedMlp ? ", gated" : ""));
  report.line("tie_word_embeddings", config.tieWordEmbeddings ? "true" : "false");
  const Tokenizer& tokenizer = *model.tokenizer;
  const auto token = [&](TokenId id) { return std::to_string(id.value) + " " + tokenizer.shownPiece(id); };
  if (config.bosTokenId) report.line("bos_token_id", token(*config.bosTokenId));
  for (const TokenId id : config.eosTokenIds) report.line("eos_token_id", token(id));

  const auto parameters = static_cast<long long>(model.model->layout().parameterCount());
  report.line("parameters", parameters);
  report.line("bytes in memory", 4 * parameters);
  report.line("KV cache bytes a token", 2LL * config.numHiddenLayers * config.keyValueWidth() * 4);
  if (!model.card.prompts.empty()) report.line("default prompt", model.card.prompts.front());
  for (const NotableHead& head : model.card.heads) {
    report.line("head worth seeing", "layer " + std::to_string(head.layer.value) + ", head " +
                                         std::to_string(head.head.value) + ": " + head.role + " (" +
                                         shown(head.share) + ")");
  }
  for (const std::string& warning : model.warnings) report.line("warning", warning);

  report.raw("\n");
  for (const Parameter& parameter : model.model->layout().parameters()) {
    std::string shape;
    for (const std::uint64_t extent : hfStoredPart(config, parameter).shape(parameter)) {
      if (!shape.empty()) shape += ", ";
      shape += std::to_string(extent);
    }
    report.raw(hfFullName(config, parameter) + " (" + shape + ")\n");
  }
  return report.text();
}

}  // namespace

int runInspectCommand(std::span<const std::string> words) {
  const auto parsed = Arguments::parse(words, kOptions);
  if (!parsed.ok()) return reportError(parsed.error(), kExitCallAtFault);
  const Arguments& arguments = parsed.value();
  if (arguments.has("--help")) {
    return printResult(
        "decodescope inspect M\nSays what is in a model: a Hugging Face folder or a model file.\n\n" +
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
  const auto model = loadModel(arguments.words().front());
  if (!model.ok()) return reportError(model.error(), kExitInputAtFault);
  return printResult(reportOn(*model.value()));
}

}  // namespace decodescope
