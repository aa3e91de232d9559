#include "core/cost/attention_traffic.h"

#include <algorithm>

namespace decodescope {

AttentionTraffic attentionTraffic(const CacheShape& shape, double batch, double newTokens, double context) {
  const double width = shape.hiddenSize, heads = shape.heads, d = shape.headDim;
  const double positions = shape.window > 0 ? std::min(context, static_cast<double>(shape.window)) : context;
  const double v = shape.valueWidth(), groups = shape.keyValueHeads;
  double key = d, value = v;
  AttentionTraffic traffic;
  if (shape.isLatent()) {
    const double rank = shape.latentRank, rotary = shape.rotaryDim, query = heads * (d + rotary);
    const double queries = shape.queryRank > 0 ? shape.queryRank * (width + query) : width * query;
    traffic.weights = queries + width * (rank + rotary) + rank * heads * (d + v) + heads * v * width;
    key = rank + rotary;
    value = rank;
  } else {
    traffic.weights = width * heads * (d + v) + width * groups * (d + v);
  }
  const double rows = batch * newTokens;
  if (shape.isLinear) {
    traffic.operations = 2 * rows * (traffic.weights + groups * d * d + heads * (d * d + d));
    traffic.activations = 2 * rows * width + rows * heads * (key + value);
    traffic.cache = 2 * batch * static_cast<double>(cachedNumbers(shape));
    return traffic;
  }
  traffic.operations = 2 * rows * traffic.weights + 2 * rows * heads * positions * (key + value);
  traffic.activations = 2 * rows * width + rows * heads * (key + value);
  traffic.cache = batch * positions * static_cast<double>(cachedNumbers(shape));
  traffic.scores = rows * heads * positions;
  return traffic;
}

double rooflineRate(double intensity, double operationsPerSecond, double bytesPerSecond) {
  return std::min(operationsPerSecond, intensity * bytesPerSecond);
}

double attentionTokensPerSecond(const CacheShape& shape, const AttentionTraffic& traffic, double tokens,
                                double bytesPerNumber, double operationsPerSecond, double bytesPerSecond) {
  const double rate = rooflineRate(traffic.intensity(bytesPerNumber), operationsPerSecond, bytesPerSecond);
  return tokens * rate / (traffic.operations * shape.layers);
}

TrafficRatios trafficRatios(const CacheShape& shape, int groups, double batch, double tokens) {
  const double d = shape.hiddenSize, h = shape.heads, k = d / h;
  return {1 / k + 1 / (batch * tokens), tokens / d + 1 / batch, 1 / d + tokens / d * groups / h + 1 / batch,
          1 / d + tokens / (d * h) + 1 / batch};
}

}  // namespace decodescope
