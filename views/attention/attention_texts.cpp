#include "views/attention/attention_model.h"
#include "views/text_fit.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>

// What the model says in words.

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("AttentionView", text);
}

QString minus(QString number) {
  return number.replace(QLatin1Char('-'), QChar(0x2212));
}

QString number(float x) {
  return AttentionModel::numberText(x);
}

}  // namespace

QString AttentionModel::numberText(float value) {
  return minus(shortNumber(static_cast<double>(value)));
}

QString AttentionModel::absence(AttentionStage stage, int query, int key) const {
  if (key >= visible(query) && !showsGhosts(stage)) return tr("masked, a query sees keys up to itself only");
  if (key < firstVisible(query))
    return tr("before the window of %1 keys, the run never computes it").arg(config().slidingWindow);
  if (!value(stage, query, key)) return tr("not stored any more (trace budget)");
  if (struckOut(query, key)) return tr("struck out, the query does not see this key");
  return {};
}

QString AttentionModel::tokenText(int position) const {
  return QStringLiteral("%1 “%2”").arg(QString::number(position), m_labels[position]);
}

QString AttentionModel::stageName(AttentionStage stage) const {
  switch (stage) {
    case AttentionStage::raw:
      return tr("Raw scores");
    case AttentionStage::scaled:
      return tr("Scaled scores");
    case AttentionStage::masked:
      return tr("Masked scores");
    case AttentionStage::weights:
      return tr("Attention weights");
  }
  return {};
}

QString AttentionModel::formula(AttentionStage stage) const {
  const QString d = QString::number(config().headDim);
  const bool rotary = config().position == PositionKind::rotary;
  const QString product = rotary ? QStringLiteral("q′·k′") : QStringLiteral("q·k");
  QString text;
  switch (stage) {
    case AttentionStage::raw:
      text = QStringLiteral("s = %1").arg(product);
      break;
    case AttentionStage::scaled:
      text = QStringLiteral("s = %1 / √d, d = %2").arg(product, d);
      break;
    case AttentionStage::masked:
      text = m_causal ? tr("s = %1 / √d, d = %2; later keys −∞").arg(product, d)
                      : QStringLiteral("s = %1 / √d, d = %2").arg(product, d);
      break;
    case AttentionStage::weights:
      text = tr("softmax(%1 / √d) over the keys each query may see, d = %2").arg(product, d);
      break;
  }
  if (rotary) text += tr(" (q′, k′: after RoPE)");
  return text;
}

QString AttentionModel::place() const {
  return tr("layer %1 · head %2")
      .arg(QString::number(selection().layer.value), QString::number(selection().head.value));
}

QString AttentionModel::title() const {
  const QString name = stageName(m_settings.stage);
  return state() == ShownRun::State::noModel ? name : QStringLiteral("%1 · %2").arg(name, place());
}

QString AttentionModel::headRole(LayerIndex layer, HeadIndex head) const {
  if (!m_shown.run) return {};
  QStringList roles;
  for (const NotableHead& notable : m_shown.run->model->card.heads) {
    if (notable.layer == layer && notable.head == head) roles << QString::fromStdString(notable.role);
  }
  return roles.join(QStringLiteral(", "));
}

QStringList AttentionModel::circumstances() const {
  if (!ready()) return {};
  QStringList parts{tr("step %1 of %2").arg(selection().step.value).arg(m_shown.run->stepCount())};
  if (m_headsPerGroup > 1) {
    const int kv = selection().head.value / m_headsPerGroup;
    parts << tr("reads key/value head %1, shared by heads %2–%3")
                 .arg(kv)
                 .arg(kv * m_headsPerGroup)
                 .arg((kv + 1) * m_headsPerGroup - 1);
  }
  const PositionTrace* last = m_shown.trace(Position{tokens() - 1});
  if (last && last->rules() &&
      last->rules()->strikes(selection().layer, selection().head, Position{tokens() - 1}))
    parts << tr("what-if: this head is struck out, its context is zero");
  if (!m_causal) parts << tr("what-if: no causal mask, every query sees every token fed so far");
  const QString role = headRole(selection().layer, selection().head);
  if (!role.isEmpty()) parts << tr("known for: %1").arg(role);
  return parts;
}

QStringList AttentionModel::subtitle() const {
  if (!ready()) return {};
  return QStringList{formula(m_settings.stage)} + circumstances();
}

QString AttentionModel::readout(int query, int key) const {
  if (!ready() || query >= tokens() || key >= tokens()) return {};
  const QString from = tr("query %1 → key %2").arg(tokenText(query), tokenText(key));
  const QString missing = absence(AttentionStage::weights, query, key);
  const std::optional<float> raw = value(AttentionStage::raw, query, key);
  const std::optional<float> scaled = value(AttentionStage::scaled, query, key);
  const QString d = QString::number(config().headDim);
  if (missing.isEmpty())
    return tr("%1:  q·k %2  ÷ √%3 = %4  → softmax → weight %5")
        .arg(from, number(*raw), d, number(*scaled), number(*value(AttentionStage::weights, query, key)));
  if (key >= visible(query) && raw && !std::isnan(*raw))
    return tr("%1: masked; would score q·k %2  ÷ √%3 = %4, which the run never computes")
        .arg(from, number(*raw), d, number(*scaled));
  return QStringLiteral("%1: %2").arg(from, missing);
}

QString AttentionModel::shortReadout(AttentionStage stage, int query, int key) const {
  if (!ready() || query >= tokens() || key >= tokens()) return {};
  const QString from = tr("%1 → %2").arg(tokenText(query), tokenText(key));
  const QString missing = absence(stage, query, key);
  return QStringLiteral("%1: %2").arg(from, missing.isEmpty() ? number(*value(stage, query, key)) : missing);
}

QString AttentionModel::toolTip(AttentionStage stage, int query, int key) const {
  if (!ready() || query >= tokens() || key >= tokens()) return {};
  QString text = tr("query %1\nkey %2").arg(tokenText(query), tokenText(key)) + QLatin1Char('\n');
  const QString missing = absence(stage, query, key);
  if (!missing.isEmpty()) return text + missing;
  const QString shown = number(*value(stage, query, key));
  const QString d = QString::number(config().headDim);
  if (key >= visible(query)) return text + tr("would score %1; masked, the run never computes it").arg(shown);
  switch (stage) {
    case AttentionStage::raw:
      return text + tr("raw score %1 = q·k over %2 numbers").arg(shown, d);
    case AttentionStage::scaled:
    case AttentionStage::masked:
      return text +
             tr("scaled score %1 = %2 / √%3").arg(shown, number(*value(AttentionStage::raw, query, key)), d);
    case AttentionStage::weights:
      return text + tr("weight %1 = exp(%2) / Σ exp over %3 keys")
                        .arg(shown, number(*value(AttentionStage::scaled, query, key)),
                             QString::number(visible(query) - firstVisible(query)));
  }
  return text;
}

QString AttentionModel::headToolTip(LayerIndex layer, HeadIndex head) const {
  QString text = tr("layer %1, head %2").arg(layer.value).arg(head.value);
  if (m_headsPerGroup > 1)
    text += QLatin1Char('\n') + tr("reads key/value head %1").arg(head.value / m_headsPerGroup);
  const QString role = headRole(layer, head);
  if (!role.isEmpty()) text += QLatin1Char('\n') + tr("known for: %1").arg(role);
  return text + QLatin1Char('\n') + tr("Click to show this head");
}

QString AttentionModel::headSummary(LayerIndex layer, HeadIndex head) const {
  QStringList parts{tr("layer %1, head %2").arg(layer.value).arg(head.value)};
  if (m_headsPerGroup > 1) parts << tr("reads key/value head %1").arg(head.value / m_headsPerGroup);
  const QString role = headRole(layer, head);
  if (!role.isEmpty()) parts << tr("known for: %1").arg(role);
  return parts.join(QStringLiteral(" · "));
}

QString AttentionModel::emptyText() const {
  if (state() == ShownRun::State::noModel)
    return tr("Open a model: every query's attention over the keys it can see appears here, head by head.");
  if (state() == ShownRun::State::lacking) return m_shown.lackingText();
  if (m_shown.run->promptLength == 0)
    return tr("Type a prompt and make a step: the attention of all %1 heads of layer %2 appears here.")
        .arg(m_heads)
        .arg(selection().layer.value);
  return tr("Make a step (Space in the window): the %1 tokens of the prompt are fed, and the attention of "
            "all %2 heads of layer %3 appears here.")
      .arg(m_shown.run->promptLength)
      .arg(m_heads)
      .arg(selection().layer.value);
}

QString AttentionModel::scaleTitle(AttentionStage stage) const {
  QString text;
  switch (stage) {
    case AttentionStage::raw:
      text = tr("q·k (no unit)");
      break;
    case AttentionStage::scaled:
    case AttentionStage::masked:
      text = tr("score (no unit)");
      break;
    case AttentionStage::weights:
      text = tr("weight (a row sums to 1)");
      break;
  }
  if (!m_settings.lockedRange) text += tr(", up to this head's largest");
  return text;
}

QString AttentionModel::shortScaleTitle(AttentionStage stage) const {
  switch (stage) {
    case AttentionStage::raw:
      return QStringLiteral("q·k");
    case AttentionStage::scaled:
    case AttentionStage::masked:
      return tr("score");
    case AttentionStage::weights:
      break;
  }
  return tr("weight");
}

QString AttentionModel::cellText(AttentionStage stage, float value) {
  if (stage == AttentionStage::weights) {
    if (value > 0 && value < 0.005f) return QStringLiteral("<.01");
    return QString::number(static_cast<double>(value), 'f', 2);
  }
  const double size = std::abs(static_cast<double>(value));
  return minus(QString::number(static_cast<double>(value), 'f', size >= 100 ? 0 : size >= 10 ? 1 : 2));
}

std::vector<std::pair<double, QString>> AttentionModel::ticks(const ColorScale& scale) {
  std::vector<std::pair<double, QString>> result;
  if (scale.kind == ColorScale::Kind::perRow) {
    if (scale.isSigned()) return {{0, tr("−row max")}, {0.5, QStringLiteral("0")}, {1, tr("row max")}};
    return {{0, QStringLiteral("0")}, {1, tr("row max")}};
  }
  if (scale.kind == ColorScale::Kind::logarithmic && !scale.isSigned()) {
    for (double v = scale.lo; v <= scale.hi * 1.0001; v *= 10) {
      const QString text =
          v <= scale.lo * 1.0001 ? QStringLiteral("≤ %1").arg(v, 0, 'g', 1) : QString::number(v, 'g', 1);
      result.emplace_back(scale.position(v, 0), text);
    }
    return result;
  }
  if (scale.isSigned()) {
    if (scale.kind == ColorScale::Kind::logarithmic) {
      for (const double v : {-scale.hi, -scale.hi / 8, 0.0, scale.hi / 8, scale.hi})
        result.emplace_back(scale.position(v, 0), minus(QString::number(v, 'g', 2)));
      return result;
    }
    // Round numbers inside the range.
    const double step = std::pow(10, std::floor(std::log10(scale.hi)));
    const double tick = scale.hi / step >= 5 ? 2 * step : scale.hi / step >= 2 ? step : step / 2;
    for (int i = -static_cast<int>(scale.hi / tick); i * tick <= scale.hi; ++i)
      result.emplace_back(scale.position(i * tick, 0), minus(QString::number(i * tick, 'g', 3)));
    return result;
  }
  for (int i = 0; i <= 4; ++i) {
    const double v = scale.lo + (scale.hi - scale.lo) * i / 4;
    result.emplace_back(i / 4.0, QString::number(v, 'g', scale.hi == 1 ? 3 : 2));
  }
  return result;
}

QString AttentionModel::description() const {
  if (!ready()) return m_shown.emptyTitle() + QStringLiteral(". ") + emptyText();
  QString text = tr("%1, %2 by %2 tokens, step %3.").arg(title()).arg(tokens()).arg(selection().step.value);
  return text + QLatin1Char(' ') + readout(selection().query.value, selection().key.value) + QLatin1Char('.');
}

}  // namespace decodescope
