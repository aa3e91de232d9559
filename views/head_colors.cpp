#include "views/head_colors.h"

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

/// Of one lightness whatever the hue (HSL's yellow is far lighter than its blue).
QColor hueColor(double turns, bool dark) {
  const double hue = turns - std::floor(turns);
  QColor color = QColor::fromHsvF(static_cast<float>(hue), 0.75F, 0.85F);
  const double wanted = dark ? 0.33 : 0.2;
  double low = 0, high = 1;
  // Towards black or white until its luminance is right.
  const QColor end = luminance(color) > wanted ? QColor(0, 0, 0) : QColor(255, 255, 255);
  for (int i = 0; i < 12; ++i) {
    const double middle = (low + high) / 2;
    const double l = luminance(mixed(color, end, middle));
    const bool further = end == QColor(0, 0, 0) ? l > wanted : l < wanted;
    (further ? low : high) = middle;
  }
  return mixed(color, end, high);
}

/// Where the hues start: blue, which reads first.
constexpr double kFirstHue = 0.58;

}  // namespace

QColor headColor(int head, int heads, int keyValueHeads, const Theme& theme) {
  const int groups = std::clamp(keyValueHeads, 1, std::max(1, heads));
  const int each = std::max(1, heads / groups);
  const double group = head / each, inside = (head % each + 0.5) / each;
  // A fifth of each group's share of the circle stays free, so that groups stand apart.
  return hueColor(kFirstHue + (group + 0.1 + 0.8 * inside) / groups, theme.dark);
}

QColor latentColor(const Theme& theme) {
  return mixed(theme.key, theme.value, 0.5);
}

QColor keyValueHeadColor(int keyValueHead, int keyValueHeads, const Theme& theme) {
  return hueColor(kFirstHue + (keyValueHead + 0.5) / std::max(1, keyValueHeads), theme.dark);
}

}  // namespace decodescope
