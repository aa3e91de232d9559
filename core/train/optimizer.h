#pragma once

#include "core/base/aligned_buffer.h"
#include "core/base/thread_pool.h"
#include "core/model/model.h"

namespace decodescope {

/// Settings of AdamW and of its learning rate's schedule.
struct OptimizerSettings {
  int steps = 1000;                 ///< of the whole training, which the schedule is stretched over
  int warmupSteps = 100;            ///< linear from 0
  double learningRate = 2e-3;       ///< at the end of the warm-up
  double finalLearningRate = 1e-4;  ///< at the last step, reached on a half cosine
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double weightDecay = 0.1;  ///< matrices only
  double clipNorm = 1.0;     ///< largest global norm of the gradient
};

/// The learning rate of step 0 … steps − 1.
double learningRateAt(const OptimizerSettings& settings, int step);

/// √Σ g², summed in double in blocks of fixed size: same bits for any number of threads.
double globalNorm(std::span<const float> gradient, ThreadPool& pool);

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2), moments in float32 laid out
/// like the weights:
///   m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,
///   w ← w − η λ w − η (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε).
class AdamW {
 public:
  /// `trainPositions` false leaves the position table as it is.
  AdamW(const ParameterLayout& layout, const OptimizerSettings& settings, bool trainPositions);

  /// One update with gradient · gradientScale. `step` counts from 0.
  void update(std::span<float> weights, std::span<const float> gradient, double gradientScale, int step,
              ThreadPool& pool);

  std::span<float> firstMoments() { return m_first.span(); }
  std::span<float> secondMoments() { return m_second.span(); }
  std::span<const float> firstMoments() const { return m_first.span(); }
  std::span<const float> secondMoments() const { return m_second.span(); }

 private:
  struct Block {
    std::size_t offset;
    std::size_t size;
    bool decays;
  };

  OptimizerSettings m_settings;
  std::vector<Block> m_blocks;
  AlignedBuffer m_first, m_second;
};

}  // namespace decodescope
