#include "views/rope/rope_model.h"

#include "core/attention/attention_rows.h"
#include "core/ops/kernels.h"
#include "core/ops/rope.h"
#include "core/ops/rope_score.h"

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

/// More rows of a position table, or more distances, are not shown: they would fall on the same pixels.
constexpr int kMostPositions = 4096;
constexpr int kMostDistances = 2048;

QPointF pointOf(std::span<const float> row, RopePair pair) {
  return {static_cast<double>(row[static_cast<std::size_t>(pair.first)]),
          static_cast<double>(row[static_cast<std::size_t>(pair.second)])};
}

double dot(QPointF a, QPointF b) {
  return QPointF::dotProduct(a, b);
}

/// q·k / √d; under MLA q and k are the rotary parts, d is the whole head's.
double scoreOf(const ModelConfig& config, std::span<const float> q, std::span<const float> k) {
  float score = 0;
  kernels().attentionScores(q.data(), {k.data(), 1, static_cast<int>(q.size())}, 1,
                            1.0f / std::sqrt(static_cast<float>(config.headDim)), &score);
  return static_cast<double>(score);
}

RotaryLayout otherThan(RotaryLayout layout) {
  return layout == RotaryLayout::rotateHalf ? RotaryLayout::interleaved : RotaryLayout::rotateHalf;
}

}  // namespace

void RopeModel::present(const SessionSnapshot& session, const Selection& selection,
                        const RopeSettings& settings) {
  m_selection = clampTo(selection, session);
  m_settings = settings;
  m_run = session.lanes.empty() ? nullptr : session.lanes[static_cast<std::size_t>(m_selection.lane)].run;
  rebuild();
}

void RopeModel::setSettings(const RopeSettings& settings) {
  m_settings = settings;
  rebuild();
}

void RopeModel::rebuild() {
  m_pairs.clear();
  if (!m_run || !m_run->model) {
    m_state = State::noModel;
    m_run = nullptr;
    return;
  }
  switch (config().position) {
    case PositionKind::none:
      m_state = State::none;
      return;
    case PositionKind::learned:
    case PositionKind::sinusoidal:
      presentTable();
      return;
    case PositionKind::rotary:
      presentRotary();
      return;
  }
}

RotaryLayout RopeModel::layout() const {
  const RotaryLayout own = config().rotaryLayout;
  return m_settings.otherLayout ? otherThan(own) : own;
}

const PositionTrace* RopeModel::trace(Position position) const {
  const std::span<const PositionTracePtr> traces = m_run->tracesAt(m_selection.step);
  const auto at = static_cast<std::size_t>(position.value);
  return at < traces.size() ? traces[at].get() : nullptr;
}

const RopePairShown* RopeModel::chosenPair() const {
  const auto at = static_cast<std::size_t>(m_settings.pair);
  return m_settings.pair >= 0 && at < m_pairs.size() ? &m_pairs[at] : nullptr;
}

/// Re(h e^{i r θ}) / √d with h = q k* of the pair as complex numbers.
std::vector<double> RopeModel::pairScores() const {
  const RopePairShown* pair = chosenPair();
  if (!pair) return {};
  const QPointF q = pair->query, k = pair->key;
  const double along = dot(q, k), across = q.y() * k.x() - q.x() * k.y();
  const double root = std::sqrt(static_cast<double>(config().headDim));
  std::vector<double> parts;
  for (int r = 0; r < distances(); ++r) {
    const double angle = r * pair->theta;
    parts.push_back((along * std::cos(angle) - across * std::sin(angle)) / root);
  }
  return parts;
}

void RopeModel::presentRotary() {
  if (m_run->tokensSeenAt(m_selection.step) == 0) {
    m_state = State::nothingDecoded;
    return;
  }
  const PositionTrace* queryTrace = trace(m_selection.query);
  const PositionTrace* keyTrace = trace(m_selection.key);
  if (!queryTrace || !keyTrace) {
    m_state = State::notStored;
    return;
  }
  m_state = State::rotary;
  const ModelConfig& c = config();
  const int d = c.rotaryDim();
  const LayerIndex layer = m_selection.layer;
  const HeadIndex head = m_selection.head;
  const KvHeadIndex kvHead = c.keyValueHeadOf(head);
  const std::span<const float> q = numbersAt(*queryTrace, layer, rotaryQueryPlace(c, head, false), d);
  const std::span<const float> k = numbersAt(*keyTrace, layer, rotaryKeyPlace(c, kvHead, false), d);
  m_score = scoreOf(c, numbersAt(*queryTrace, layer, rotaryQueryPlace(c, head, true), d),
                    numbersAt(*keyTrace, layer, rotaryKeyPlace(c, kvHead, true), d));
  m_unturned = scoreOf(c, q, k);

  const RotaryLayout shown = layout();
  const auto turned = [&](std::span<const float> row, RotaryLayout in, int position) {
    std::vector<float> cosines(static_cast<std::size_t>(d / 2)), sines(cosines.size());
    ropeTable(c, Position{position}, {cosines.data(), 1, d / 2}, {sines.data(), 1, d / 2});
    std::vector<float> x = withPairLayout(c.rotaryLayout, in, row);
    applyRope(in, d, cosines.data(), sines.data(), x);
    return x;
  };
  m_query = withPairLayout(c.rotaryLayout, shown, q);
  m_key = withPairLayout(c.rotaryLayout, shown, k);
  m_turnedQuery = turned(q, shown, queryPosition());
  m_turnedKey = turned(k, shown, keyPosition());
  m_shifted = scoreOf(c, m_turnedQuery, m_turnedKey);
  const RotaryLayout unseen = otherThan(shown);
  m_layout =
      std::abs(m_shifted - scoreOf(c, turned(q, unseen, queryPosition()), turned(k, unseen, keyPosition())));

  for (int i = 0; i < d / 2; ++i) {
    const RopePair at = ropePair(shown, i, d);
    RopePairShown pair;
    pair.pair = i;
    pair.first = at.first;
    pair.second = at.second;
    pair.theta = ropeFrequency(c, i);
    pair.unscaledTheta = ropeUnscaledFrequency(c, i);
    pair.queryAngle = queryPosition() * pair.theta;
    pair.keyAngle = keyPosition() * pair.theta;
    pair.query = pointOf(m_query, at);
    pair.key = pointOf(m_key, at);
    pair.turnedQuery = pointOf(m_turnedQuery, at);
    pair.turnedKey = pointOf(m_turnedKey, at);
    pair.product = dot(pair.turnedQuery, pair.turnedKey);
    m_pairs.push_back(pair);
  }
}

void RopeModel::presentTable() {
  m_state = State::table;
  const ModelConfig& c = config();
  m_tablePositions = std::min(c.maxPositionEmbeddings, kMostPositions);
  if (m_tableOf.lock() == m_run->model) return;
  m_tableOf = m_run->model;
  m_table.clear();
  m_tableMax = 0;
  if (c.position == PositionKind::sinusoidal) {
    const auto width = static_cast<std::size_t>(c.hiddenSize);
    m_table.resize(static_cast<std::size_t>(m_tablePositions) * width);
    for (int p = 0; p < m_tablePositions; ++p)
      sinusoidalPosition(Position{p}, std::span(m_table).subspan(static_cast<std::size_t>(p) * width, width));
  }
  for (int p = 0; p < m_tablePositions; ++p) {
    for (const float v : tableRow(p)) m_tableMax = std::max(m_tableMax, std::abs(v));
  }
}

std::span<const float> RopeModel::tableRow(int position) const {
  const auto width = static_cast<std::size_t>(config().hiddenSize);
  if (!m_table.empty()) return std::span(m_table).subspan(static_cast<std::size_t>(position) * width, width);
  return m_run->model->model->embedPositions().rowSpan(position + config().positionOffset);
}

bool RopeModel::isSinusoidal() const {
  return config().position == PositionKind::sinusoidal || config().sinusoidalTable;
}

bool RopeModel::isScaled() const {
  return m_state == State::rotary && config().ropeScaling.kind != RopeScaling::Kind::none;
}

/// How the model stretches θᵢ, for a line of facts.
std::vector<float> RopeModel::matrix() const {
  const int d = config().rotaryDim();
  std::vector<float> cosines(static_cast<std::size_t>(d / 2)), sines(cosines.size());
  ropeTable(config(), Position{queryPosition()}, {cosines.data(), 1, d / 2}, {sines.data(), 1, d / 2});
  std::vector<float> matrix(static_cast<std::size_t>(d) * static_cast<std::size_t>(d));
  ropeMatrix(layout(), cosines, sines, {matrix.data(), d, d});
  return matrix;
}

std::vector<float> RopeModel::partners() const {
  std::vector<float> row(m_query.size());
  for (const RopePairShown& pair : m_pairs) {
    row[static_cast<std::size_t>(pair.first)] = -m_query[static_cast<std::size_t>(pair.second)];
    row[static_cast<std::size_t>(pair.second)] = m_query[static_cast<std::size_t>(pair.first)];
  }
  return row;
}

std::vector<float> RopeModel::repeated(bool cosine) const {
  std::vector<float> row(m_query.size());
  for (const RopePairShown& pair : m_pairs) {
    const double value = cosine ? std::cos(pair.queryAngle) : std::sin(pair.queryAngle);
    for (const int at : {pair.first, pair.second})
      row[static_cast<std::size_t>(at)] = static_cast<float>(value);
  }
  return row;
}

double RopeModel::matrixDifference() const {
  const std::vector<float> r = matrix();
  const std::size_t d = m_query.size();
  double largest = 0;
  for (std::size_t i = 0; i < d; ++i) {
    float sum = 0;
    for (std::size_t j = 0; j < d; ++j) sum += r[i * d + j] * m_query[j];
    largest = std::max(largest, static_cast<double>(std::abs(sum - m_turnedQuery[i])));
  }
  return largest;
}

double RopeModel::largestShown() const {
  float largest = 0;
  for (const std::vector<float>* row : {&m_query, &m_turnedQuery}) {
    for (const float v : *row) largest = std::max(largest, std::abs(v));
  }
  return static_cast<double>(largest);
}

double RopePairShown::longest() const {
  return std::max(std::hypot(query.x(), query.y()), std::hypot(key.x(), key.y()));
}

double RopeModel::longestArrow() const {
  double longest = 0;
  for (const RopePairShown& pair : m_pairs) longest = std::max(longest, pair.longest());
  return longest;
}

RopeModel::Reach RopeModel::curvesReach() const {
  Reach reach;
  const auto include = [&](std::span<const double> scores) {
    for (const double v : scores) {
      reach.below = std::max(reach.below, -v);
      reach.above = std::max(reach.above, v);
    }
  };
  include(distanceScores());
  if (chosenPair()) include(pairScores());
  for (const double v : distanceBounds()) reach.bound = std::max(reach.bound, v);
  return reach;
}

int RopeModel::distances() const {
  return std::max(2, std::min(config().maxPositionEmbeddings, kMostDistances));
}

void RopeModel::makeCurves() const {
  if (m_curvesOf.lock() == m_run->model && m_curvesQuery == m_query && m_curvesKey == m_key) return;
  m_curvesOf = m_run->model;
  m_curvesQuery = m_query;
  m_curvesKey = m_key;
  m_distanceScores = ropeScoresByDistance(config(), layout(), m_query, m_key, distances());
  m_distanceBounds = ropeDecay(config(), distances());
  const double factor = ropeBoundFactor(config(), layout(), m_query, m_key);
  for (double& bound : m_distanceBounds) bound *= factor;
  if (static_cast<int>(m_referenceDecay.size()) != distances()) {
    ModelConfig wide;
    wide.headDim = 128;
    wide.ropeTheta = 10000;
    m_referenceDecay = ropeDecay(wide, distances());
  }
  m_referenceBounds = m_referenceDecay;
  const double start = m_distanceBounds.front() / m_referenceDecay.front();
  for (double& bound : m_referenceBounds) bound *= start;
}

std::span<const double> RopeModel::distanceScores() const {
  makeCurves();
  return m_distanceScores;
}

std::span<const double> RopeModel::distanceBounds() const {
  makeCurves();
  return m_distanceBounds;
}

std::span<const double> RopeModel::referenceBounds() const {
  makeCurves();
  return m_referenceBounds;
}

}  // namespace decodescope
