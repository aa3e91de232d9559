// Where the numbers come from that the mask view works out itself.
#include "core/explain/derived.h"
#include "views/mask/mask_model.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("MaskView", text);
}

}  // namespace

Operand MaskModel::cellOperand(const char* symbol, Panel panel, int query, int key) const {
  return {symbol,
          QStringLiteral("%1 [%2, %3]")
              .arg(panelName(panel), QString::number(query), QString::number(key))
              .toStdString(),
          {matrix(panel)[static_cast<std::size_t>(query * tokens() + key)]},
          std::nullopt};
}

std::optional<Explanation> MaskModel::explainScore(const DerivedName& name, int query, int key,
                                                   double shown) const {
  const ModelConfig& config = m_shown.config();
  const Selection& s = m_shown.selection;
  const PositionTrace *queryTrace = m_shown.trace(Position{query}), *keyTrace = m_shown.trace(Position{key});
  if (!queryTrace || !keyTrace) return std::nullopt;
  const KvHeadIndex kvHead = config.keyValueHeadOf(s.head);
  const TracePlace q = attentionQueryPlace(config, s.head), k = attentionKeyPlace(config, kvHead);
  return explainScaledProduct(name,
                              tracedRow(config, "q", {q.site, s.layer, Position{query}, q.index},
                                        attentionQuery(config, *queryTrace, s.layer, s.head)),
                              tracedRow(config, "k", {k.site, s.layer, Position{key}, k.index},
                                        attentionKey(config, *keyTrace, s.layer, kvHead)),
                              shown);
}

std::optional<Explanation> MaskModel::explainSoftmaxOf(const DerivedName& name, int query, int keys, int key,
                                                       double shown) const {
  const auto first = m_strategies.scores.begin() + static_cast<std::ptrdiff_t>(query) * tokens();
  Operand row{"s",
              QStringLiteral("%1 [%2]").arg(panelName(scores), QString::number(query)).toStdString(),
              {first, first + keys},
              std::nullopt};
  // A struck-out key has no score to compute with.
  const auto isFinite = [](float v) { return std::isfinite(v); };
  if (!std::all_of(row.values.begin(), row.values.end(), isFinite)) return std::nullopt;
  return explainSoftmax(name, std::move(row), key, shown);
}

std::optional<Explanation> MaskModel::explanation(Panel panel, int query, int key) const {
  const bool hidden = hides(query, key);
  const BeyondDiagonal beyond = this->panel(panel).beyond;
  if (hidden && beyond == BeyondDiagonal::masked) return std::nullopt;
  const auto shown = static_cast<double>(matrix(panel)[static_cast<std::size_t>(query * tokens() + key)]);
  if (!std::isfinite(shown)) return std::nullopt;
  DerivedName name;
  name.name = cellOperand("", panel, query, key).name;
  name.shape = "(T, T) = (" + std::to_string(tokens()) + ", " + std::to_string(tokens()) + ")";
  name.origin =
      tr("Worked out for this view from rows that the run stored; the run itself computes the masked "
         "scores and their softmax alone.")
          .toStdString();
  switch (panel) {
    case scores:
      return hidden && !m_maskOff ? explainScore(name, query, key, shown) : std::nullopt;
    case softmaxAll:
      return m_maskOff ? std::nullopt : explainSoftmaxOf(name, query, tokens(), key, shown);
    case weights:
      return m_maskOff ? explainSoftmaxOf(name, query, query + 1, key, shown) : std::nullopt;
    case zeroed:
      return explainArithmetic(name, "z", "a", {cellOperand("a", softmaxAll, query, key)}, shown);
    case renormalised: {
      Operand sum{"t",
                  tr("sum of row %1 of “%2”").arg(QString::number(query), panelName(zeroed)).toStdString(),
                  {static_cast<float>(m_strategies.rowSum(m_strategies.zeroed, query))},
                  std::nullopt};
      return explainArithmetic(name, "w", "z / t", {cellOperand("z", zeroed, query, key), std::move(sum)},
                               shown);
    }
    case difference:
      return explainArithmetic(
          name, "difference", "u - w",
          {cellOperand("u", renormalised, query, key), cellOperand("w", weights, query, key)}, shown);
    case dropout: {
      // A dropped cell is 0 whatever it was.
      const bool isDropped = shown == 0;
      Operand p{"p", tr("dropout").toStdString(), {static_cast<float>(m_settings.dropout)}, std::nullopt};
      return explainArithmetic(name, isDropped ? "dropped" : "kept", isDropped ? "0 * w" : "w / (1 - p)",
                               {cellOperand("w", weights, query, key), std::move(p)}, shown);
    }
    default:
      return std::nullopt;  // the run's own
  }
}

}  // namespace decodescope
