#include "core/base/float_formats.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace decodescope {
namespace {

/// The nearest of all finite halves, ties to the even one; overflow as IEEE 754 has it.
template <class Widen>
std::uint16_t nearestByBisection(float value, std::uint16_t infinity, Widen&& widenToFloat) {
  const auto widen = [&](std::uint16_t half) { return static_cast<double>(widenToFloat(half)); };
  const double magnitude = std::fabs(static_cast<double>(value));
  const auto sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000 : 0);
  std::uint16_t low = 0;
  std::uint16_t high = infinity;
  while (high - low > 1) {
    const auto middle = static_cast<std::uint16_t>((low + high) / 2);
    (widen(middle) <= magnitude ? low : high) = middle;
  }
  const double below = widen(low);
  // What would stand at infinity's place if the exponents went on.
  const double above =
      high == infinity ? 2 * below - widen(static_cast<std::uint16_t>(low - 1)) : widen(high);
  const double fromBelow = magnitude - below;
  const double fromAbove = above - magnitude;
  const bool up = fromAbove < fromBelow || (fromAbove == fromBelow && low % 2 == 1);
  return static_cast<std::uint16_t>(sign | (up ? high : low));
}

TEST(FloatFormats, EveryHalfSurvivesTheWayThroughFloat) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float asF16 = f16ToFloat(half);
    const float asBf16 = bf16ToFloat(half);
    if (std::isnan(asF16)) {
      EXPECT_TRUE(std::isnan(f16ToFloat(floatToF16(asF16)))) << bits;
    } else {
      EXPECT_EQ(floatToF16(asF16), half);
    }
    if (std::isnan(asBf16)) {
      EXPECT_TRUE(std::isnan(bf16ToFloat(floatToBf16(asBf16)))) << bits;
    } else {
      EXPECT_EQ(floatToBf16(asBf16), half);
    }
  }
}

TEST(FloatFormats, KnownValues) {
  EXPECT_EQ(f16ToFloat(0x3c00), 1.0f);
  EXPECT_EQ(f16ToFloat(0xc000), -2.0f);
  EXPECT_EQ(f16ToFloat(0x7bff), 65504.0f);
  EXPECT_EQ(f16ToFloat(0x0001), 0x1p-24f);
  EXPECT_EQ(f16ToFloat(0x7c00), std::numeric_limits<float>::infinity());
  EXPECT_EQ(bf16ToFloat(0x3f80), 1.0f);
  EXPECT_EQ(bf16ToFloat(0x4049), 3.140625f);
}

TEST(FloatFormats, RoundsToNearestTiesToEven) {
  // Around every half: the value itself, halfway to the next one, and one float to either side.
  for (std::uint32_t bits = 1; bits < 0x7f80; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float middle = std::bit_cast<float>((bits << 16) | 0x8000u);
    for (const float value :
         {bf16ToFloat(half), middle, std::nextafter(middle, 0.0f), std::nextafter(middle, 1e38f)}) {
      ASSERT_EQ(floatToBf16(value), nearestByBisection(value, 0x7f80, bf16ToFloat)) << value;
      ASSERT_EQ(floatToBf16(-value), nearestByBisection(-value, 0x7f80, bf16ToFloat)) << value;
    }
    if (bits >= 0x7c00) continue;
    const float next = bits + 1 == 0x7c00 ? 65536.0f : f16ToFloat(static_cast<std::uint16_t>(bits + 1));
    const float between = (f16ToFloat(half) + next) / 2;
    for (const float value :
         {f16ToFloat(half), between, std::nextafter(between, 0.0f), std::nextafter(between, 1e38f)}) {
      ASSERT_EQ(floatToF16(value), nearestByBisection(value, 0x7c00, f16ToFloat)) << value;
      ASSERT_EQ(floatToF16(-value), nearestByBisection(-value, 0x7c00, f16ToFloat)) << value;
    }
  }
  EXPECT_EQ(floatToF16(1e-9f), 0);
  EXPECT_EQ(floatToF16(1e9f), 0x7c00);
}

}  // namespace
}  // namespace decodescope
