#include "views/theme.h"

#include <QFontDatabase>
#include <QGuiApplication>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

bool hasFamily(const QString& family) {
  return QFontDatabase::families().contains(family);
}

QFont labelFont() {
  static const bool inter = hasFamily(QStringLiteral("Inter"));
  QFont font = QGuiApplication::font();
  if (inter) font.setFamily(QStringLiteral("Inter"));
  font.setHintingPreference(QFont::PreferNoHinting);
  return font;
}

QFont numberFont() {
  static const QString family = [] {
    for (const char* name : {"JetBrains Mono", "Noto Sans Mono", "DejaVu Sans Mono"}) {
      if (hasFamily(QString::fromLatin1(name))) return QString::fromLatin1(name);
    }
    return QFontDatabase::systemFont(QFontDatabase::FixedFont).family();
  }();
  QFont font = QGuiApplication::font();
  font.setFamily(family);
  font.setStyleHint(QFont::Monospace);
  font.setHintingPreference(QFont::PreferNoHinting);
  return font;
}

QFont withSize(QFont font, double pixels, QFont::Weight weight) {
  font.setPixelSize(std::max(1, static_cast<int>(std::lround(pixels))));
  font.setWeight(weight);
  return font;
}

Theme withFonts(Theme theme, double scale) {
  theme.scale = scale;
  theme.font = withSize(labelFont(), kLabelPixels * scale, QFont::Normal);
  theme.mono = withSize(numberFont(), kLabelPixels * scale, QFont::Normal);
  return theme;
}

}  // namespace

// Query, key and value are blue, vermilion and bluish green of Okabe and Ito's palette, which people with any
// colour vision tell apart; the dark theme uses lighter tones of the same hues.
Theme Theme::makeLight(double scale) {
  Theme t;
  t.dark = false;
  t.background = QColor(0xfc, 0xfc, 0xfc);
  t.panel = QColor(0xf0, 0xf2, 0xf4);
  t.text = QColor(0x23, 0x26, 0x29);
  t.faintText = QColor(0x5d, 0x64, 0x6b);
  t.line = QColor(0xcd, 0xd2, 0xd7);
  t.accent = QColor(0xb8, 0x1e, 0x6b);
  t.query = QColor(0x00, 0x6c, 0xac);
  t.key = QColor(0xc2, 0x54, 0x00);
  t.value = QColor(0x00, 0x86, 0x62);
  t.warning = QColor(0x9a, 0x6a, 0x00);
  t.maskedCell = QColor(0xe6, 0xe9, 0xec);
  t.maskedLine = QColor(0xcf, 0xd4, 0xd9);
  return withFonts(t, scale);
}

Theme Theme::makeDark(double scale) {
  Theme t;
  t.dark = true;
  t.background = QColor(0x1b, 0x1e, 0x21);
  t.panel = QColor(0x27, 0x2b, 0x30);
  t.text = QColor(0xf1, 0xf3, 0xf5);
  t.faintText = QColor(0xa3, 0xac, 0xb5);
  t.line = QColor(0x45, 0x4c, 0x54);
  t.accent = QColor(0xff, 0x7a, 0xb8);
  t.query = QColor(0x5c, 0xb8, 0xf0);
  t.key = QColor(0xff, 0x97, 0x4d);
  t.value = QColor(0x3d, 0xcf, 0xa4);
  t.warning = QColor(0xf0, 0xc0, 0x4a);
  t.maskedCell = QColor(0x30, 0x35, 0x3a);
  t.maskedLine = QColor(0x45, 0x4b, 0x52);
  return withFonts(t, scale);
}

Theme Theme::inRoom(const QSizeF& room) const {
  const double times =
      std::min(room.width() / px(kDesignRoom.width()), room.height() / px(kDesignRoom.height()));
  // In tenths: while a dock is being resized letters stay the same for a while.
  const double factor = std::floor(std::clamp(1 + (times - 1) * 2 / 3, 1.0, 1.8) * 10 + 1e-9) / 10;
  return !grows || factor <= 1 ? *this : withFonts(*this, scale * factor);
}

QFont Theme::sized(double pixels, QFont::Weight weight) const {
  return withSize(font, pixels * scale, weight);
}

QFont Theme::monoSized(double pixels, QFont::Weight weight) const {
  return withSize(mono, pixels * scale, weight);
}

QColor mixed(const QColor& a, const QColor& b, double t) {
  const auto channel = [t](int x, int y) { return static_cast<int>(std::lround(x + (y - x) * t)); };
  return QColor(channel(a.red(), b.red()), channel(a.green(), b.green()), channel(a.blue(), b.blue()));
}

double luminance(const QColor& color) {
  const auto linear = [](double c) { return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4); };
  return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

QColor readableOn(const QColor& color) {
  // 0.179 is where black and white have the same contrast ratio.
  return luminance(color) > 0.179 ? QColor(0, 0, 0) : QColor(255, 255, 255);
}

}  // namespace decodescope
