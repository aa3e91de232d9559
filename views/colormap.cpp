#include "views/colormap.h"

#include "views/colormap_tables.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace decodescope {
namespace {

QList<QRgb> fromTable(const std::array<std::uint32_t, 256>& table) {
  QList<QRgb> colors;
  colors.reserve(256);
  for (const std::uint32_t rgb : table) colors.append(0xff000000u | rgb);
  return colors;
}

/// Colours at equal distances, mixed in between.
QList<QRgb> fromStops(const std::array<std::uint32_t, 7>& stops) {
  QList<QRgb> colors;
  colors.reserve(256);
  for (int i = 0; i < 256; ++i) {
    const double at = i / 255.0 * (stops.size() - 1);
    const auto left = std::min<std::size_t>(static_cast<std::size_t>(at), stops.size() - 2);
    colors.append(
        mixed(QColor::fromRgb(stops[left]), QColor::fromRgb(stops[left + 1]), at - static_cast<double>(left))
            .rgb());
  }
  return colors;
}

}  // namespace

QString colormapName(Colormap map) {
  switch (map) {
    case Colormap::viridis:
      return QStringLiteral("viridis");
    case Colormap::cividis:
      return QStringLiteral("cividis");
    case Colormap::diverging:
      return QStringLiteral("diverging");
  }
  return {};
}

QList<QRgb> colormapTable(Colormap map, bool dark) {
  switch (map) {
    case Colormap::viridis:
      return fromTable(kViridis);
    case Colormap::cividis:
      return fromTable(kCividis);
    case Colormap::diverging:
      return dark ? fromStops({0xa9d3f5, 0x4f97d4, 0x2b5a8c, 0x2c2f33, 0x93353a, 0xdf6a62, 0xf9bdb2})
                  : fromStops({0x11457e, 0x3c86c1, 0xa5cbe4, 0xf7f7f5, 0xf5b8a2, 0xd4604f, 0x8e1127});
  }
  return {};
}

QList<QRgb> tintTable(const QColor& low, const QColor& high) {
  QList<QRgb> colors;
  colors.reserve(256);
  for (int i = 0; i < 256; ++i) colors.append(mixed(low, high, i / 255.0).rgb());
  return colors;
}

double ColorScale::position(double v, double rowMax) const {
  switch (kind) {
    case Kind::linear:
      return hi > lo ? std::clamp((v - lo) / (hi - lo), 0.0, 1.0) : 0.5;
    case Kind::logarithmic:
      if (isSigned()) {
        const double t = std::log1p(std::abs(v)) / std::log1p(hi);
        return std::clamp(0.5 + std::copysign(t, v) / 2, 0.0, 1.0);
      }
      return v <= lo ? 0.0 : std::clamp(std::log(v / lo) / std::log(hi / lo), 0.0, 1.0);
    case Kind::perRow:
      if (!(rowMax > 0)) return isSigned() ? 0.5 : 0.0;
      return isSigned() ? std::clamp(0.5 + v / rowMax / 2, 0.0, 1.0) : std::clamp(v / rowMax, 0.0, 1.0);
  }
  return 0;
}

int ColorScale::level(double v, double rowMax) const {
  return static_cast<int>(std::lround(position(v, rowMax) * 255));
}

}  // namespace decodescope
