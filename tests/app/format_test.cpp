#include "app/format.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace decodescope {
namespace {

std::string plain(QString text) {
  return text.replace(QChar(0x202F), QLatin1Char(' ')).toStdString();
}

TEST(Format, NumbersKeepFourDigits) {
  EXPECT_EQ(plain(shownNumber(0)), "0");
  EXPECT_EQ(plain(shownNumber(0.123456)), "0.1235");
  EXPECT_EQ(plain(shownNumber(-12.3456)), "−12.346");
  EXPECT_EQ(plain(shownNumber(1.5e-7)), "1.50e−07");
  EXPECT_EQ(plain(shownNumber(123456)), "1.23e+05");
  EXPECT_EQ(plain(shownNumber(-std::numeric_limits<double>::infinity())), "−∞");
  EXPECT_EQ(plain(shownNumber(std::nan(""))), "NaN");
}

TEST(Format, CountsUseThousands) {
  EXPECT_EQ(plain(shownCount(999)), "999");
  EXPECT_EQ(plain(shownCount(1000)), "1.00 k");
  EXPECT_EQ(plain(shownCount(12345)), "12.3 k");
  EXPECT_EQ(plain(shownCount(1234567)), "1.23 M");
  EXPECT_EQ(plain(shownCount(999'999)), "1.00 M");
  EXPECT_EQ(plain(shownCount(18'000'000'000'000'000'000u)), "18.0 E");
}

TEST(Format, TimesChooseTheirUnit) {
  EXPECT_EQ(plain(shownTime(850'000)), "850 µs");
  EXPECT_EQ(plain(shownTime(1'234'567)), "1.23 ms");
  EXPECT_EQ(plain(shownTime(2'500'000'000)), "2.50 s");
}

TEST(Format, SharesSayWhenTheyAreNotZero) {
  EXPECT_EQ(plain(shownPercent(0)), "0 %");
  EXPECT_EQ(plain(shownPercent(0.001)), "<1 %");
  EXPECT_EQ(plain(shownPercent(0.374)), "37 %");
  EXPECT_EQ(plain(shownPercent(1)), "100 %");
}

}  // namespace
}  // namespace decodescope
