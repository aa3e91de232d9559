#pragma once

#include "core/attention/attend.h"

#include <cstdint>
#include <span>

namespace decodescope {

/// One kind of attention: a row of the table in variants.cpp. Everything that depends on the kind goes
/// through the row.
struct AttentionVariant {
  const char* id;     ///< "gqa"
  const char* title;  ///< "Grouped-query attention"
  const char* source;
  /// Whether a configuration is of this kind. Exactly one row matches a valid configuration (tested).
  bool (*matches)(const ModelConfig& config);
  void (*attend)(const AttendCall& call);
  /// Numbers a layer that the cache holds for T tokens.
  std::uint64_t (*cachedNumbers)(const ModelConfig& config, int tokens);
};

std::span<const AttentionVariant> attentionVariants();
/// The row that a valid configuration is of.
const AttentionVariant& attentionVariantOf(const ModelConfig& config);

}  // namespace decodescope
