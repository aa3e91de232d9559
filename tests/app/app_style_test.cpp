#include "app/app_style.h"

#include <QStyleOptionSlider>

#include <gtest/gtest.h>

namespace decodescope {
namespace {

QStyleOptionSlider barOf(Qt::Orientation orientation, int maximum, int page, int value) {
  QStyleOptionSlider bar;
  bar.orientation = orientation;
  bar.rect = orientation == Qt::Horizontal ? QRect(10, 20, 400, 11) : QRect(10, 20, 11, 400);
  bar.minimum = 0;
  bar.maximum = maximum;
  bar.pageStep = page;
  bar.sliderPosition = bar.sliderValue = value;
  bar.direction = Qt::LeftToRight;
  return bar;
}

QRect part(const QStyleOptionSlider& bar, QStyle::SubControl control) {
  return AppStyle().subControlRect(QStyle::CC_ScrollBar, &bar, control, nullptr);
}

TEST(AppStyle, AScrollBarsHandleTellsHowMuchIsShownAndWhere) {
  for (const Qt::Orientation orientation : {Qt::Horizontal, Qt::Vertical}) {
    const auto along = [&](const QRect& rect) {
      return orientation == Qt::Horizontal ? std::pair(rect.left() - 10, rect.width())
                                           : std::pair(rect.top() - 20, rect.height());
    };
    const auto at = [&](int value) {
      return along(part(barOf(orientation, 300, 100, value), QStyle::SC_ScrollBarSlider));
    };
    EXPECT_EQ(at(0), std::pair(0, 100));
    EXPECT_EQ(at(150), std::pair(150, 100));
    EXPECT_EQ(at(300), std::pair(300, 100));
    const QStyleOptionSlider bar = barOf(orientation, 300, 100, 60);
    EXPECT_EQ(along(part(bar, QStyle::SC_ScrollBarSubPage)), std::pair(0, 60));
    EXPECT_EQ(along(part(bar, QStyle::SC_ScrollBarAddPage)), std::pair(160, 240));
    EXPECT_EQ(part(bar, QStyle::SC_ScrollBarGroove), bar.rect);
    EXPECT_TRUE(part(bar, QStyle::SC_ScrollBarAddLine).isEmpty()) << "there are no arrows";
  }
}

TEST(AppStyle, AHandleStaysLargeEnoughToBeTaken) {
  EXPECT_GE(part(barOf(Qt::Horizontal, 1'000'000, 10, 0), QStyle::SC_ScrollBarSlider).width(), 20);
  const QStyleOptionSlider tiny = [] {
    QStyleOptionSlider bar = barOf(Qt::Horizontal, 100, 1, 50);
    bar.rect.setWidth(9);
    return bar;
  }();
  EXPECT_EQ(part(tiny, QStyle::SC_ScrollBarSlider), tiny.rect);
  const QStyleOptionSlider all = barOf(Qt::Vertical, 0, 10, 0);
  EXPECT_EQ(part(all, QStyle::SC_ScrollBarSlider), all.rect);
}

TEST(AppStyle, AScrollBarRunsAsTheWritingDoes) {
  QStyleOptionSlider bar = barOf(Qt::Horizontal, 300, 100, 0);
  bar.direction = Qt::RightToLeft;
  EXPECT_EQ(part(bar, QStyle::SC_ScrollBarSlider).right(), bar.rect.right());
}

}  // namespace
}  // namespace decodescope
