#include "core/decode/sampler.h"

#include "core/ops/kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

bool usable(float logit) {
  return !std::isnan(logit) && logit > -std::numeric_limits<float>::infinity();
}

/// The likeliest token, the lowest id among equals; −1 when no logit is usable.
int likeliestId(std::span<const float> logits) {
  int best = -1;
  float top = -std::numeric_limits<float>::infinity();
  for (std::size_t id = 0; id < logits.size(); ++id) {
    if (!(logits[id] > top)) continue;  // which no NaN is
    top = logits[id];
    best = static_cast<int>(id);
  }
  return best;
}

/// Ids of the k likeliest tokens, likeliest first; equal logits by id. k = 0: all usable ones.
std::vector<int> rankedIds(std::span<const float> logits, int k) {
  std::vector<int> ids;
  for (int id = 0; id < static_cast<int>(logits.size()); ++id) {
    if (usable(logits[static_cast<std::size_t>(id)])) ids.push_back(id);
  }
  const auto likelier = [&](int a, int b) {
    const float la = logits[static_cast<std::size_t>(a)], lb = logits[static_cast<std::size_t>(b)];
    return la != lb ? la > lb : a < b;
  };
  const auto kept = k > 0 ? std::min(static_cast<std::size_t>(k), ids.size()) : ids.size();
  std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(kept), ids.end(), likelier);
  ids.resize(kept);
  return ids;
}

}  // namespace

std::vector<Candidate> keptCandidates(std::span<const float> logits, const SamplingSettings& settings) {
  if (settings.temperature <= 0.0) return {{TokenId{std::max(0, likeliestId(logits))}, 1.0}};
  const std::vector<int> ids = rankedIds(logits, settings.topK);
  if (ids.empty()) return {{TokenId{0}, 1.0}};

  const double top = static_cast<double>(logits[static_cast<std::size_t>(ids.front())]);
  std::vector<Candidate> candidates;
  double sum = 0;
  for (const int id : ids) {
    // An infinite largest logit takes all the weight: ∞ − ∞ would be no number.
    const double logit = static_cast<double>(logits[static_cast<std::size_t>(id)]);
    const double weight = logit == top ? 1.0 : std::exp((logit - top) / settings.temperature);
    candidates.push_back({TokenId{id}, weight});
    sum += weight;
  }
  std::size_t kept = candidates.size();
  if (settings.topP < 1.0) {
    double reached = 0;
    for (kept = 0; kept < candidates.size() && (kept == 0 || reached < settings.topP * sum); ++kept) {
      reached += candidates[kept].probability;
    }
    sum = reached;
  }
  candidates.resize(kept);
  for (Candidate& candidate : candidates) candidate.probability /= sum;
  return candidates;
}

double drawnNumber(const SamplingSettings& settings, int draw) {
  // A generator of its own for each draw; its seed mixes the run's seed with the draw by an odd multiplier.
  Random random(settings.seed + 0x9e3779b97f4a7c15u * static_cast<std::uint64_t>(draw));
  return random.uniform();
}

TokenId sampleToken(std::span<const float> logits, const SamplingSettings& settings, int draw) {
  const std::vector<Candidate> candidates = keptCandidates(logits, settings);
  const double target = drawnNumber(settings, draw);
  double reached = 0;
  for (const Candidate& candidate : candidates) {
    reached += candidate.probability;
    if (target < reached) return candidate.token;
  }
  return candidates.back().token;
}

double tokenProbability(std::span<const float> logits, TokenId token) {
  const int likeliest = likeliestId(logits);
  const float own = logits[static_cast<std::size_t>(token.value)];
  if (likeliest < 0 || !usable(own)) return 0;
  const float top = logits[static_cast<std::size_t>(likeliest)];
  if (std::isinf(top)) {  // takes all the weight, shared among its equals: ∞ − ∞ would be no number
    return own == top ? 1.0 / static_cast<double>(std::count(logits.begin(), logits.end(), top)) : 0;
  }
  const double weight = std::exp(static_cast<double>(own) - static_cast<double>(top));
  return weight / kernels().sumOfExp(logits.data(), static_cast<int>(logits.size()), top);
}

}  // namespace decodescope
