#pragma once

#include "core/base/ids.h"

#include <vector>

namespace decodescope {

/// What a what-if run changes in the attention: a real run under a changed rule, never mixed with a plain
/// one. The default changes nothing.
struct AttentionRules {
  /// A query head whose context is zero for queries from `from` on: the layer goes on without it.
  struct StruckHead {
    LayerIndex layer;
    HeadIndex head;
    Position from{0};
    friend bool operator==(const StruckHead&, const StruckHead&) = default;
  };
  /// A key and value row that queries from `from` on do not see: its score is −∞. A query always sees its own
  /// key.
  struct StruckRow {
    LayerIndex layer;
    KvHeadIndex head;
    Position position;
    Position from{0};
    friend bool operator==(const StruckRow&, const StruckRow&) = default;
  };

  bool causalMask =
      true;  ///< off: every query sees all tokens fed so far, so every step computes all rows anew
  std::vector<StruckHead> struckHeads;
  std::vector<StruckRow> struckRows;

  bool changesNothing() const { return causalMask && struckHeads.empty() && struckRows.empty(); }
  /// Whether the head gives nothing to this query.
  bool strikes(LayerIndex layer, HeadIndex head, Position query) const;
  /// Whether this query does not see the row.
  bool hides(LayerIndex layer, KvHeadIndex head, Position key, Position query) const;

  friend bool operator==(const AttentionRules&, const AttentionRules&) = default;
};

}  // namespace decodescope
