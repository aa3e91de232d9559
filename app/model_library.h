#pragma once

#include <QString>
#include <QStringList>

namespace decodescope {

/// The bundled models' folders inside assetsDir()/models, the default first, then by name. Empty when there
/// are none.
QStringList bundledModelPaths();

/// The model that the first launch opens; "" when there is none.
QString defaultModelFolder();

/// "tales-mha" of ".../tales-mha" and of ".../tales-mha.gguf".
QString modelName(const QString& path);

/// The folder around a model's weights or configuration; other files are models by themselves.
QString modelOfFile(const QString& path);

/// Whether the two are variants of one model ("tales-mha", "tales-gqa"), which makes sense of the same
/// prompt.
bool areSiblings(const QString& path, const QString& other);

}  // namespace decodescope
