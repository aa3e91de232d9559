#include "core/ops/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace decodescope {

namespace {

/// Llama 3.1's: slow pairs are stretched, fast ones are not, those between are blended by how many turns they
/// make in the context of the first training.
double llama3Frequency(const RopeScaling& scaling, double frequency) {
  const double turns = scaling.originalMaxPositionEmbeddings * frequency / (2 * std::numbers::pi);
  const double span = scaling.highFreqFactor - scaling.lowFreqFactor;
  const double kept = std::clamp((turns - scaling.lowFreqFactor) / span, 0.0, 1.0);
  return frequency * (kept + (1.0 - kept) / scaling.factor);
}

}  // namespace

double ropeUnscaledFrequency(const ModelConfig& config, int pair) {
  return std::pow(config.ropeTheta, -2.0 * pair / config.rotaryDim());
}

double ropeFrequency(const ModelConfig& config, int pair) {
  const RopeScaling& scaling = config.ropeScaling;
  const double frequency = ropeUnscaledFrequency(config, pair);
  switch (scaling.kind) {
    case RopeScaling::Kind::none:
      return frequency;
    case RopeScaling::Kind::linear:
      return frequency / scaling.factor;
    case RopeScaling::Kind::llama3:
      return llama3Frequency(scaling, frequency);
    case RopeScaling::Kind::divisors:
      return frequency / static_cast<double>(scaling.divisors[static_cast<std::size_t>(pair)]);
  }
  return frequency;
}

void ropeTable(const ModelConfig& config, Position first, MatrixSpan cosines, MatrixSpan sines) {
  for (int i = 0; i < cosines.cols; ++i) {
    const double frequency = ropeFrequency(config, i);
    for (int r = 0; r < cosines.rows; ++r) {
      const double angle = (first.value + r) * frequency;
      cosines(r, i) = static_cast<float>(std::cos(angle));
      sines(r, i) = static_cast<float>(std::sin(angle));
    }
  }
}

RopePair ropePair(RotaryLayout layout, int pair, int headDim) {
  if (layout == RotaryLayout::interleaved) return {2 * pair, 2 * pair + 1};
  return {pair, pair + headDim / 2};
}

void applyRope(RotaryLayout layout, int headDim, const float* cosines, const float* sines,
               std::span<float> row) {
  for (std::size_t head = 0; head + static_cast<std::size_t>(headDim) <= row.size();
       head += static_cast<std::size_t>(headDim)) {
    float* x = row.data() + head;
    for (int i = 0; i < headDim / 2; ++i) {
      const RopePair pair = ropePair(layout, i, headDim);
      const float a = x[pair.first], b = x[pair.second];
      x[pair.first] = a * cosines[i] - b * sines[i];
      x[pair.second] = a * sines[i] + b * cosines[i];
    }
  }
}

void sinusoidalPosition(Position position, std::span<float> row) {
  const auto width = static_cast<double>(row.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    const double angle = position.value / std::pow(10000.0, static_cast<double>(i / 2 * 2) / width);
    row[i] = static_cast<float>(i % 2 == 0 ? std::sin(angle) : std::cos(angle));
  }
}

}  // namespace decodescope
