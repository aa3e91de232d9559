#include "core/decode/pick_steps.h"

#include "core/decode/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace decodescope {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double usableLogit(float logit) {
  return std::isnan(logit) ? -kInfinity : static_cast<double>(logit);
}

/// exp((z − top) / temperature); the largest logit weighs 1 even when it is infinite.
double weight(double logit, double top, double temperature) {
  if (logit == top) return 1;
  return temperature > 0 ? std::exp((logit - top) / temperature) : 0;
}

double entropyTerm(double p) {
  return p > 0 ? -p * std::log2(p) : 0;
}

CandidateFate fateOf(int rank, bool kept, const SamplingSettings& settings) {
  if (kept) return CandidateFate::kept;
  if (settings.temperature <= 0) return CandidateFate::notLargest;
  return settings.topK > 0 && rank > settings.topK ? CandidateFate::cutByTopK : CandidateFate::cutByTopP;
}

}  // namespace

PickSteps pickSteps(std::span<const float> logits, const SamplingSettings& settings, int count,
                    std::optional<TokenId> also) {
  PickSteps steps;
  steps.vocabulary = static_cast<int>(logits.size());
  if (logits.empty()) return steps;
  double top = -kInfinity;
  for (const float z : logits) top = std::max(top, usableLogit(z));

  double sum = 0, temperedSum = 0;
  for (const float z : logits) {
    sum += weight(usableLogit(z), top, 1);
    temperedSum += weight(usableLogit(z), top, settings.temperature);
  }
  for (const float z : logits) steps.probabilityEntropy += entropyTerm(weight(usableLogit(z), top, 1) / sum);

  std::vector<int> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto likelier = [&](int a, int b) {
    const double za = usableLogit(logits[static_cast<std::size_t>(a)]),
                 zb = usableLogit(logits[static_cast<std::size_t>(b)]);
    return za != zb ? za > zb : a < b;
  };
  const auto followed =
      std::min(static_cast<std::ptrdiff_t>(std::max(0, count)), static_cast<std::ptrdiff_t>(ids.size()));
  std::partial_sort(ids.begin(), ids.begin() + followed, ids.end(), likelier);

  // Kept candidates stand in the order of rank.
  const std::vector<Candidate> kept = keptCandidates(logits, settings);
  steps.keptCount = static_cast<int>(kept.size());
  for (const Candidate& candidate : kept) steps.keptEntropy += entropyTerm(candidate.probability);

  double before = 0;
  const auto follow = [&](int id, int rank) {
    const double z = usableLogit(logits[static_cast<std::size_t>(id)]);
    CandidateSteps c;
    c.token = TokenId{id};
    c.rank = rank;
    c.logit = logits[static_cast<std::size_t>(id)];
    c.probability = weight(z, top, 1) / sum;
    // Greedy picks one even of several equal logits.
    c.tempered = settings.temperature > 0 ? weight(z, top, settings.temperature) / temperedSum
                                          : (rank == 1 ? 1.0 : 0.0);
    c.fate = fateOf(rank, rank <= steps.keptCount, settings);
    c.kept = rank <= steps.keptCount ? kept[static_cast<std::size_t>(rank - 1)].probability : 0;
    c.keptBefore = before;
    before += c.kept;
    steps.candidates.push_back(c);
  };
  for (std::ptrdiff_t i = 0; i < followed; ++i)
    follow(ids[static_cast<std::size_t>(i)], static_cast<int>(i) + 1);
  if (!also || also->value < 0 || also->value >= steps.vocabulary) return steps;
  const int own = also->value;
  if (std::find(ids.begin(), ids.begin() + followed, own) != ids.begin() + followed) return steps;
  int rank = 1;
  for (int id = 0; id < steps.vocabulary; ++id) rank += id != own && likelier(id, own) ? 1 : 0;
  before = 0;
  for (int i = 0; i < std::min(rank - 1, steps.keptCount); ++i)
    before += kept[static_cast<std::size_t>(i)].probability;
  follow(own, rank);
  return steps;
}

}  // namespace decodescope
