#include "app/cli/compare_report.h"

#include "core/cost/decode_cost.h"
#include "core/formats/json_writer.h"

#include <algorithm>
#include <cstdio>

namespace decodescope {
namespace {

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string signedFixed(double value, int digits) {
  return (value < 0 ? "" : "+") + fixed(value, digits);
}

std::uint64_t parametersOf(const CompareRow& row) {
  return row.model->model->layout().parameterCount();
}

/// Bytes that one more token takes; a state takes none.
std::uint64_t cacheBytes(const ModelConfig& config) {
  return config.attention == AttentionKind::linear ? 0 : kvCacheBytes(config, 1);
}

std::uint64_t macsOf(const ModelConfig& config, int context) {
  return forwardCost(config, 1, std::min(context, config.maxPositionEmbeddings - 1)).macs();
}

std::string cachedOf(const ModelConfig& c) {
  if (c.attention == AttentionKind::latent)
    return std::to_string(c.kvLoraRank) + "+" + std::to_string(c.qkRopeHeadDim);
  return std::to_string(c.numKeyValueHeads) + "x" + std::to_string(c.headDim);
}

std::string seedsText(const std::vector<SeedLoss>& losses) {
  if (losses.empty()) return "";
  const SeedStatistics seeds = seedStatistics(losses);
  return seeds.seeds == 1 ? "one seed"
                          : "sd " + fixed(seeds.deviation, 4) + ", " + std::to_string(seeds.seeds) + " seeds";
}

double meanLoss(const CompareRow& row) {
  return row.seeds.size() > 1 ? seedStatistics(row.seeds).mean : row.heldOut.loss.lossPerToken;
}

std::string damageText(const CompareRow& row) {
  const MeasuredDamage& d = *row.heldOut.damage;
  std::string text = "\n" + row.model->name + "\n";
  text += "  loss " + fixed(d.source.lossPerToken, 4) + " before, " +
          fixed(row.heldOut.loss.lossPerToken, 4) + " derived (" +
          signedFixed(row.heldOut.loss.lossPerToken - d.source.lossPerToken, 4) + ")\n";
  text += "  logits differ by " + fixed(d.rmsLogitDifference, 3) + " (RMS), at most " +
          fixed(d.largestLogitDifference, 2) + "; KL " + fixed(d.divergence, 4) +
          " nats; the same likeliest token at " + fixed(100 * d.sameLikeliest, 1) + " % of the positions\n";
  for (const TrainedAlike& alike : row.alike) {
    text += "  trained so from the start: " + alike.name + ", " + fixed(alike.card.heldOutLoss, 4);
    const std::string seeds = seedsText(alike.card.seedLosses);
    if (!seeds.empty()) text += " (" + seeds + ")";
    // The card's text is not always the one that was read here.
    if (!alike.card.heldOutText.empty() && alike.card.heldOutText != heldOutTextName(row.heldOut.tales))
      text += ", on " + alike.card.heldOutText;
    text += "\n";
  }
  return text;
}

double deviationOf(const CompareRow& row) {
  return row.seeds.size() > 1 ? seedStatistics(row.seeds).deviation : 0;
}

/// From the smallest loss to the largest, whatever that says.
std::string orderText(const std::vector<CompareRow>& rows) {
  std::vector<const CompareRow*> order;
  for (const CompareRow& row : rows) {
    if (!row.heldOut.damage) order.push_back(&row);
  }
  if (order.size() < 2) return {};
  std::stable_sort(order.begin(), order.end(),
                   [](const CompareRow* a, const CompareRow* b) { return meanLoss(*a) < meanLoss(*b); });
  std::string text = "order by loss, as found:";
  for (const CompareRow* row : order) text += (row == order.front() ? " " : " < ") + row->model->name;
  for (std::size_t i = 1; i < order.size(); ++i) {
    const double spread = std::max(deviationOf(*order[i - 1]), deviationOf(*order[i]));
    if (meanLoss(*order[i]) - meanLoss(*order[i - 1]) < spread)
      text += "\n" + order[i - 1]->model->name + " and " + order[i]->model->name +
              " differ by less than the seeds of one of them do: no order between them";
  }
  const bool oneSeed =
      std::any_of(rows.begin(), rows.end(), [](const CompareRow& r) { return r.seeds.size() == 1; });
  if (oneSeed) text += "\none seed: how far another seed of the first weights would move a loss is not known";
  return text + "\n";
}

}  // namespace

std::string compareText(const std::vector<CompareRow>& rows, int context) {
  const bool timed =
      std::any_of(rows.begin(), rows.end(), [](const CompareRow& r) { return r.pace.has_value(); });
  std::vector<std::vector<std::string>> table{{"model", "attention", "heads", "cached", "parameters",
                                               "cache B/token", "MACs/step", "held-out loss", ""}};
  if (timed) table.front().insert(table.front().end() - 2, "us/token");
  for (const CompareRow& row : rows) {
    const ModelConfig& c = row.model->config();
    std::vector<std::string> cells{row.model->name,
                                   c.attentionName(),
                                   std::to_string(c.numAttentionHeads) + "x" + std::to_string(c.headDim),
                                   cachedOf(c),
                                   std::to_string(parametersOf(row)),
                                   std::to_string(cacheBytes(c)),
                                   std::to_string(macsOf(c, context))};
    if (timed) cells.push_back(row.pace ? fixed(row.pace->nanosecondsPerToken / 1000, 1) : "");
    cells.push_back(fixed(meanLoss(row), 4));
    cells.push_back(row.heldOut.damage ? "derived" : seedsText(row.seeds));
    table.push_back(std::move(cells));
  }
  std::vector<std::size_t> widths(table.front().size());
  for (const auto& line : table) {
    for (std::size_t c = 0; c < line.size(); ++c) widths[c] = std::max(widths[c], line[c].size());
  }
  std::string text;
  for (const auto& line : table) {
    std::string out;
    for (std::size_t c = 0; c < line.size(); ++c) {
      const std::string pad(widths[c] - line[c].size(), ' ');
      const bool left = c < 2 || c + 1 == line.size();
      out += (c == 0 ? "" : "  ") + (left ? line[c] + pad : pad + line[c]);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    text += out + "\n";
  }
  text += "\n";
  if (!rows.empty()) {
    text += "loss: nats a token over " + std::to_string(rows.front().heldOut.loss.tokens) + " tokens of " +
            heldOutTextName(rows.front().heldOut.tales) +
            "; cache: 4 bytes a number; MACs: one token behind " + std::to_string(context) + "\n";
    text += orderText(rows);
  }
  for (const CompareRow& row : rows) {
    if (row.heldOut.damage) text += damageText(row);
  }
  return text;
}

std::string compareJson(const std::vector<CompareRow>& rows, int context) {
  JsonWriter json(JsonWriter::Style::indented);
  json.beginObject().key("context").value(context).key("models").beginArray();
  for (const CompareRow& row : rows) {
    const ModelConfig& c = row.model->config();
    json.beginObject().key("name").value(row.model->name).key("path").value(row.model->path);
    json.key("attention").value(c.attentionName()).key("num_attention_heads").value(c.numAttentionHeads);
    json.key("num_key_value_heads").value(c.numKeyValueHeads).key("head_dim").value(c.headDim);
    if (c.attention == AttentionKind::latent)
      json.key("kv_lora_rank").value(c.kvLoraRank).key("qk_rope_head_dim").value(c.qkRopeHeadDim);
    if (c.slidingWindow > 0) json.key("sliding_window").value(c.slidingWindow);
    json.key("parameters").value(parametersOf(row)).key("cache_bytes_a_token").value(cacheBytes(c));
    json.key("macs_a_step").value(macsOf(c, context));
    json.key("held_out").beginObject().key("text").value(heldOutTextName(row.heldOut.tales));
    json.key("tokens").value(row.heldOut.loss.tokens).key("loss").value(row.heldOut.loss.lossPerToken);
    if (!row.seeds.empty()) {
      const SeedStatistics seeds = seedStatistics(row.seeds);
      json.key("mean").value(seeds.mean).key("sd");
      seeds.seeds > 1 ? json.value(seeds.deviation) : json.null();
      json.key("seeds").beginArray();
      for (const SeedLoss& seed : row.seeds)
        json.beginObject().key("seed").value(seed.seed).key("loss").value(seed.loss).endObject();
      json.endArray();
    }
    json.endObject();
    if (row.pace)
      json.key("nanoseconds_a_token")
          .value(row.pace->nanosecondsPerToken)
          .key("timed_tokens")
          .value(row.pace->tokens);
    if (row.heldOut.damage) {
      const MeasuredDamage& d = *row.heldOut.damage;
      json.key("derived").beginObject().key("from").value(row.model->derivedFrom->name);
      json.key("loss_before").value(d.source.lossPerToken);
      json.key("rms_logit_difference").value(d.rmsLogitDifference);
      json.key("largest_logit_difference").value(d.largestLogitDifference);
      json.key("kl_divergence").value(d.divergence).key("same_likeliest").value(d.sameLikeliest);
      json.key("trained_alike").beginArray();
      for (const TrainedAlike& alike : row.alike)
        json.beginObject()
            .key("name")
            .value(alike.name)
            .key("loss")
            .value(alike.card.heldOutLoss)
            .endObject();
      json.endArray().endObject();
    }
    json.endObject();
  }
  json.endArray().endObject();
  return json.take();
}

}  // namespace decodescope
