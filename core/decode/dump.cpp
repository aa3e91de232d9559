#include "core/decode/dump.h"

#include "core/attention/attention_rows.h"
#include "core/base/atomic_file.h"
#include "core/base/folders.h"
#include "core/formats/npy.h"
#include "core/trace/site.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace decodescope {
namespace {

Error traceMissing(int position) {
  return Error{.field = "trace",
               .what = "the rows of position " + std::to_string(position) + " were not kept"};
}

/// Extents of a site's array when T tokens are stacked; empty for SiteShape::attention, which is (H, T, T).
std::vector<std::int64_t> stackedShape(Site site, const ModelConfig& config, int tokens) {
  const SiteHeads heads = siteHeads(site, config);
  switch (siteInfo(site).layout) {
    case SiteShape::queryHeads:
    case SiteShape::keyHeads:
    case SiteShape::state:
      return {tokens, heads.count, heads.width};
    case SiteShape::attention:
      return {config.numAttentionHeads, tokens, tokens};
    case SiteShape::hidden:
    case SiteShape::latent:
    case SiteShape::intermediate:
    case SiteShape::vocabulary:
      return {tokens, siteRowWidth(site, config)};
  }
  invariantBroken(__FILE__, __LINE__, "unknown SiteShape");
}

Result<void> writeStored(const RunSnapshot& run, Site site, LayerIndex layer, const std::string& path) {
  const ModelConfig& config = run.model->config();
  const int tokens = static_cast<int>(run.positions.size());
  DECODESCOPE_TRY(NpyWriter writer,
                  NpyWriter::create(path, NpyWriter::Type::float32, stackedShape(site, config, tokens)));
  for (int position = 0; position < tokens; ++position) {
    const PositionTrace* trace = run.trace(Position{position});
    const std::span<const float> row = trace != nullptr ? trace->row(site, layer) : std::span<const float>();
    if (row.empty()) return traceMissing(position);
    DECODESCOPE_CHECK(writer.write(row));
  }
  return writer.finish();
}

Result<void> writeAttention(const RunSnapshot& run, Site site, LayerIndex layer, const std::string& path) {
  const ModelConfig& config = run.model->config();
  const int tokens = static_cast<int>(run.positions.size());
  const ScoreStage stage = site == Site::scores ? ScoreStage::scaled : ScoreStage::weight;
  const float masked = site == Site::scores ? -std::numeric_limits<float>::infinity() : 0.0f;
  DECODESCOPE_TRY(NpyWriter writer,
                  NpyWriter::create(path, NpyWriter::Type::float32, stackedShape(site, config, tokens)));
  for (int head = 0; head < config.numAttentionHeads; ++head) {
    for (int query = 0; query < tokens; ++query) {
      std::vector<float> row =
          attentionRow(config, run.positions, layer, HeadIndex{head}, Position{query}, stage);
      if (row.empty()) return traceMissing(query);
      row.resize(static_cast<std::size_t>(tokens), masked);
      DECODESCOPE_CHECK(writer.write(row));
    }
  }
  return writer.finish();
}

std::vector<std::int32_t> plainIds(std::span<const TokenId> ids) {
  std::vector<std::int32_t> plain;
  plain.reserve(ids.size());
  for (const TokenId id : ids) plain.push_back(id.value);
  return plain;
}

void appendNumber(std::string& out, double number) {
  char text[64];
  out.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

}  // namespace

Result<void> writeDump(const RunSnapshot& run, const std::string& folder) {
  DECODESCOPE_CHECK(makeFolders(folder));
  const auto fileOf = [&](const std::string& name) { return folder + "/" + name; };
  const ModelConfig& config = run.model->config();
  const std::span<const TokenId> tokens = run.tokens;
  const std::vector<std::int32_t> fed = plainIds(tokens.first(run.positions.size()));
  const std::vector<std::int32_t> generated =
      plainIds(tokens.subspan(static_cast<std::size_t>(run.promptLength)));
  DECODESCOPE_CHECK(writeNpy(fileOf("tokens.npy"), {static_cast<std::int64_t>(fed.size())}, fed));
  DECODESCOPE_CHECK(
      writeNpy(fileOf("generated.npy"), {static_cast<std::int64_t>(generated.size())}, generated));

  for (const SiteInfo& info : siteTable()) {
    if (!info.dumped || !siteExists(info.site, config)) continue;
    const int layers = info.perLayer ? config.numHiddenLayers : 1;
    for (int i = 0; i < layers; ++i) {
      const LayerIndex layer = info.perLayer ? LayerIndex{i} : kNoLayer;
      const std::string path = fileOf(siteDumpName(info.site, layer) + ".npy");
      DECODESCOPE_CHECK(info.layout == SiteShape::attention ? writeAttention(run, info.site, layer, path)
                                                            : writeStored(run, info.site, layer, path));
    }
  }
  return writeFileAtomically(fileOf("steps.csv"), stepsCsv(run));
}

std::string stepsCsv(const RunSnapshot& run) {
  std::string csv = "step,rows_computed,macs,bytes_read,kv_bytes,ns,max_abs_diff\n";
  for (const StepRecord& step : run.steps) {
    for (const std::uint64_t number :
         {static_cast<std::uint64_t>(step.index.value), static_cast<std::uint64_t>(step.rowsComputed),
          step.counters.macs(), step.counters.bytesRead(), step.kvBytes, step.nanoseconds}) {
      csv += std::to_string(number);
      csv += ',';
    }
    appendNumber(csv, step.maxAbsDiff);
    csv += '\n';
  }
  return csv;
}

}  // namespace decodescope
