#include "core/train/held_out.h"

#include "core/decode/forward.h"
#include "core/formats/hf_config.h"
#include "core/formats/model_card.h"
#include "core/train/backward_ops.h"
#include "core/train/presets.h"
#include "core/train/tales.h"

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

constexpr std::size_t kWholeParameters = 4'000'000;
constexpr int kFewestTales = 4;

/// One model on its way through the text.
class Reader {
 public:
  Reader(const Model& model, std::stop_token stop)
      : m_model(model), m_stop(std::move(stop)), m_cache(model.config()) {}

  /// The logits behind each of the tokens (T, V); nothing when it was stopped. Valid until the next call.
  std::optional<ConstMatrixSpan> logits(std::span<const TokenId> ids) {
    m_cache.truncate(0);
    ForwardOptions options;
    options.logitsOfAllRows = true;
    options.stop = m_stop;
    const ForwardResult result = forward(m_model, ids, m_cache, m_workspace, options);
    if (result.stopped) return std::nullopt;
    return result.logits;
  }

 private:
  const Model& m_model;
  std::stop_token m_stop;
  KvCache m_cache;
  ForwardWorkspace m_workspace;
};

double logSumExp(std::span<const float> logits) {
  const auto largest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0;
  for (const float x : logits) sum += std::exp(static_cast<double>(x) - largest);
  return largest + std::log(sum);
}

std::ptrdiff_t likeliest(std::span<const float> logits) {
  return std::max_element(logits.begin(), logits.end()) - logits.begin();
}

/// Sums over positions.
struct DamageSums {
  double squares = 0, largest = 0, divergence = 0, loss = 0;
  std::uint64_t numbers = 0, positions = 0, same = 0;

  void add(std::span<const float> source, std::span<const float> derived, TokenId next) {
    const double a = logSumExp(source), b = logSumExp(derived);
    double divergenceHere = 0;
    for (std::size_t i = 0; i < source.size(); ++i) {
      const auto x = static_cast<double>(source[i]), y = static_cast<double>(derived[i]);
      squares += (y - x) * (y - x);
      largest = std::max(largest, std::abs(y - x));
      divergenceHere += std::exp(x - a) * ((x - a) - (y - b));
    }
    divergence += divergenceHere;
    loss += negativeLogLikelihood(source, next);
    numbers += source.size();
    ++positions;
    same += likeliest(source) == likeliest(derived) ? 1 : 0;
  }

  MeasuredDamage result() const {
    const auto n = static_cast<double>(std::max<std::uint64_t>(1, positions));
    MeasuredDamage damage;
    damage.source = {loss / n, positions};
    damage.rmsLogitDifference = std::sqrt(squares / static_cast<double>(std::max<std::uint64_t>(1, numbers)));
    damage.largestLogitDifference = largest;
    damage.divergence = divergence / n;
    damage.sameLikeliest = static_cast<double>(same) / n;
    return damage;
  }
};

Result<std::vector<TokenId>> tokensOfTale(const LoadedModel& model, int tale) {
  DECODESCOPE_TRY(std::vector<TokenId> ids,
                  model.tokenizer->encode(makeTale(kHeldOutSeed, static_cast<std::uint64_t>(tale)).text));
  const ModelConfig& config = model.config();
  if (!config.eosTokenIds.empty()) ids.push_back(config.eosTokenIds.front());
  const auto limit = static_cast<std::size_t>(config.maxPositionEmbeddings) + 1;
  if (ids.size() > limit) ids.resize(limit);
  return ids;
}

/// What decides the shape of every parameter, and what the attention reads.
bool hasShapeOf(const ModelConfig& a, const ModelConfig& b) {
  return a.attention == b.attention && a.vocabSize == b.vocabSize && a.hiddenSize == b.hiddenSize &&
         a.intermediateSize == b.intermediateSize && a.numHiddenLayers == b.numHiddenLayers &&
         a.numAttentionHeads == b.numAttentionHeads && a.numKeyValueHeads == b.numKeyValueHeads &&
         a.headDim == b.headDim && a.slidingWindow == b.slidingWindow && a.kvLoraRank == b.kvLoraRank &&
         a.norm == b.norm && a.normPlacement == b.normPlacement && a.position == b.position &&
         a.activation == b.activation && a.gatedMlp == b.gatedMlp &&
         a.tieWordEmbeddings == b.tieWordEmbeddings;
}

Result<TrainedAlike> readAlike(const std::string& folder, const ModelConfig& shape) {
  DECODESCOPE_TRY(const JsonDocument document, JsonDocument::read(folder + "/config.json", 1 << 20));
  DECODESCOPE_TRY(const ModelConfig config, readHfConfig(document));
  if (!hasShapeOf(config, shape)) return Error{.file = folder, .what = "has another shape"};
  DECODESCOPE_TRY(ModelCard card, readModelCard(folder + "/card.json", config));
  return TrainedAlike{folder.substr(folder.find_last_of('/') + 1), std::move(card)};
}

}  // namespace

int heldOutTalesFor(const ModelConfig& config) {
  const std::size_t parameters = ParameterLayout(config).parameterCount();
  if (parameters <= kWholeParameters) return kHeldOutTales;
  const double share = static_cast<double>(kWholeParameters) / static_cast<double>(parameters);
  return std::max(kFewestTales, static_cast<int>(kHeldOutTales * share));
}

std::string heldOutTextName(int tales) {
  return std::to_string(tales) + " tales of seed " + std::to_string(kHeldOutSeed);
}

Result<HeldOutMeasurement> measureHeldOut(const LoadedModel& model, int tales,
                                          const HeldOutProgress& progress) {
  if (!model.tokenizer) return Error{.file = model.name, .what = "has no tokenizer"};
  Reader own(*model.model, progress.stop);
  std::optional<Reader> before;
  if (model.derivedFrom) before.emplace(*model.derivedFrom->model, progress.stop);
  DamageSums damage;
  double loss = 0;
  std::uint64_t tokens = 0;
  for (int tale = 0; tale < tales; ++tale) {
    DECODESCOPE_TRY(const std::vector<TokenId> ids, tokensOfTale(model, tale));
    if (ids.size() < 2) continue;
    const auto fed = std::span<const TokenId>(ids).first(ids.size() - 1);
    const auto logits = own.logits(fed);
    const auto source = before ? before->logits(fed) : logits;
    if (!logits || !source) return Error{.what = "cancelled"};
    for (int t = 0; t < logits->rows; ++t) {
      const TokenId next = ids[static_cast<std::size_t>(t) + 1];
      loss += negativeLogLikelihood(logits->rowSpan(t), next);
      ++tokens;
      if (before) damage.add(source->rowSpan(t), logits->rowSpan(t), next);
    }
    if (progress.report) progress.report(static_cast<double>(tale + 1) / tales);
  }
  HeldOutMeasurement out;
  out.loss = {loss / static_cast<double>(std::max<std::uint64_t>(1, tokens)), tokens};
  if (before) out.damage = damage.result();
  out.tales = tales;
  return out;
}

std::vector<TrainedAlike> trainedAlike(const LoadedModel& derived, const std::vector<std::string>& folders) {
  std::vector<TrainedAlike> found;
  for (const std::string& folder : folders) {
    Result<TrainedAlike> alike = readAlike(folder, derived.config());
    if (alike.ok() && alike.value().card.heldOutLoss > 0) found.push_back(std::move(alike).value());
  }
  return found;
}

SeedStatistics seedStatistics(const std::vector<SeedLoss>& losses) {
  SeedStatistics out;
  out.seeds = static_cast<int>(losses.size());
  if (losses.empty()) return out;
  for (const SeedLoss& loss : losses) out.mean += loss.loss / out.seeds;
  if (out.seeds < 2) return out;
  for (const SeedLoss& loss : losses)
    out.deviation += (loss.loss - out.mean) * (loss.loss - out.mean) / (out.seeds - 1);
  out.deviation = std::sqrt(out.deviation);
  return out;
}

}  // namespace decodescope
