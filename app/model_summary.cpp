#include "app/model_summary.h"

#include "app/format.h"
#include "core/base/available_memory.h"
#include "core/cost/decode_cost.h"

#include <QCoreApplication>
#include <QStringList>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("ModelSummary", text);
}

/// "1.04 MB": shownCount() ends in the letter that the unit begins with.
QString bytesText(std::uint64_t bytes) {
  const QString count = shownCount(bytes);
  return bytes < 1000 ? tr("%1 B").arg(count) : tr("%1B").arg(count);
}

}  // namespace

QString architectureText(const ModelConfig& config) {
  QStringList parts;
  parts << tr("%1, %2").arg(QString::fromStdString(config.modelType),
                            QString::fromStdString(config.attentionName()));
  parts << (config.numHiddenLayers == 1 ? tr("1 layer") : tr("%1 layers").arg(config.numHiddenLayers));
  parts << tr("hidden %1").arg(config.hiddenSize);
  parts << (config.numKeyValueHeads == config.numAttentionHeads
                ? tr("%1 heads of %2").arg(config.numAttentionHeads).arg(config.headDim)
                : tr("%1 query heads on %2 of %3")
                      .arg(config.numAttentionHeads)
                      .arg(config.numKeyValueHeads)
                      .arg(config.headDim));
  parts << tr("MLP %1").arg(config.intermediateSize);
  parts << tr("vocabulary %1").arg(config.vocabSize);
  parts << tr("context %1").arg(config.maxPositionEmbeddings);
  return parts.join(tr(" · "));
}

QString sizeText(const ModelOutline& outline) {
  return QStringList{
      tr("%1 parameters, %2").arg(shownCount(outline.parameters), QString::fromStdString(outline.storedAs)),
      tr("%1 in the file, %2 in memory").arg(bytesText(outline.fileBytes), bytesText(outline.memoryBytes)),
      tr("cache %1 a token").arg(bytesText(kvCacheBytes(outline.config, 1)))}
      .join(tr(" · "));
}

QString tooLargeText(const ModelOutline& outline) {
  const QString name = QString::fromStdString(outline.name), need = bytesText(outline.memoryBytes);
  const std::optional<std::uint64_t> available = availableMemory();
  const QString free = available ? bytesText(*available) : tr("less");
  return tr("%1 needs %2 of memory, and %3 are free: with it the machine may come to a standstill.\n%4\n%5")
      .arg(name, need, free, architectureText(outline.config), sizeText(outline));
}

}  // namespace decodescope
