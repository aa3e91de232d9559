#pragma once

#include "core/base/result.h"
#include "core/base/thread_pool.h"
#include "core/model/model.h"
#include "core/train/backward.h"
#include "core/train/optimizer.h"
#include "core/train/training_data.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace decodescope {

struct TrainerSettings {
  OptimizerSettings optimizer;
  std::uint64_t seed = 1;      ///< of the first weights
  bool trainPositions = true;  ///< false: a learned position table starts as sinusoids and stays so
};

/// Sets the weights that a training starts from. Matrices are normal with deviation 1/√(3·in), rows that make
/// q or k (MLA: its rotary key and the keys' part of kv_b_proj too) three times that, those that write into
/// the residual stream smaller by √(2L); embeddings have 1/√D around a common vector of twice that; norms are
/// 1, biases 0. Each tensor has its own stream of the seed, so models that share a shape share its first
/// weights. The common vector gives q and k something constant to rotate, and large first q and k let it
/// weigh: a head can then look at a distance, whatever the tokens. Without both no head of a small model
/// learns to within the steps that it has. Beside sinusoids, which serve that end themselves and are large,
/// embeddings have 3/√D and no common vector.
void initializeWeights(Model& model, std::uint64_t seed, bool sinusoidalPositions);

/// Trains one model, a step at a time. Everything that follows from the settings, the data and the step
/// number has the same bits for any number of threads: sequences are dealt to a fixed number of lanes, each
/// with a gradient of its own, and the lanes are summed in order.
class Trainer {
 public:
  /// Needs config.validate().ok() and data->maxRows() ≤ S.
  Trainer(const ModelConfig& config, const TrainerSettings& settings,
          std::shared_ptr<const TrainingData> data, int threads);

  struct Report {
    int step = 0;     ///< the one just done, counted from 1
    double loss = 0;  ///< nats a token over the step's targets, before its update
    double gradientNorm = 0;
    double learningRate = 0;
    int tokens = 0;  ///< targets of the step
  };
  /// Needs stepsDone() < optimizer.steps.
  Report step();

  /// Targets of all steps so far, those before a resumed checkpoint included.
  std::uint64_t tokensSeen() const { return m_tokensSeen; }
  int stepsDone() const { return m_stepsDone; }
  const Model& model() const { return *m_model; }
  std::shared_ptr<const Model> sharedModel() const { return m_model; }

  /// Everything that a resumed training needs to go on with the same bits: steps done, weights, both moments.
  Result<void> saveCheckpoint(const std::string& path) const;
  /// Refuses a checkpoint of other settings or another shape, and a damaged one; then nothing is changed.
  Result<void> restoreCheckpoint(const std::string& path);

 private:
  std::uint64_t fingerprint() const;
  std::vector<TrainingSequence> sequencesOf(int step);
  std::unique_ptr<SequenceGradient> borrowGradient();

  ModelConfig m_config;
  TrainerSettings m_settings;
  std::shared_ptr<const TrainingData> m_data;
  ThreadPool m_pool;
  std::shared_ptr<Model> m_model;
  AdamW m_optimizer;
  int m_stepsDone = 0;
  std::uint64_t m_tokensSeen = 0;
  std::vector<AlignedBuffer> m_laneGradients;
  std::mutex m_mutex;
  std::vector<std::unique_ptr<SequenceGradient>> m_idle;  ///< buffers that no lane uses just now
};

}  // namespace decodescope
