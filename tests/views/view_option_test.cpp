#include "views/view.h"

#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

TEST(ViewOption, ANumberIsInItsRangeAndOnItsSteps) {
  const NumberRange range{.minimum = -2, .maximum = 5, .step = 0.05, .standard = 0};
  EXPECT_EQ(range.parse(QStringLiteral("1.25")), 1.25);
  EXPECT_NEAR(range.parse(QStringLiteral("1.26")).value(), 1.25, 1e-12);
  EXPECT_EQ(range.parse(QStringLiteral("5")), 5.0);
  EXPECT_FALSE(range.parse(QStringLiteral("5.01")));
  EXPECT_FALSE(range.parse(QStringLiteral("-2.1")));
  EXPECT_FALSE(range.parse(QStringLiteral("nan")));
  EXPECT_FALSE(range.parse(QStringLiteral("one")));
  EXPECT_FALSE(range.parse(QString()));
  EXPECT_EQ(range.text(range.parse(QStringLiteral("0.001")).value()), QStringLiteral("0.00"));
  EXPECT_EQ(range.text(-0.15), QStringLiteral("-0.15"));
}

TEST(ViewOption, TextHoldsAsManyDigitsAsTheStepNeeds) {
  EXPECT_EQ((NumberRange{0, 2000, 1, 0}.text(1999)), QStringLiteral("1999"));
  EXPECT_EQ((NumberRange{0, 1, 0.1, 0}.text(0.5)), QStringLiteral("0.5"));
  EXPECT_EQ((NumberRange{0, 100, 25, 0}.text(75)), QStringLiteral("75"));
  EXPECT_EQ((NumberRange{0, 1, 0.25, 0}.text(0.75)), QStringLiteral("0.75"));
}

TEST(ViewOption, StandardIsTheFirstChoiceOrTheRangesOwn) {
  ViewOption choice;
  choice.choices = {{QStringLiteral("a"), QStringLiteral("A")}, {QStringLiteral("b"), QStringLiteral("B")}};
  choice.value = QStringLiteral("b");
  EXPECT_EQ(choice.standardValue(), QStringLiteral("a"));
  ViewOption number;
  number.number = NumberRange{.minimum = 0.1, .maximum = 10, .step = 0.1, .standard = 1};
  EXPECT_EQ(number.standardValue(), QStringLiteral("1.0"));
}

}  // namespace
}  // namespace decodescope::test
