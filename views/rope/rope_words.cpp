// What the RoPE view says in words.
#include "core/ops/rope.h"
#include "views/panel_frame.h"
#include "views/rope/rope_model.h"
#include "views/text_fit.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("RopeView", text);
}

QString angleText(double radians) {
  return tr("%1 rad (%2 turns)")
      .arg(signedNumber(radians, radians < 1 ? 4 : 2), signedNumber(radians / (2 * std::numbers::pi), 3));
}

QString pointText(QPointF p) {
  return QStringLiteral("(%1, %2)").arg(signedNumber(p.x()), signedNumber(p.y()));
}

}  // namespace

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
