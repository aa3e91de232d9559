#include "views/rope/rope_model.h"

#include "core/attention/attention_rows.h"
#include "core/ops/kernels.h"
#include "core/ops/rope.h"
#include "core/ops/rope_score.h"
#include "views/panel_frame.h"
#include "views/text_fit.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace decodescope {
namespace {

/// More rows of a position table, or more distances, are not shown: they would fall on the same pixels.
constexpr int kMostPositions = 4096;
constexpr int kMostDistances = 2048;

QString tr(const char* text) {
  return QCoreApplication::translate("RopeView", text);
}

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

QString angleText(double radians) {
  return tr("%1 rad (%2 turns)")
      .arg(signedNumber(radians, radians < 1 ? 4 : 2), signedNumber(radians / (2 * std::numbers::pi), 3));
}

QString pointText(QPointF p) {
  return QStringLiteral("(%1, %2)").arg(signedNumber(p.x()), signedNumber(p.y()));
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
QString RopeModel::scalingText() const {
  const RopeScaling& scaling = config().ropeScaling;
  const QString factor = QString::number(scaling.factor);
  switch (scaling.kind) {
    case RopeScaling::Kind::none:
      return {};
    case RopeScaling::Kind::linear:
      return tr("θᵢ / %1 (linear scaling)").arg(factor);
    case RopeScaling::Kind::llama3: {
      const double trained = scaling.originalMaxPositionEmbeddings;
      return tr("θᵢ / %1 for wavelengths above %2, unchanged below %3 (llama3 scaling)")
          .arg(factor, QString::number(trained / scaling.lowFreqFactor),
               QString::number(trained / scaling.highFreqFactor));
    }
    case RopeScaling::Kind::divisors:
      return tr("θᵢ divided by the file’s rope_freqs");
  }
  return {};
}

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

QString RopeModel::label(int position) const {
  const TokenId id = m_run->tokens[static_cast<std::size_t>(position)];
  return m_run->model->tokenizer ? QString::fromStdString(m_run->model->tokenizer->shownPiece(id))
                                 : QString::number(id.value);
}

QString RopeModel::tokenText(int position) const {
  return QStringLiteral("%1 “%2”").arg(QString::number(position), label(position));
}

QString RopeModel::layoutName(RotaryLayout layout) const {
  return layout == RotaryLayout::rotateHalf
             ? tr("rotate-half: pair i is (x[i], x[i + %1])").arg(config().rotaryDim() / 2)
             : tr("interleaved: pair i is (x[2i], x[2i + 1])");
}

QString RopeModel::pairName(const RopePairShown& pair) const {
  return QStringLiteral("[%1], [%2]").arg(pair.first).arg(pair.second);
}

QString RopeModel::title() const {
  if (m_state == State::table) {
    if (config().position == PositionKind::sinusoidal) return tr("Positions: sinusoidal, added");
    return config().sinusoidalTable ? tr("Positions: sinusoidal, stored as a table, added")
                                    : tr("Positions: learned, added");
  }
  if (m_state != State::rotary) return tr("RoPE");
  const QString at = tr("layer %1 · head %2").arg(m_selection.layer.value).arg(m_selection.head.value);
  switch (m_settings.panel) {
    case RopePanel::dials:
      return tr("RoPE · %1").arg(at);
    case RopePanel::matrix:
      return tr("RoPE as a matrix · %1").arg(at);
    case RopePanel::spectrum:
      return tr("RoPE frequencies");
    case RopePanel::distance:
      return tr("RoPE: score against distance · %1").arg(at);
  }
  return {};
}

QStringList RopeModel::facts() const {
  if (m_state == State::table) {
    QStringList facts;
    if (isSinusoidal())
      facts << QStringLiteral("p[2i] = sin(m / 10000^(2i/D)), p[2i+1] = cos(m / 10000^(2i/D))");
    else
      facts << tr("a trained table: no formula");
    facts << tr("D = %1, %2 positions").arg(config().hiddenSize).arg(config().maxPositionEmbeddings);
    if (config().positionOffset > 0) facts << tr("position m reads row m + %1").arg(config().positionOffset);
    return facts;
  }
  if (m_state != State::rotary) return {};
  const bool latent = config().attention == AttentionKind::latent;
  const QString frequency = (latent ? tr("θᵢ = %1^(−2i/r), r = %2: MLA turns this part of a head only, and "
                                         "shows its share of the score")
                                    : tr("θᵢ = %1^(−2i/d), d = %2"))
                                .arg(QString::number(config().ropeTheta))
                                .arg(config().rotaryDim());
  const RopePairShown* followed = chosenPair();
  const QString pair =
      followed ? tr("followed: pair %1, %2").arg(QString::number(followed->pair), pairName(*followed))
               : QString();
  if (m_settings.panel == RopePanel::spectrum) {
    QStringList facts{frequency};
    if (followed) facts << pair;
    if (isScaled()) facts << scalingText();
    return facts << tr("angle at position m: m·θᵢ radians");
  }
  QStringList facts;
  facts << tr("query %1").arg(tokenText(m_selection.query.value));
  if (m_settings.panel != RopePanel::matrix)
    facts << (isMasked() ? tr("key %1 (later: masked in the run)") : tr("key %1"))
                 .arg(tokenText(m_selection.key.value));
  if (m_settings.shift > 0) facts << tr("both shifted by Δ = %1").arg(m_settings.shift);
  facts << frequency;
  if (followed) facts << pair;
  if (isScaled()) facts << scalingText();
  if (m_settings.panel == RopePanel::distance) return facts;
  facts << (m_settings.otherLayout ? tr("%1; permuted, not the model's own") : tr("%1; the model's own"))
               .arg(layoutName(layout()));
  return facts;
}

QStringList RopeModel::notes() const {
  if (m_state == State::table)
    return {
        tr("Added once to the token's embedding, before the first layer: every later product mixes what the "
           "token is with where it stands.")};
  if (m_state != State::rotary) return {};
  switch (m_settings.panel) {
    case RopePanel::dials:
      return {
          tr("Why not V: turning q and k makes their product depend on m − n alone. V is not compared but "
             "averaged; turned rows would carry absolute positions into the output.")};
    case RopePanel::matrix:
      return {
          tr("q̃ holds each element's partner in its pair, the first of a pair negated. Only q and k are "
             "turned, after their projections: each head's d numbers, not the embedding's D.")};
    case RopePanel::spectrum:
      return {
          tr("The first pairs turn fast and tell neighbours apart; the last turn slowly and tell far from "
             "near.")};
    case RopePanel::distance:
      return {tr("The bound limits |score| from above; a single score oscillates below it and need not fall. "
                 "With many pairs the bound falls in the long run (dashed); with %1 it oscillates more.")
                  .arg(m_pairs.size())};
  }
  return {};
}

QString RopeModel::toolTip(const RopePairShown& pair) const {
  const QString click = m_settings.pair == pair.pair ? tr("Click to follow no pair")
                                                     : tr("Click to follow this pair through all pictures");
  return tr("pair %1, elements %2 of the head, θ = %3 rad a position")
             .arg(pair.pair)
             .arg(pairName(pair), shortNumber(pair.theta)) +
         QLatin1Char('\n') +
         tr("q %1 → %2, turned by %3 · θ = %4")
             .arg(pointText(pair.query), pointText(pair.turnedQuery), QString::number(queryPosition()),
                  angleText(pair.queryAngle)) +
         QLatin1Char('\n') +
         tr("k %1 → %2, turned by %3 · θ = %4")
             .arg(pointText(pair.key), pointText(pair.turnedKey), QString::number(keyPosition()),
                  angleText(pair.keyAngle)) +
         QLatin1Char('\n') + tr("its part of q′·k′: %1").arg(signedNumber(pair.product, 4)) +
         QLatin1Char('\n') + click;
}

QString RopeModel::distanceToolTip(int distance) const {
  const auto at = static_cast<std::size_t>(distance);
  if (at >= distanceScores().size()) return {};
  return tr("distance m − n = %1\nscore %2\nbound on |score|: %3")
      .arg(QString::number(distance), signedNumber(distanceScores()[at], 4),
           signedNumber(distanceBounds()[at], 4));
}

QString RopeModel::tableToolTip(int position, int dim) const {
  const QString value =
      signedNumber(static_cast<double>(tableRow(position)[static_cast<std::size_t>(dim)]), 4);
  QString text = tr("position %1, element %2: %3").arg(position).arg(dim).arg(value);
  if (isSinusoidal())
    text += QStringLiteral("\n%1(%2 / 10000^(%3/%4))")
                .arg(dim % 2 == 0 ? QStringLiteral("sin") : QStringLiteral("cos"), QString::number(position),
                     QString::number(dim / 2 * 2), QString::number(config().hiddenSize));
  return text;
}

QString RopeModel::emptyTitle() const {
  switch (m_state) {
    case State::noModel:
      return tr("No model is open");
    case State::notStored:
      return tr("Not stored any more");
    case State::none:
      return tr("This model has no positions");
    default:
      return tr("Nothing is turned yet");
  }
}

QString RopeModel::emptyText() const {
  switch (m_state) {
    case State::noModel:
      return tr("Open a model: its queries and keys appear here, turned by their positions.");
    case State::notStored:
      return tr("The rows of token %1 were dropped to keep within the trace budget. Choose a later token.")
          .arg(trace(m_selection.query) ? m_selection.key.value : m_selection.query.value);
    case State::none:
      return tr(
          "Neither q and k nor the embedding are told where a token stands: only the causal mask tells "
          "the order.");
    default:
      return tr("Make a step: every pair of q and k is turned by its position times θ.");
  }
}

QString RopeModel::description() const {
  if (m_state == State::table) return title() + QStringLiteral(". ") + facts().join(QStringLiteral(", "));
  if (m_state != State::rotary) return emptyTitle() + QStringLiteral(". ") + emptyText();
  return tr("%1. %2. Score %3; at positions %4 and %5: %6, a difference of %7.")
      .arg(title(), facts().join(QStringLiteral(", ")), signedNumber(m_score, 4),
           QString::number(queryPosition()), QString::number(keyPosition()), signedNumber(m_shifted, 4),
           QString::number(std::abs(m_shifted - m_score), 'g', 2));
}

}  // namespace decodescope
