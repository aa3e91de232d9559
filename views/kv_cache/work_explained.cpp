// Where the counts of the steps come from.
#include "core/explain/derived.h"
#include "views/kv_cache/work_model.h"

#include <QCoreApplication>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("KvCacheView", text);
}

Operand number(const char* symbol, const QString& name, int value) {
  return {symbol, name.toStdString(), {static_cast<float>(value)}, std::nullopt};
}

/// The closed formula of plain attention over K and V; "" where a part has none in so few letters.
std::string formulaOf(KvWorkPart part, const ModelConfig& config) {
  const std::string products = config.gatedMlp ? "3" : "2";
  switch (part) {
    case KvWorkPart::projections:
      return "n * L * (2*D*H*d + 2*D*G*d + " + products + "*D*F)";
    case KvWorkPart::attention:
      return "L * 2*H*d * (n*m + n*(n + 1)/2)";
    case KvWorkPart::logits:
      return "V * D";
    case KvWorkPart::kvRead:
      return "4 * L * 2*G*d * (n*m + n*(n + 1)/2)";
    case KvWorkPart::kvWritten:
      return "4 * L * 2*G*d * n";
    case KvWorkPart::rebuild:
    case KvWorkPart::weightsRead:
    case KvWorkPart::time:
      break;
  }
  return {};
}

std::vector<Operand> lettersOf(const std::string& formula, const ModelConfig& config,
                               const StepRecord& step) {
  const Operand all[] = {number("n", tr("rows computed in the step"), step.rowsComputed),
                         number("m", tr("rows that were in the cache"), step.firstRow),
                         number("L", QStringLiteral("num_hidden_layers"), config.numHiddenLayers),
                         number("D", QStringLiteral("hidden_size"), config.hiddenSize),
                         number("H", QStringLiteral("num_attention_heads"), config.numAttentionHeads),
                         number("G", QStringLiteral("num_key_value_heads"), config.numKeyValueHeads),
                         number("d", QStringLiteral("head_dim"), config.headDim),
                         number("F", QStringLiteral("intermediate_size"), config.intermediateSize),
                         number("V", QStringLiteral("vocab_size"), config.vocabSize)};
  std::vector<Operand> used;
  for (const Operand& letter : all) {
    if (formula.find(letter.symbol) != std::string::npos) used.push_back(letter);
  }
  return used;
}

}  // namespace

Explanation KvWorkModel::countOf(KvWorkPart part, const StepRecord& step) const {
  const ModelConfig& config = own().run->model->config();
  const auto counted = static_cast<double>(countIn(part, step));
  DerivedName name{
      tr("%1, step %2").arg(this->name(part)).arg(step.index.value).toStdString(), "",
      tr("Counted by the kernels of the run while they worked; the closed formula gives the same.")
          .toStdString()};
  const std::string formula = formulaOf(part, config);
  if (!formula.empty()) {
    Explanation e = explainArithmetic(
        name, part == KvWorkPart::kvRead || part == KvWorkPart::kvWritten ? "bytes" : "MACs", formula,
        lettersOf(formula, config, step), counted);
    if (e.recomputed == counted) return e;
  }
  name.origin = tr("Counted by the kernels of the run while they worked.").toStdString();
  return explainArithmetic(name, "count", "c",
                           {{"c", "counter", {static_cast<float>(counted)}, std::nullopt}}, counted);
}

std::optional<Explanation> KvWorkModel::explanation(KvWorkPart part, StepIndex step) const {
  if (!ready() || part == KvWorkPart::time || step.value < 1 || step.value > own().run->stepCount())
    return std::nullopt;
  if (!m_settings.summed) return countOf(part, own().run->steps[static_cast<std::size_t>(step.value - 1)]);
  Operand counts{"x", tr("the count of each step").toStdString(), {}, std::nullopt};
  for (int s = 0; s < step.value; ++s)
    counts.values.push_back(static_cast<float>(countIn(part, own().run->steps[static_cast<std::size_t>(s)])));
  return explainTotal({tr("%1, steps 1–%2").arg(name(part)).arg(step.value).toStdString(), "",
                       tr("Counted by the kernels of the run while they worked, and summed.").toStdString()},
                      std::move(counts), counted(part, own())[static_cast<std::size_t>(step.value - 1)]);
}

}  // namespace decodescope
