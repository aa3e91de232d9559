#include "core/train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace decodescope {
namespace {

constexpr std::size_t kBlock = 16384;

}  // namespace

double learningRateAt(const OptimizerSettings& settings, int step) {
  if (step < settings.warmupSteps) return settings.learningRate * (step + 1) / settings.warmupSteps;
  const double length = std::max(1, settings.steps - 1 - settings.warmupSteps);
  const double done = std::min(1.0, (step - settings.warmupSteps) / length);
  const double cosine = 0.5 * (1.0 + std::cos(std::numbers::pi * done));
  return settings.finalLearningRate + (settings.learningRate - settings.finalLearningRate) * cosine;
}

double globalNorm(std::span<const float> gradient, ThreadPool& pool) {
  const std::size_t blocks = (gradient.size() + kBlock - 1) / kBlock;
  std::vector<double> sums(blocks);
  pool.run(static_cast<int>(blocks), [&](int b) {
    const std::size_t first = static_cast<std::size_t>(b) * kBlock;
    const std::size_t last = std::min(gradient.size(), first + kBlock);
    double sum = 0;
    for (std::size_t i = first; i < last; ++i)
      sum += static_cast<double>(gradient[i]) * static_cast<double>(gradient[i]);
    sums[static_cast<std::size_t>(b)] = sum;
  });
  double total = 0;
  for (const double sum : sums) total += sum;
  return std::sqrt(total);
}

AdamW::AdamW(const ParameterLayout& layout, const OptimizerSettings& settings, bool trainPositions)
    : m_settings(settings), m_first(layout.arenaSize()), m_second(layout.arenaSize()) {
  for (const Parameter& p : layout.parameters()) {
    if (p.role == ParameterRole::embedPositions && !trainPositions) continue;
    for (std::size_t done = 0; done < p.size(); done += kBlock) {
      m_blocks.push_back({p.offset + done, std::min(kBlock, p.size() - done), p.rows > 1});
    }
  }
}

void AdamW::update(std::span<float> weights, std::span<const float> gradient, double gradientScale, int step,
                   ThreadPool& pool) {
  const double rate = learningRateAt(m_settings, step);
  const double correction1 = 1.0 - std::pow(m_settings.beta1, step + 1);
  const double correction2 = 1.0 - std::pow(m_settings.beta2, step + 1);
  const auto beta1 = static_cast<float>(m_settings.beta1);
  const auto beta2 = static_cast<float>(m_settings.beta2);
  const auto stepSize = static_cast<float>(rate / correction1);
  const auto rootScale = static_cast<float>(1.0 / std::sqrt(correction2));
  const auto epsilon = static_cast<float>(m_settings.epsilon);
  const auto scale = static_cast<float>(gradientScale);
  pool.run(static_cast<int>(m_blocks.size()), [&](int b) {
    const Block& block = m_blocks[static_cast<std::size_t>(b)];
    const float keep = block.decays ? static_cast<float>(1.0 - rate * m_settings.weightDecay) : 1.0f;
    float* const w = weights.data() + block.offset;
    float* const m = m_first.data() + block.offset;
    float* const v = m_second.data() + block.offset;
    const float* const g = gradient.data() + block.offset;
    for (std::size_t i = 0; i < block.size; ++i) {
      const float slope = g[i] * scale;
      m[i] = beta1 * m[i] + (1.0f - beta1) * slope;
      v[i] = beta2 * v[i] + (1.0f - beta2) * slope * slope;
      w[i] = w[i] * keep - stepSize * m[i] / (std::sqrt(v[i]) * rootScale + epsilon);
    }
  });
}

}  // namespace decodescope
