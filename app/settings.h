#pragma once

#include "core/decode/run_settings.h"
#include "core/model/model_config.h"

#include <QByteArray>
#include <QString>
#include <QStringList>

#include <memory>
#include <optional>

class QSettings;

namespace decodescope {

/// What the window remembers between two starts, in an INI file of the user's configuration folder, or of the
/// folder that DECODESCOPE_SETTINGS_DIR names.
class Settings {
 public:
  enum class ThemeChoice { system, light, dark };

  Settings();
  ~Settings();

  bool isFirstLaunch() const;
  QString modelPath() const;
  void setModelPath(const QString& path);
  /// "" when the model's own first prompt was used.
  QString prompt() const;
  void setPrompt(const QString& prompt);
  QStringList recentModels() const;
  /// Puts the path first and keeps eight.
  void addRecentModel(const QString& path);
  void removeRecentModel(const QString& path);
  /// Which elements of a head the user made a rotary pair, where that is not what the model's file says.
  std::optional<RotaryLayout> rotaryLayout(const QString& path) const;
  void setRotaryLayout(const QString& path, std::optional<RotaryLayout> layout);
  /// The file that the user chose to read the model's tokenizer from; "": the model's own,
  /// as where the chosen file is gone.
  QString tokenizer(const QString& path) const;
  void setTokenizer(const QString& path, const QString& tokenizer);
  ThemeChoice theme() const;
  void setTheme(ThemeChoice choice);
  double scale() const;
  void setScale(double scale);
  double speed() const;
  void setSpeed(double unitsPerSecond);
  bool playsByOperation() const;
  void setPlaysByOperation(bool byOperation);
  RunSettings runSettings() const;
  void setRunSettings(const RunSettings& settings);
  int raceTokens() const;
  void setRaceTokens(int tokens);
  bool hintDismissed() const;
  void setHintDismissed();

  QStringList viewOptions() const;
  void setViewOptions(const QStringList& values);
  QByteArray bytes(const char* key) const;
  void setBytes(const char* key, const QByteArray& value);

 private:
  std::unique_ptr<QSettings> m_file;
};

}  // namespace decodescope
