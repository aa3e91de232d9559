#include "core/attention/variants.h"

#include <array>

namespace decodescope {
namespace {

int keysAndValues(const ModelConfig& config) {
  return 2 * config.keyValueWidth();
}

constexpr std::array<AttentionVariant, 3> kVariants{{
    {"mha", "Multi-head attention", "Vaswani et al. 2017, §3.2.2",
     [](const ModelConfig& c) { return c.numKeyValueHeads == c.numAttentionHeads; }, attendFull,
     keysAndValues},
    {"gqa", "Grouped-query attention", "Ainslie et al. 2023, §2.2",
     [](const ModelConfig& c) { return c.numKeyValueHeads > 1 && c.numKeyValueHeads < c.numAttentionHeads; },
     attendFull, keysAndValues},
    {"mqa", "Multi-query attention", "Shazeer 2019, §3",
     [](const ModelConfig& c) { return c.numKeyValueHeads == 1 && c.numAttentionHeads > 1; }, attendFull,
     keysAndValues},
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
