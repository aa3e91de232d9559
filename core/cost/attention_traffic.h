#pragma once

#include "core/cost/cache_size.h"

namespace decodescope {

/// One layer's attention on `newTokens` rows of each of `batch` sequences, against `context` keys each (the
/// new ones among them): what it computes and what it moves when every tensor is moved once, as Shazeer 2019
/// counts. Scores above the diagonal are counted too, as there.
///   weights     MHA, GQA, MQA, linear: 2·D·H·d + 2·D·G·d. MLA: queries, D·(C + r), C·H·(d + v), H·v·D
///   operations  2·b·t·weights + 2·b·t·H·n·(k + v), k and v the widths of a key and a value: d each; in MLA's
///               absorbed form C + r and C
///   numbers     weights + 2·b·t·D + b·t·H·(k + v) + b·n·cached + b·t·H·n
/// Linear attention has no scores: 2·b·t·(G·d² + H·(d² + d)) operations on its state, which is read and
/// written once.
struct AttentionTraffic {
  double weights = 0;      ///< numbers in the layer's attention matrices
  double operations = 0;   ///< a multiply-accumulate is two
  double activations = 0;  ///< numbers: x, q, context, output
  double cache = 0;        ///< numbers: keys and values, or latents, of every position; a state, in and out
  double scores = 0;       ///< numbers

  double numbers() const { return weights + activations + cache + scores; }
  double bytes(double bytesPerNumber) const { return numbers() * bytesPerNumber; }
  /// Operations a byte: the roofline's x.
  double intensity(double bytesPerNumber) const { return operations / bytes(bytesPerNumber); }
};
AttentionTraffic attentionTraffic(const CacheShape& shape, double batch, double newTokens, double context);

/// Operations a second that the roofline allows at this intensity (Williams et al. 2009): the peak, or what
/// the memory feeds. operationsPerSecond and bytesPerSecond > 0.
double rooflineRate(double intensity, double operationsPerSecond, double bytesPerSecond);

/// Tokens a second of all sequences together, the attention of all layers alone, at that rate.
double attentionTokensPerSecond(const CacheShape& shape, const AttentionTraffic& traffic, double tokens,
                                double bytesPerNumber, double operationsPerSecond, double bytesPerSecond);

/// Memory accesses over operations, up to a constant factor (Shazeer 2019). b batch, n tokens, d here the
/// model's width, h heads, k = d/h.
struct TrafficRatios {
  double batched;      ///< 1/k + 1/(b·n), §2.3
  double incremental;  ///< n/d + 1/b, §2.4
  double grouped;      ///< 1/d + (n/d)·(G/h) + 1/b: the next one's with G of the h heads
  double multiQuery;   ///< 1/d + n/(d·h) + 1/b, §3.1
};
TrafficRatios trafficRatios(const CacheShape& shape, int groups, double batch, double tokens);

}  // namespace decodescope
