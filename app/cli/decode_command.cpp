#include "app/cli/decode_command.h"

#include "app/cli/arguments.h"
#include "app/cli/run_options.h"
#include "app/cli/subcommand.h"
#include "core/decode/dump.h"
#include "core/formats/json_writer.h"

#include <cstdio>
#include <vector>

namespace decodescope {
namespace {

constexpr OptionInfo kOwnOptions[] = {
    {"--dump", "DIR", "write every tensor as .npy, and steps.csv"},
    {"--json", "", "print the run as JSON instead of its text"},
    {"--help", "", "this text"},
    {"--version", "", "the version"},
};

std::vector<OptionInfo> optionTable() {
  const auto shared = runOptionTable();
  std::vector<OptionInfo> options(shared.begin(), shared.end());
  options.insert(options.end(), std::begin(kOwnOptions), std::end(kOwnOptions));
  return options;
}

std::string jsonOf(const RunSnapshot& run) {
  const Tokenizer& tokenizer = *run.model->tokenizer;
  JsonWriter json(JsonWriter::Style::indented);
  json.beginObject();
  json.key("model").value(run.model->path).key("format").value(run.model->format);
  json.key("prompt_tokens").beginArray();
  for (int i = 0; i < run.promptLength; ++i) json.value(run.tokens[static_cast<std::size_t>(i)].value);
  json.endArray();
  json.key("generated").beginArray();
  for (std::size_t i = static_cast<std::size_t>(run.promptLength); i < run.tokens.size(); ++i)
    json.value(run.tokens[i].value);
  json.endArray();
  json.key("text").value(generatedText(run));
  json.key("stop_reason").value(stopReasonName(run.stopReason));
  json.key("steps").beginArray();
  for (const StepRecord& step : run.steps) {
    json.beginObject();
    json.key("step").value(step.index.value);
    json.key("token").value(step.sampled.value);
    json.key("piece").value(tokenizer.shownPiece(step.sampled));
    json.key("probability").value(step.sampledProbability);
    json.key("kv_cache").value(step.kvCache);
    json.key("rows_computed").value(step.rowsComputed);
    json.key("macs").value(step.counters.macs());
    json.key("bytes_read").value(step.counters.bytesRead());
    json.key("kv_bytes").value(step.kvBytes);
    json.key("ns").value(step.nanoseconds);
    json.key("traced").value(step.traced);
    json.key("max_abs_diff").value(step.maxAbsDiff);
    json.endObject();
  }
  json.endArray();
  json.endObject();
  return json.take();
}

}  // namespace

int runDecodeCommand(std::span<const std::string> words) {
  const std::vector<OptionInfo> table = optionTable();
  const auto parsed = Arguments::parse(words, table);
  if (!parsed.ok()) return reportError(parsed.error(), kExitCallAtFault);
  const Arguments& arguments = parsed.value();
  if (arguments.has("--help")) {
    return printResult(
        "decodescope decode --model M (--prompt TEXT | --tokens 1,5,9) --steps N [OPTION…]\n"
        "Decodes and prints the prompt's text and what follows.\n\n" +
        optionsHelp(table));
  }
  if (arguments.has("--version")) return printResult(versionLine() + "\n");
  if (!arguments.words().empty())
    return reportError(Error{.field = arguments.words().front(), .what = "is not an option"},
                       kExitCallAtFault);
  const auto options = parseRunOptions(arguments);
  if (!options.ok()) return reportError(options.error(), kExitCallAtFault);
  if (!options.value().hasPrompt())
    return reportError(Error{.field = "--prompt", .what = "is missing (or --tokens)"}, kExitCallAtFault);
  const auto dump = arguments.value("--dump");
  if (dump && !options.value().trace)
    return reportError(Error{.field = "--dump", .what = "cannot be used together with --no-trace"},
                       kExitCallAtFault);

  const auto decoded = decodeRun(options.value(), dump ? KeepTraces::all : KeepTraces::withinBudget);
  if (!decoded.ok()) return reportError(decoded.error(), kExitInputAtFault);
  const RunSnapshot& run = *decoded.value();
  for (const std::string& warning : run.model->warnings)
    std::fprintf(stderr, "decodescope: %s\n", warning.c_str());
  if (dump) {
    const auto written = writeDump(run, *dump);
    if (!written.ok()) return reportError(written.error(), kExitInputAtFault);
  }
  return printResult(arguments.has("--json") ? jsonOf(run) : run.model->tokenizer->decode(run.tokens) + "\n");
}

}  // namespace decodescope
