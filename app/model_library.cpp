#include "app/model_library.h"

#include "core/base/assets.h"

#include <QDir>
#include <QFileInfo>

namespace decodescope {

QStringList bundledModelPaths() {
  const Result<std::string> assets = assetsDir();
  if (!assets.ok()) return {};
  const QDir folder(QString::fromStdString(assets.value()) + QStringLiteral("/models"));
  QStringList paths;
  for (const QString& name : folder.entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name)) {
    const QString path = folder.filePath(name);
    if (QFileInfo::exists(path + QStringLiteral("/config.json"))) paths << path;
  }
  const QString first = defaultModelFolder();
  for (qsizetype i = 0; i < paths.size(); ++i) {
    if (QFileInfo(paths[i]) == QFileInfo(first)) {
      paths.move(i, 0);
      break;
    }
  }
  return paths;
}

QString defaultModelFolder() {
  const Result<std::string> path = defaultModelPath();
  return path.ok() ? QString::fromStdString(path.value()) : QString();
}

QString modelName(const QString& path) {
  const QFileInfo info(QDir::cleanPath(path));
  return info.isDir() ? info.fileName() : info.completeBaseName();
}

QString modelOfFile(const QString& path) {
  const QFileInfo info(path);
  const bool partOfFolder = info.isFile() && (info.suffix() == QLatin1String("json") ||
                                              info.suffix() == QLatin1String("safetensors"));
  return partOfFolder ? info.path() : path;
}

bool areSiblings(const QString& path, const QString& other) {
  const QString a = modelName(path), b = modelName(other);
  const QString family = a.section(QLatin1Char('-'), 0, 0);
  return !family.isEmpty() && a.contains(QLatin1Char('-')) && family == b.section(QLatin1Char('-'), 0, 0);
}

}  // namespace decodescope
