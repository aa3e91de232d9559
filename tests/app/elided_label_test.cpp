#include "app/elided_label.h"

#include <gtest/gtest.h>

namespace decodescope {
namespace {

TEST(ElidedLabel, AsksForOtherRoomOnlyWhenMuchHasChanged) {
  ElidedLabel label;
  label.setWholeText(QStringLiteral("step 10 of 256"));
  const int room = label.sizeHint().width();
  EXPECT_GE(room, label.fontMetrics().horizontalAdvance(QStringLiteral("step 10 of 256")));
  int different = 0;
  for (int step = 11; step < 100; ++step) {
    label.setWholeText(QStringLiteral("step %1 of 256").arg(step));
    EXPECT_GE(label.sizeHint().width(), label.fontMetrics().horizontalAdvance(label.toolTip()));
    if (label.sizeHint().width() != room) ++different;
  }
  EXPECT_LT(different, 20);
  label.setWholeText(QStringLiteral("a text that is more than three times as long as the other one was"));
  EXPECT_GT(label.sizeHint().width(), 2 * room);
}

TEST(ElidedLabel, KeepsTheRoomForItsWidestText) {
  ElidedLabel label;
  label.setRoomFor(QStringLiteral("step 1000 of 1000"));
  const QSize room = label.sizeHint();
  for (const char* text : {"", "step 1 of 1", "step 999 of 1000"}) {
    label.setWholeText(QLatin1String(text));
    EXPECT_EQ(label.sizeHint(), room) << text;
  }
  EXPECT_EQ(label.minimumSizeHint().width(), 0) << "it gives way";
}

TEST(ElidedLabel, TellsAllOfItsTextToWhoCannotSeeIt) {
  ElidedLabel label;
  const QString text = QStringLiteral("cache 13.1 kB  ·  344 µs");
  label.setWholeText(text);
  EXPECT_EQ(label.toolTip(), text);
  EXPECT_EQ(label.accessibleDescription(), text);
}

}  // namespace
}  // namespace decodescope
