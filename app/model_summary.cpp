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

/// Where the weights will be.
QString placeText(const ModelOutline& outline) {
  const QString file = bytesText(outline.fileBytes), memory = bytesText(outline.memoryBytes);
  if (outline.mappedBytes == 0) return tr("%1 in the file, %2 in memory").arg(file, memory);
  return tr("%1 in the file, used in place, and %2 in memory").arg(file, memory);
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
      placeText(outline), tr("cache %1 a token").arg(bytesText(kvCacheBytes(outline.config, 1)))}
      .join(tr(" · "));
}

QString tooLargeText(const ModelOutline& outline) {
  const QString name = QString::fromStdString(outline.name);
  const std::optional<std::uint64_t> available = availableMemory();
  const QString free = available ? bytesText(*available) : tr("less");
  const bool mapped = available && outline.memoryBytes <= *available;
  const QString what =
      mapped
          ? tr("%1 uses %2 of weights in its file, and only %3 of memory are free to keep them: every token "
               "will read the rest from the disk again.")
                .arg(name, bytesText(outline.mappedBytes), free)
          : tr("%1 needs %2 of memory, and %3 are free: with it the machine may come to a standstill.")
                .arg(name, bytesText(outline.memoryBytes), free);
  return tr("%1\n%2\n%3").arg(what, architectureText(outline.config), sizeText(outline));
}

}  // namespace decodescope
