#pragma once

#include <cstdint>

namespace decodescope {

/// Work that a decode needs, counted in the kernels. Work done only for a sink or a view is left out,
/// so tracing never changes a counter. core/cost/ has the closed formulas that agree exactly.
struct Counters {
  std::uint64_t projectionMacs =
      0;  ///< multiply-accumulates of the layers' matrix products (q, k, v, o, gate, up, down)
  std::uint64_t rebuildMacs =
      0;  ///< of rebuilding the keys and values of cached rows from their latents (MLA), every call anew
  std::uint64_t attentionMacs =
      0;  ///< of q·k and of weights·v, visible cells only; of the state's update and reading (linear)
  std::uint64_t logitMacs = 0;  ///< of the output layer, the last row only
  std::uint64_t weightBytesRead =
      0;  ///< parameters: each one once a call, as stored in memory; embedding rows by the row
  /// Cached K and V rows read by the new rows' attention, each visible row once a query row and key/value
  /// head. MLA: each latent once a call, for the rebuilding, each visible rotary key once a query row.
  /// Linear: the state once a row.
  std::uint64_t kvBytesRead = 0;
  std::uint64_t kvBytesWritten = 0;  ///< K and V rows (latents and rotary keys, states) appended

  std::uint64_t macs() const { return projectionMacs + rebuildMacs + attentionMacs + logitMacs; }
  std::uint64_t bytesRead() const { return weightBytesRead + kvBytesRead; }

  friend bool operator==(const Counters&, const Counters&) = default;
  Counters& operator+=(const Counters& o) {
    projectionMacs += o.projectionMacs;
    rebuildMacs += o.rebuildMacs;
    attentionMacs += o.attentionMacs;
    logitMacs += o.logitMacs;
    weightBytesRead += o.weightBytesRead;
    kvBytesRead += o.kvBytesRead;
    kvBytesWritten += o.kvBytesWritten;
    return *this;
  }
};

}  // namespace decodescope
