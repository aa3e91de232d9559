#include "views/shapes/walk_source.h"

#include "core/attention/attention_rows.h"

#include <QCoreApplication>

#include <algorithm>
#include <limits>

namespace decodescope {
namespace {

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
constexpr int kLectureSeed = 1;

std::vector<float> part(std::span<const float> row, int head, int width) {
  const auto w = static_cast<std::size_t>(width), first = static_cast<std::size_t>(head) * w;
  if (first + w > row.size()) return {};
  return {row.begin() + static_cast<std::ptrdiff_t>(first),
          row.begin() + static_cast<std::ptrdiff_t>(first + w)};
}

class LectureWalk : public WalkSource {
 public:
  explicit LectureWalk(int count) : m_example(workedHeads(kLectureSeed, count)) {
    tokens = m_example.x.rows;
    hidden = m_example.x.columns;
    heads = keyValueHeads = count;
    headDim = hidden / count;
  }

  float weight(WalkMatrix matrix, int out, int in) const override {
    const NamedMatrix* w[] = {&m_example.wq, &m_example.wk, &m_example.wv, &m_example.wo};
    return w[static_cast<std::size_t>(matrix)]->at(out, in);
  }
  float bias(WalkMatrix, int) const override { return 0; }
  QString tokenText(int token) const override {
    return QCoreApplication::translate("ShapesView", "token %1").arg(token);
  }

 protected:
  std::vector<float> makeRow(WalkTensor tensor, int token, int head) const override {
    const auto rowOf = [token](const NamedMatrix& m) {
      return std::span(m.values).subspan(
          static_cast<std::size_t>(token) * static_cast<std::size_t>(m.columns),
          static_cast<std::size_t>(m.columns));
    };
    const auto h = static_cast<std::size_t>(head);
    switch (tensor) {
      case WalkTensor::x:
        return part(rowOf(m_example.x), 0, hidden);
      case WalkTensor::q:
      case WalkTensor::qUsed:
        return part(rowOf(m_example.q), head, headDim);
      case WalkTensor::k:
      case WalkTensor::kUsed:
        return part(rowOf(m_example.k), head, headDim);
      case WalkTensor::v:
        return part(rowOf(m_example.v), head, headDim);
      case WalkTensor::scores:
        return part(rowOf(m_example.scores[h]), 0, tokens);
      case WalkTensor::weights:
        return part(rowOf(m_example.weights[h]), 0, tokens);
      case WalkTensor::context:
        return part(rowOf(m_example.context), head, headDim);
      case WalkTensor::output:
        break;
    }
    return part(rowOf(m_example.output), 0, hidden);
  }

 private:
  WorkedHeads m_example;
};

class RunWalk : public WalkSource {
 public:
  explicit RunWalk(const ShownRun& shown) : m_shown(shown) {
    const ModelConfig& config = shown.config();
    tokens = shown.tokens;
    hidden = config.hiddenSize;
    heads = config.numAttentionHeads;
    keyValueHeads = std::max(1, config.numKeyValueHeads);
    headDim = config.headDim;
    isRun = true;
    isRotary = siteExists(Site::qRot, config);
  }

  float weight(WalkMatrix matrix, int out, int in) const override { return linear(matrix).weight(out, in); }
  float bias(WalkMatrix matrix, int out) const override {
    const float* b = linear(matrix).bias;
    return b ? b[out] : 0;
  }
  QString tokenText(int token) const override { return m_shown.tokenText(token); }

 protected:
  std::vector<float> makeRow(WalkTensor tensor, int token, int head) const override {
    const PositionTrace* trace = m_shown.trace(Position{token});
    if (!trace) return {};
    const ModelConfig& config = m_shown.config();
    const LayerIndex layer = m_shown.selection.layer;
    switch (tensor) {
      case WalkTensor::x:
        return part(input(*trace), 0, hidden);
      case WalkTensor::q:
        return part(trace->row(Site::qProj, layer), head, headDim);
      case WalkTensor::k:
        return part(trace->row(Site::kProj, layer), head, headDim);
      case WalkTensor::v:
        return part(trace->row(Site::vProj, layer), head, headDim);
      case WalkTensor::qUsed:
        return part(trace->row(isRotary ? Site::qRot : Site::qProj, layer), head, headDim);
      case WalkTensor::kUsed:
        return part(trace->row(isRotary ? Site::kRot : Site::kProj, layer), head, headDim);
      case WalkTensor::scores:
      case WalkTensor::weights:
        return attentionRow(config, m_shown.run->tracesAt(m_shown.selection.step), layer, HeadIndex{head},
                            Position{token},
                            tensor == WalkTensor::scores ? ScoreStage::raw : ScoreStage::weight);
      case WalkTensor::context:
        return part(trace->row(Site::context, layer), head, headDim);
      case WalkTensor::output:
        break;
    }
    return part(trace->row(Site::oProj, layer), 0, hidden);
  }

 private:
  std::span<const float> input(const PositionTrace& trace) const {
    const LayerIndex layer = m_shown.selection.layer;
    if (m_shown.config().normPlacement == NormPlacement::preNorm)
      return trace.row(Site::inputLayernorm, layer);
    return layer.value == 0 ? trace.row(Site::embedTokens)
                            : trace.row(Site::output, LayerIndex{layer.value - 1});
  }

  const LinearWeights& linear(WalkMatrix matrix) const {
    const LayerWeights& w = m_shown.run->model->model->layer(m_shown.selection.layer);
    switch (matrix) {
      case WalkMatrix::q:
        return w.qProj;
      case WalkMatrix::k:
        return w.kProj;
      case WalkMatrix::v:
        return w.vProj;
      case WalkMatrix::o:
        break;
    }
    return w.oProj;
  }

  ShownRun m_shown;
};

}  // namespace

int WalkSource::headsOf(WalkTensor tensor) const {
  switch (tensor) {
    case WalkTensor::x:
    case WalkTensor::output:
      return 1;
    case WalkTensor::k:
    case WalkTensor::kUsed:
    case WalkTensor::v:
      return keyValueHeads;
    default:
      return heads;
  }
}

const std::vector<float>& WalkSource::row(WalkTensor tensor, int token, int head) const {
  std::vector<float>& row = m_rows[{tensor, token, head}];
  if (row.empty()) {
    row = makeRow(tensor, token, head);
    const bool isWide = tensor == WalkTensor::x || tensor == WalkTensor::output;
    const bool isByKey = tensor == WalkTensor::scores || tensor == WalkTensor::weights;
    row.resize(static_cast<std::size_t>(isWide ? hidden : isByKey ? tokens : headDim), kNone);
  }
  return row;
}

std::unique_ptr<WalkSource> lectureWalk(int heads) {
  return std::make_unique<LectureWalk>(heads);
}

std::unique_ptr<WalkSource> runWalk(const ShownRun& shown) {
  if (!shown.ready()) return nullptr;
  const ModelConfig& config = shown.config();
  for (const Site site :
       {Site::qProj, Site::kProj, Site::vProj, Site::scores, Site::weights, Site::context}) {
    if (!siteExists(site, config)) return nullptr;
  }
  if (!shown.trace(shown.selection.query)) return nullptr;
  return std::make_unique<RunWalk>(shown);
}

}  // namespace decodescope
