#include "app/settings.h"

#include <QFileInfo>
#include <QSettings>

#include <algorithm>

namespace decodescope {
namespace {

constexpr int kRecentModels = 8;

std::unique_ptr<QSettings> openFile() {
  const QString folder = qEnvironmentVariable("DECODESCOPE_SETTINGS_DIR");
  if (!folder.isEmpty()) {
    return std::make_unique<QSettings>(folder + QStringLiteral("/decodescope.ini"), QSettings::IniFormat);
  }
  return std::make_unique<QSettings>(QSettings::IniFormat, QSettings::UserScope,
                                     QStringLiteral("decodescope"), QStringLiteral("decodescope"));
}

}  // namespace

Settings::Settings() : m_file(openFile()) {}

Settings::~Settings() = default;

bool Settings::isFirstLaunch() const {
  return !m_file->contains(QStringLiteral("model/path"));
}

QString Settings::modelPath() const {
  return m_file->value(QStringLiteral("model/path")).toString();
}

void Settings::setModelPath(const QString& path) {
  m_file->setValue(QStringLiteral("model/path"), path);
}

QString Settings::prompt() const {
  return m_file->value(QStringLiteral("model/prompt")).toString();
}

void Settings::setPrompt(const QString& prompt) {
  m_file->setValue(QStringLiteral("model/prompt"), prompt);
}

QStringList Settings::recentModels() const {
  return m_file->value(QStringLiteral("model/recent")).toStringList();
}

void Settings::addRecentModel(const QString& path) {
  QStringList paths = recentModels();
  paths.removeAll(path);
  paths.prepend(path);
  m_file->setValue(QStringLiteral("model/recent"), QStringList(paths.mid(0, kRecentModels)));
}

void Settings::removeRecentModel(const QString& path) {
  QStringList paths = recentModels();
  paths.removeAll(path);
  m_file->setValue(QStringLiteral("model/recent"), paths);
}

std::optional<RotaryLayout> Settings::rotaryLayout(const QString& path) const {
  const QVariantMap layouts = m_file->value(QStringLiteral("model/rotaryLayouts")).toMap();
  return rotaryLayoutNamed(layouts.value(path).toString().toStdString());
}

void Settings::setRotaryLayout(const QString& path, std::optional<RotaryLayout> layout) {
  if (layout == rotaryLayout(path)) return;
  QVariantMap layouts = m_file->value(QStringLiteral("model/rotaryLayouts")).toMap();
  if (layout) {
    layouts[path] = QLatin1String(rotaryLayoutName(*layout));
  } else {
    layouts.remove(path);
  }
  m_file->setValue(QStringLiteral("model/rotaryLayouts"), layouts);
}

QString Settings::tokenizer(const QString& path) const {
  const QString chosen = m_file->value(QStringLiteral("model/tokenizers")).toMap().value(path).toString();
  return QFileInfo::exists(chosen) ? chosen : QString();
}

void Settings::setTokenizer(const QString& path, const QString& tokenizer) {
  if (tokenizer == this->tokenizer(path)) return;
  QVariantMap tokenizers = m_file->value(QStringLiteral("model/tokenizers")).toMap();
  if (tokenizer.isEmpty()) {
    tokenizers.remove(path);
  } else {
    tokenizers[path] = tokenizer;
  }
  m_file->setValue(QStringLiteral("model/tokenizers"), tokenizers);
}

Settings::ThemeChoice Settings::theme() const {
  const QString name = m_file->value(QStringLiteral("window/theme")).toString();
  if (name == QLatin1String("light")) return ThemeChoice::light;
  return name == QLatin1String("dark") ? ThemeChoice::dark : ThemeChoice::system;
}

void Settings::setTheme(ThemeChoice choice) {
  static constexpr const char* kNames[] = {"system", "light", "dark"};
  m_file->setValue(QStringLiteral("window/theme"), QLatin1String(kNames[static_cast<int>(choice)]));
}

double Settings::scale() const {
  const double scale = m_file->value(QStringLiteral("window/scale"), 1.0).toDouble();
  return scale >= 1.0 ? std::min(scale, 2.5) : 1.0;
}

void Settings::setScale(double scale) {
  m_file->setValue(QStringLiteral("window/scale"), scale);
}

double Settings::speed() const {
  return m_file->value(QStringLiteral("run/speed"), 4.0).toDouble();
}

void Settings::setSpeed(double unitsPerSecond) {
  m_file->setValue(QStringLiteral("run/speed"), unitsPerSecond);
}

bool Settings::playsByOperation() const {
  return m_file->value(QStringLiteral("run/playsByOperation"), false).toBool();
}

void Settings::setPlaysByOperation(bool byOperation) {
  m_file->setValue(QStringLiteral("run/playsByOperation"), byOperation);
}

RunSettings Settings::runSettings() const {
  RunSettings settings;
  settings.kvCache = m_file->value(QStringLiteral("run/kvCache"), true).toBool();
  settings.ignoreEos = m_file->value(QStringLiteral("run/ignoreEos"), false).toBool();
  SamplingSettings& sampling = settings.sampling;
  const double temperature = m_file->value(QStringLiteral("run/temperature"), 0.0).toDouble();
  sampling.temperature = temperature > 0 ? std::min(temperature, 10.0) : 0.0;
  sampling.topK = std::max(0, m_file->value(QStringLiteral("run/topK"), 0).toInt());
  const double topP = m_file->value(QStringLiteral("run/topP"), 1.0).toDouble();
  sampling.topP = topP > 0 && topP < 1 ? topP : 1.0;
  sampling.seed = m_file->value(QStringLiteral("run/seed"), 0).toULongLong();
  return settings;
}

void Settings::setRunSettings(const RunSettings& settings) {
  m_file->setValue(QStringLiteral("run/kvCache"), settings.kvCache);
  m_file->setValue(QStringLiteral("run/ignoreEos"), settings.ignoreEos);
  m_file->setValue(QStringLiteral("run/temperature"), settings.sampling.temperature);
  m_file->setValue(QStringLiteral("run/topK"), settings.sampling.topK);
  m_file->setValue(QStringLiteral("run/topP"), settings.sampling.topP);
  m_file->setValue(QStringLiteral("run/seed"), QVariant::fromValue<qulonglong>(settings.sampling.seed));
}

int Settings::raceTokens() const {
  return std::clamp(m_file->value(QStringLiteral("race/tokens"), 100).toInt(), 1, 100000);
}

void Settings::setRaceTokens(int tokens) {
  m_file->setValue(QStringLiteral("race/tokens"), tokens);
}

bool Settings::hintDismissed() const {
  return m_file->value(QStringLiteral("window/hintDismissed"), false).toBool();
}

void Settings::setHintDismissed() {
  m_file->setValue(QStringLiteral("window/hintDismissed"), true);
}

QStringList Settings::viewOptions() const {
  return m_file->value(QStringLiteral("window/viewOptions")).toStringList();
}

void Settings::setViewOptions(const QStringList& values) {
  m_file->setValue(QStringLiteral("window/viewOptions"), values);
}

QByteArray Settings::bytes(const char* key) const {
  return m_file->value(QLatin1String(key)).toByteArray();
}

void Settings::setBytes(const char* key, const QByteArray& value) {
  m_file->setValue(QLatin1String(key), value);
}

}  // namespace decodescope
