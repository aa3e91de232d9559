#pragma once

#include "core/trace/attention_rules.h"
#include "core/trace/trace_sink.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace decodescope {

/// Every stored row of one token, made by the step that first fed it: one arena and a dense slot table.
/// Immutable once built; held by shared_ptr<const PositionTrace>.
/// Scores and weights are not stored: core/attention/attention_rows.h derives them from q, k with the
/// decoder's own kernel.
class PositionTrace {
 public:
  /// A table for the sites of this configuration, all rows zero. `storesLogits` false leaves the logits out.
  /// `rules`: the what-if under which the row was computed, nullptr for a plain run.
  PositionTrace(const ModelConfig& config, Position position, TokenId token, bool storesLogits = true,
                std::shared_ptr<const AttentionRules> rules = nullptr);

  Position position() const { return m_position; }
  TokenId token() const { return m_token; }
  const AttentionRules* rules() const { return m_rules.get(); }
  /// The site's row of this token, laid out as siteInfo(site).shape says; empty where it is not stored.
  std::span<const float> row(Site site, LayerIndex layer = kNoLayer) const;
  std::span<float> mutableRow(Site site, LayerIndex layer = kNoLayer);
  /// Bytes held, for the trace budget.
  std::size_t bytes() const { return m_arena.size() * sizeof(float) + m_slots.size() * sizeof(Slot); }

  /// Whether a PositionTrace has a slot for the site under this configuration.
  static bool stores(Site site, const ModelConfig& config);

 private:
  struct Slot {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
  };
  std::size_t slotIndex(Site site, LayerIndex layer) const;

  Position m_position;
  TokenId m_token;
  std::shared_ptr<const AttentionRules> m_rules;
  int m_layers;
  std::vector<Slot> m_slots;  ///< [(layer + 1) · kSiteCount + site]
  std::vector<float> m_arena;
};

using PositionTracePtr = std::shared_ptr<const PositionTrace>;

/// A sink that fills one PositionTrace for every new row of a forward pass.
class PositionTraceSink : public TraceSink {
 public:
  /// `tokens` are the new rows' tokens; the first stands at `first`. `storesLogits` as in PositionTrace.
  PositionTraceSink(const ModelConfig& config, Position first, std::span<const TokenId> tokens,
                    bool storesLogits = true, std::shared_ptr<const AttentionRules> rules = nullptr);

  bool wants(Site site, LayerIndex layer) const override;
  void record(Site site, LayerIndex layer, Position first, ConstMatrixSpan rows) override;

  /// The finished traces, in order of position. Call once.
  std::vector<PositionTracePtr> take();

 private:
  const ModelConfig& m_config;
  Position m_first;
  bool m_storesLogits;
  std::vector<std::shared_ptr<PositionTrace>> m_traces;
};

}  // namespace decodescope
