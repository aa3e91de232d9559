#include "core/train/trainer.h"

#include "core/base/atomic_file.h"
#include "core/base/file_bytes.h"
#include "core/base/random.h"
#include "core/ops/rope.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>

namespace decodescope {
namespace {

/// How many gradients are kept apart before they are summed: more than a small machine has cores, and fixed,
/// because the order of the sums depends on it.
constexpr int kLanes = 4;

constexpr std::string_view kMagic = "decodescope training 1\n";

bool isNormWeight(ParameterRole role) {
  return role == ParameterRole::inputNormWeight || role == ParameterRole::postAttentionNormWeight ||
         role == ParameterRole::postFeedforwardNormWeight || role == ParameterRole::finalNormWeight;
}

/// FNV-1a, 64 bits: tells a damaged file from a whole one, nothing more.
class Checksum {
 public:
  void add(const void* data, std::size_t size) {
    const auto* const bytes = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < size; ++i) m_value = (m_value ^ bytes[i]) * 0x100000001b3u;
  }
  void add(std::uint64_t value) { add(&value, sizeof value); }
  void add(double value) { add(&value, sizeof value); }
  std::uint64_t value() const { return m_value; }

 private:
  std::uint64_t m_value = 0xcbf29ce484222325u;
};

struct CheckpointHeader {
  std::uint64_t fingerprint;
  std::uint64_t stepsDone;
  std::uint64_t tokensSeen;
  std::uint64_t floats;  ///< in each of the three arrays that follow
};

std::string_view bytesOf(std::span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

Error checkpointError(const std::string& path, std::string what) {
  Error error;
  error.file = path;
  error.what = std::move(what);
  return error;
}

int targetsIn(const std::vector<TrainingSequence>& sequences) {
  std::ptrdiff_t count = 0;
  for (const TrainingSequence& sequence : sequences) {
    count += std::count_if(sequence.targets.begin(), sequence.targets.end(),
                           [](TokenId id) { return id != kNoTarget; });
  }
  return static_cast<int>(count);
}

/// Whether a row of this matrix makes a number of a query or a key.
bool makesQueryOrKey(const ModelConfig& config, ParameterRole role, int row) {
  switch (role) {
    case ParameterRole::qProjWeight:
    case ParameterRole::qBProjWeight:
    case ParameterRole::kProjWeight:
      return true;
    case ParameterRole::kvAProjWeight:
      return row >= config.kvLoraRank;
    case ParameterRole::kvBProjWeight:
      return row % (config.qkNopeHeadDim + config.vHeadDim) < config.qkNopeHeadDim;
    default:
      return false;
  }
}

}  // namespace

void initializeWeights(Model& model, std::uint64_t seed, bool sinusoidalPositions) {
  const ModelConfig& config = model.config();
  for (const Parameter& p : model.layout().parameters()) {
    const MatrixSpan matrix = model.parameter(p);
    if (p.role == ParameterRole::embedPositions && sinusoidalPositions) {
      for (int r = config.positionOffset; r < p.rows; ++r) {
        sinusoidalPosition(Position{r - config.positionOffset}, matrix.rowSpan(r));
      }
      continue;
    }
    if (p.rows == 1) {
      std::fill_n(matrix.data, matrix.cols, isNormWeight(p.role) ? 1.0f : 0.0f);
      continue;
    }
    double deviation = 1.0 / std::sqrt(3.0 * p.cols);
    if (p.role == ParameterRole::embedTokens || p.role == ParameterRole::embedPositions)
      deviation = 1.0 / std::sqrt(p.cols);
    if (p.role == ParameterRole::oProjWeight || p.role == ParameterRole::downProjWeight)
      deviation /= std::sqrt(2.0 * config.numHiddenLayers);
    double common = p.role == ParameterRole::embedTokens ? 2.0 * deviation : 0.0;
    if (p.role == ParameterRole::embedTokens && sinusoidalPositions) {
      deviation *= 3.0;
      common = 0.0;
    }
    Random random(seed * 1000003u + static_cast<std::uint64_t>(p.role) * 1009u +
                  static_cast<std::uint64_t>(p.layer.value + 1));
    std::vector<double> centre(static_cast<std::size_t>(p.cols), 0.0);
    if (common > 0.0) {
      for (double& value : centre) value = common * random.normal();
    }
    for (int r = 0; r < p.rows; ++r) {
      const double spread = makesQueryOrKey(config, p.role, r) ? 3.0 * deviation : deviation;
      for (int c = 0; c < p.cols; ++c) {
        matrix(r, c) = static_cast<float>(centre[static_cast<std::size_t>(c)] + spread * random.normal());
      }
    }
  }
}

Trainer::Trainer(const ModelConfig& config, const TrainerSettings& settings,
                 std::shared_ptr<const TrainingData> data, int threads)
    : m_config(config),
      m_settings(settings),
      m_data(std::move(data)),
      m_pool(threads),
      m_model(std::make_shared<Model>(config)),
      m_optimizer(m_model->layout(), settings.optimizer, settings.trainPositions) {
  initializeWeights(*m_model, settings.seed, !settings.trainPositions);
  for (int lane = 0; lane < kLanes; ++lane) m_laneGradients.emplace_back(m_model->layout().arenaSize());
}

std::unique_ptr<SequenceGradient> Trainer::borrowGradient() {
  const std::scoped_lock lock(m_mutex);
  if (m_idle.empty()) return std::make_unique<SequenceGradient>(m_config, m_data->maxRows());
  std::unique_ptr<SequenceGradient> gradient = std::move(m_idle.back());
  m_idle.pop_back();
  return gradient;
}

std::vector<TrainingSequence> Trainer::sequencesOf(int step) {
  std::vector<TrainingSequence> sequences(static_cast<std::size_t>(m_data->sequences(step)));
  m_pool.run(static_cast<int>(sequences.size()),
             [&](int i) { sequences[static_cast<std::size_t>(i)] = m_data->sequence(step, i); });
  return sequences;
}

Trainer::Report Trainer::step() {
  DECODESCOPE_REQUIRE(m_stepsDone < m_settings.optimizer.steps);
  const std::vector<TrainingSequence> sequences = sequencesOf(m_stepsDone);
  const int count = static_cast<int>(sequences.size());
  const int lanes = std::min(kLanes, count);
  Report report;
  report.tokens = targetsIn(sequences);
  const float scale = 1.0f / static_cast<float>(report.tokens);
  std::vector<double> losses(static_cast<std::size_t>(count));
  m_pool.run(lanes, [&](int lane) {
    AlignedBuffer& gradient = m_laneGradients[static_cast<std::size_t>(lane)];
    std::fill_n(gradient.data(), gradient.size(), 0.0f);
    std::unique_ptr<SequenceGradient> work = borrowGradient();
    for (int i = lane; i < count; i += lanes) {
      const TrainingSequence& sequence = sequences[static_cast<std::size_t>(i)];
      losses[static_cast<std::size_t>(i)] =
          work->add(*m_model, sequence.tokens, sequence.targets, scale, gradient.span());
    }
    const std::scoped_lock lock(m_mutex);
    m_idle.push_back(std::move(work));
  });
  for (const double loss : losses) report.loss += loss / report.tokens;

  const std::span<float> sum = m_laneGradients[0].span();
  constexpr std::size_t kBlock = 16384;
  m_pool.run(static_cast<int>((sum.size() + kBlock - 1) / kBlock), [&](int b) {
    const std::size_t first = static_cast<std::size_t>(b) * kBlock;
    const std::size_t last = std::min(sum.size(), first + kBlock);
    for (int lane = 1; lane < lanes; ++lane) {
      const float* const other = m_laneGradients[static_cast<std::size_t>(lane)].data();
      for (std::size_t i = first; i < last; ++i) sum[i] += other[i];
    }
  });
  if (!m_settings.trainPositions) {
    if (const Parameter* p = m_model->layout().find(ParameterRole::embedPositions)) {
      std::fill_n(sum.data() + p->offset, p->size(), 0.0f);
    }
  }

  report.gradientNorm = globalNorm(sum, m_pool);
  const double clip = report.gradientNorm > m_settings.optimizer.clipNorm
                          ? m_settings.optimizer.clipNorm / report.gradientNorm
                          : 1.0;
  report.learningRate = learningRateAt(m_settings.optimizer, m_stepsDone);
  m_optimizer.update(m_model->arena(), sum, clip, m_stepsDone, m_pool);
  m_tokensSeen += static_cast<std::uint64_t>(report.tokens);
  report.step = ++m_stepsDone;
  return report;
}

std::uint64_t Trainer::fingerprint() const {
  Checksum sum;
  for (const Parameter& p : m_model->layout().parameters()) {
    sum.add(static_cast<std::uint64_t>(p.role));
    sum.add(static_cast<std::uint64_t>(p.rows));
    sum.add(static_cast<std::uint64_t>(p.cols));
  }
  const ModelConfig& c = m_config;
  for (const int value :
       {c.numAttentionHeads, c.numKeyValueHeads, static_cast<int>(c.norm), static_cast<int>(c.normPlacement),
        static_cast<int>(c.position), static_cast<int>(c.rotaryLayout), static_cast<int>(c.activation),
        c.positionOffset, m_data->maxRows(), m_data->sequences(0), m_settings.optimizer.steps,
        m_settings.optimizer.warmupSteps, m_settings.trainPositions ? 1 : 0}) {
    sum.add(static_cast<std::uint64_t>(value));
  }
  if (c.attention != AttentionKind::softmax || c.slidingWindow > 0) {
    for (const int value :
         {static_cast<int>(c.attention), c.slidingWindow, c.qkNopeHeadDim, c.qkRopeHeadDim, c.vHeadDim}) {
      sum.add(static_cast<std::uint64_t>(value));
    }
  }
  const OptimizerSettings& o = m_settings.optimizer;
  for (const double value : {o.learningRate, o.finalLearningRate, o.beta1, o.beta2, o.epsilon, o.weightDecay,
                             o.clipNorm, c.ropeTheta, static_cast<double>(c.normEps)}) {
    sum.add(value);
  }
  sum.add(m_settings.seed);
  return sum.value();
}

Result<void> Trainer::saveCheckpoint(const std::string& path) const {
  const CheckpointHeader header{fingerprint(), static_cast<std::uint64_t>(m_stepsDone), m_tokensSeen,
                                m_model->arena().size()};
  const std::string_view headerBytes{reinterpret_cast<const char*>(&header), sizeof header};
  Checksum sum;
  DECODESCOPE_TRY(AtomicFile file, AtomicFile::create(path));
  DECODESCOPE_CHECK(file.write(kMagic));
  const std::shared_ptr<const Model> model = m_model;
  for (const std::string_view part :
       {headerBytes, bytesOf(model->arena()), bytesOf(m_optimizer.firstMoments()),
        bytesOf(m_optimizer.secondMoments())}) {
    sum.add(part.data(), part.size());
    DECODESCOPE_CHECK(file.write(part));
  }
  const std::uint64_t check = sum.value();
  DECODESCOPE_CHECK(file.write({reinterpret_cast<const char*>(&check), sizeof check}));
  return file.commit();
}

Result<void> Trainer::restoreCheckpoint(const std::string& path) {
  const std::size_t floats = m_model->arena().size();
  const std::size_t size =
      kMagic.size() + sizeof(CheckpointHeader) + 3 * floats * sizeof(float) + sizeof(std::uint64_t);
  DECODESCOPE_TRY(const std::string bytes, readWholeFile(path, size));
  if (bytes.size() < kMagic.size() + sizeof(CheckpointHeader) ||
      std::string_view(bytes).substr(0, kMagic.size()) != kMagic) {
    return checkpointError(path, "is not a checkpoint of a training");
  }
  CheckpointHeader header{};
  std::memcpy(&header, bytes.data() + kMagic.size(), sizeof header);
  if (header.fingerprint != fingerprint() || header.floats != floats) {
    return checkpointError(path, "belongs to a training with other settings");
  }
  if (bytes.size() != size || header.stepsDone > static_cast<std::uint64_t>(m_settings.optimizer.steps)) {
    return checkpointError(path, "is damaged");
  }
  Checksum sum;
  sum.add(bytes.data() + kMagic.size(), bytes.size() - kMagic.size() - sizeof(std::uint64_t));
  std::uint64_t check = 0;
  std::memcpy(&check, bytes.data() + bytes.size() - sizeof check, sizeof check);
  if (check != sum.value()) return checkpointError(path, "is damaged");

  const char* from = bytes.data() + kMagic.size() + sizeof header;
  for (const std::span<float> target :
       {m_model->arena(), m_optimizer.firstMoments(), m_optimizer.secondMoments()}) {
    std::memcpy(target.data(), from, floats * sizeof(float));
    from += floats * sizeof(float);
  }
  m_stepsDone = static_cast<int>(header.stepsDone);
  m_tokensSeen = header.tokensSeen;
  return {};
}

}  // namespace decodescope
