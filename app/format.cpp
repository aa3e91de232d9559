#include "app/format.h"

#include <cmath>

namespace decodescope {
namespace {

constexpr QChar kMinus(0x2212);
constexpr QChar kThinSpace(0x202F);

QString threeDigits(double value) {
  const int decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
  return QString::number(value, 'f', decimals);
}

QString withPrefix(double value) {
  static constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T", "P", "E"};
  int prefix = 0;
  while (value >= 999.5 && prefix < 6) {
    value /= 1000;
    ++prefix;
  }
  const QString digits = prefix == 0 ? QString::number(value, 'f', 0) : threeDigits(value);
  return prefix == 0 ? digits : digits + kThinSpace + QLatin1String(kPrefixes[prefix]);
}

}  // namespace

QString shownNumber(double value) {
  if (std::isnan(value)) return QStringLiteral("NaN");
  if (std::isinf(value)) return value < 0 ? QStringLiteral("−∞") : QStringLiteral("∞");
  const double size = std::abs(value);
  QString text;
  if (size == 0) {
    text = QStringLiteral("0");
  } else if (size < 1e-3 || size >= 1e5) {
    text = QString::number(value, 'e', 2);
  } else {
    const int decimals = size < 10 ? 4 : size < 100 ? 3 : size < 1000 ? 2 : 1;
    text = QString::number(value, 'f', decimals);
  }
  return text.replace(QLatin1Char('-'), kMinus);
}

QString shownCount(std::uint64_t count) {
  return withPrefix(static_cast<double>(count));
}

QString shownTime(std::uint64_t nanoseconds) {
  const double ns = static_cast<double>(nanoseconds);
  if (ns < 1e6) return QString::number(ns / 1e3, 'f', 0) + kThinSpace + QStringLiteral("µs");
  if (ns < 1e9) return threeDigits(ns / 1e6) + kThinSpace + QStringLiteral("ms");
  return threeDigits(ns / 1e9) + kThinSpace + QStringLiteral("s");
}

QString shownPercent(double share) {
  if (share > 0 && share < 0.005) return QStringLiteral("<1") + kThinSpace + QLatin1Char('%');
  return QString::number(std::lround(share * 100)) + kThinSpace + QLatin1Char('%');
}

}  // namespace decodescope
