// The closed formulas with their letters, as the inspector shows them.
#include "core/explain/derived.h"
#include "views/memory/memory_model.h"

#include <QCoreApplication>

#include <algorithm>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("MemoryView", text);
}

Operand letter(const char* symbol, const QString& name, double value) {
  return {symbol, name.toStdString(), {static_cast<float>(value)}, std::nullopt};
}

Explanation bytesOfShape(const QString& title, const QString& source, const CacheShape& shape,
                         std::uint64_t batch, std::uint64_t context, std::uint64_t bytesPerNumber,
                         double shown) {
  const DerivedName name{title.toStdString(), "",
                         tr("A closed formula; sizes: %1.").arg(source).toStdString()};
  std::vector<Operand> letters{letter("L", tr("layers"), shape.layers),
                               letter("B", tr("batch: sequences at once"), static_cast<double>(batch))};
  const auto add = [&](const char* symbol, const QString& text, double value) {
    letters.push_back(letter(symbol, text, value));
  };
  std::string numbers;
  if (shape.isLatent()) {
    numbers = "(C + r)";
    add("C", tr("numbers of the latent"), shape.latentRank);
    add("r", tr("numbers of the rotary key"), shape.rotaryDim);
  } else {
    add("G", tr("key/value heads"), shape.keyValueHeads);
    add("d", tr("numbers of a key, and of a value"), shape.headDim);
    numbers = shape.isLinear ? "G*d*(d + 1)" : "2*G*d";
    if (!shape.isLinear && shape.valueWidth() != shape.headDim) {
      letters.back().name = tr("numbers of a key").toStdString();
      numbers = "G*(d + v)";
      add("v", tr("numbers of a value"), shape.valueWidth());
    }
  }
  // One state however many tokens; none before the first.
  add("T", shape.isLinear ? tr("states: one once there are tokens") : tr("tokens of each that are kept"),
      static_cast<double>(cachedPositions(shape, context)));
  const std::string expression = "L * B * T * " + numbers + " * b";
  letters.push_back(letter("b", tr("bytes of a number"), static_cast<double>(bytesPerNumber)));
  return explainArithmetic(name, "bytes", expression, std::move(letters), shown);
}

}  // namespace

Explanation MemoryModel::bytesExplained(const KindOfCache& kind, std::uint64_t batch,
                                        std::uint64_t context) const {
  return bytesOfShape(tr("cache of %1, %2").arg(m_name, kind.name), m_source, kind.shape, batch, context,
                      static_cast<std::uint64_t>(m_bytes),
                      static_cast<double>(bytesOf(kind, batch, context)));
}

Explanation MemoryModel::bytesExplained(const PublishedModel& model, const MemorySettings& settings) {
  const std::uint64_t batch = static_cast<std::uint64_t>(settings.batch), bytes = bytesOf(model, settings);
  const double context = settings.context > 0 ? settings.context : model.context;
  const std::uint64_t positions = cachedPositions(model.shape, static_cast<std::uint64_t>(context));
  const std::uint64_t numbers =
      cachedNumbers(model.shape) * positions * batch * static_cast<std::uint64_t>(model.shape.layers);
  return bytesOfShape(tr("cache of %1").arg(QString::fromUtf8(model.name)), QString::fromUtf8(model.source),
                      model.shape, batch, static_cast<std::uint64_t>(context),
                      bytes / std::max<std::uint64_t>(1, numbers), static_cast<double>(bytes));
}

Explanation MemoryModel::rateExplained(const RooflinePoint& point) const {
  const DerivedName name{
      tr("tokens a second: %1").arg(point.name).toStdString(), "",
      tr("A closed formula for the attention of all layers alone, every tensor moved once; rates: %1.")
          .arg(QString::fromUtf8(accelerator().source))
          .toStdString()};
  return explainArithmetic(name, "tokens/s", "B * t * min(P, F / M * W) / (F * L)",
                           {letter("B", tr("batch: sequences at once"), batch()),
                            letter("t", tr("new tokens of each"), point.newTokens),
                            letter("P", tr("peak: operations a second"), operationsPerSecond()),
                            letter("F", tr("operations of a layer"), point.traffic.operations),
                            letter("M", tr("bytes that a layer moves"), point.traffic.bytes(m_bytes)),
                            letter("W", tr("bandwidth: bytes a second"), bytesPerSecond()),
                            letter("L", tr("layers"), point.shape.layers)},
                           point.tokens);
}

}  // namespace decodescope
