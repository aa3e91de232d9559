#include "views/text_fit.h"

#include <gtest/gtest.h>

namespace decodescope {
namespace {

using Indices = std::vector<int>;

TEST(ThinnedLabels, ShowsAllWhereThereIsRoom) {
  EXPECT_EQ(thinnedLabels(3, 4, 20, 15, {}), (Indices{3, 4, 5, 6}));
}

TEST(ThinnedLabels, TakesRoundStepsAndNeverOverlaps) {
  for (const int count : {1, 2, 17, 128, 300, 2000}) {
    for (const double pitch : {0.2, 1.0, 3.7, 14.0}) {
      const int wanted[] = {count / 2, count - 1};
      const Indices shown = thinnedLabels(0, count, pitch, 14, wanted);
      EXPECT_FALSE(shown.empty());
      for (std::size_t i = 1; i < shown.size(); ++i) EXPECT_GE((shown[i] - shown[i - 1]) * pitch, 14 - 1e-6);
      EXPECT_NE(std::find(shown.begin(), shown.end(), count / 2), shown.end())
          << "the selected one comes first";
    }
  }
  EXPECT_EQ(thinnedLabels(0, 30, 3, 14, {}), (Indices{0, 5, 10, 15, 20, 25}));
}

TEST(ThinnedLabels, IgnoresWantedOnesOutside) {
  const int wanted[] = {99};
  EXPECT_EQ(thinnedLabels(10, 2, 20, 10, wanted), (Indices{10, 11}));
}

TEST(Fitted, ShortensWithAnEllipsis) {
  const TextMetrics metrics(Theme::makeLight().font);
  const QString text = QStringLiteral("a long token of many letters");
  EXPECT_EQ(fitted(text, metrics, 1e4), text);
  for (const double width : {5.0, 20.0, 60.0, 100.0}) {
    const QString shown = fitted(text, metrics, width);
    EXPECT_LE(metrics.horizontalAdvance(shown), width);
  }
  EXPECT_TRUE(fitted(text, metrics, 60).endsWith(QChar(0x2026)));
  EXPECT_EQ(fitted(text, metrics, 0), QString());
}

TEST(Fitted, DoesNotCutAnEmojiInTwo) {
  const TextMetrics metrics(Theme::makeLight().font);
  const QString text = QString::fromUtf8("\U0001F600\U0001F601\U0001F602\U0001F603 and more");
  for (double width = 4; width < 120; width += 3) {
    const QString shown = fitted(text, metrics, width);
    EXPECT_EQ(shown, QString::fromUtf8(shown.toUtf8())) << width;
  }
}

TEST(BrokenParts, BreaksBetweenParts) {
  const TextMetrics metrics(Theme::makeLight().font);
  const QStringList parts{QStringLiteral("first part"), QStringLiteral("second part"),
                          QStringLiteral("third")};
  EXPECT_EQ(brokenParts(parts, metrics, 1e4, 2),
            QStringList{QStringLiteral("first part  ·  second part  ·  third")});
  const QStringList narrow =
      brokenParts(parts, metrics, metrics.horizontalAdvance(QStringLiteral("second part · ")), 2);
  ASSERT_EQ(narrow.size(), 2);
  EXPECT_EQ(narrow[0], parts[0]);
}

TEST(Numbers, AreShort) {
  EXPECT_EQ(byteText(640), QStringLiteral("640 B"));
  EXPECT_EQ(byteText(1536), QStringLiteral("1.54 kB"));
  EXPECT_EQ(byteText(399769600000), QStringLiteral("399.8 GB"));
  EXPECT_EQ(byteText(999999), QStringLiteral("1.00 MB"));
  EXPECT_EQ(shortNumber(0), QStringLiteral("0"));
  EXPECT_EQ(shortNumber(0.4321), QStringLiteral("0.432"));
  EXPECT_EQ(shortNumber(-12.345), QStringLiteral("-12.35"));
  EXPECT_EQ(shortNumber(0.00001234), QStringLiteral("1.2e-05"));
}

}  // namespace
}  // namespace decodescope
