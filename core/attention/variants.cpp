#include "core/attention/variants.h"

#include <algorithm>
#include <array>

namespace decodescope {
namespace {

using U = std::uint64_t;

U keysAndValues(const ModelConfig& config, int tokens) {
  return U{2} * static_cast<U>(config.keyValueWidth()) * static_cast<U>(tokens);
}

U windowOfKeysAndValues(const ModelConfig& config, int tokens) {
  return keysAndValues(config, std::min(tokens, config.slidingWindow));
}

U latentsAndRotaryKeys(const ModelConfig& config, int tokens) {
  return static_cast<U>(config.kvLoraRank + config.qkRopeHeadDim) * static_cast<U>(tokens);
}

U runningState(const ModelConfig& config, int tokens) {
  return tokens == 0 ? 0 : static_cast<U>(config.keyValueWidth()) * static_cast<U>(config.headDim + 1);
}

bool isFull(const ModelConfig& c) {
  return c.attention == AttentionKind::softmax && c.slidingWindow == 0;
}

constexpr std::array<AttentionVariant, 6> kVariants{{
    {"mha", "Multi-head attention", "Vaswani et al. 2017, §3.2.2",
     [](const ModelConfig& c) { return isFull(c) && c.numKeyValueHeads == c.numAttentionHeads; },
     attendSoftmax, keysAndValues},
    {"gqa", "Grouped-query attention", "Ainslie et al. 2023, §2.2",
     [](const ModelConfig& c) {
       return isFull(c) && c.numKeyValueHeads > 1 && c.numKeyValueHeads < c.numAttentionHeads;
     },
     attendSoftmax, keysAndValues},
    {"mqa", "Multi-query attention", "Shazeer 2019, §3",
     [](const ModelConfig& c) { return isFull(c) && c.numKeyValueHeads == 1 && c.numAttentionHeads > 1; },
     attendSoftmax, keysAndValues},
    {"mla", "Multi-head latent attention", "DeepSeek-AI 2024, arXiv 2405.04434, §2.1",
     [](const ModelConfig& c) { return c.attention == AttentionKind::latent; }, attendSoftmax,
     latentsAndRotaryKeys},
    {"sliding_window", "Sliding-window attention", "Beltagy et al. 2020, §3.1; Jiang et al. 2023, §2",
     [](const ModelConfig& c) { return c.attention == AttentionKind::softmax && c.slidingWindow > 0; },
     attendSoftmax, windowOfKeysAndValues},
    {"linear", "Linear attention", "Katharopoulos et al. 2020, §3.3",
     [](const ModelConfig& c) { return c.attention == AttentionKind::linear; }, attendLinear, runningState},
}};

}  // namespace

std::span<const AttentionVariant> attentionVariants() {
  return kVariants;
}

const AttentionVariant& attentionVariantOf(const ModelConfig& config) {
  for (const AttentionVariant& variant : kVariants) {
    if (variant.matches(config)) return variant;
  }
  invariantBroken(__FILE__, __LINE__, "no attention variant matches the configuration");
}

}  // namespace decodescope
