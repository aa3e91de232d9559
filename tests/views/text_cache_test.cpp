#include "views/text_cache.h"

#include "views/theme.h"

#include <QImage>
#include <QPainter>
#include <QPicture>

#include <gtest/gtest.h>

namespace decodescope {
namespace {

QStringList texts() {
  return {QStringLiteral("weights"),
          QStringLiteral("(13, 8, 16)"),
          QStringLiteral("q·k / √d = −0.25 → 7"),
          QString::fromUtf8("␣Once \U0001F600 中文"),
          QStringLiteral("two\nlines"),
          QStringLiteral(" ")};
}

QImage painted(const QFont& font, double angle, const QString& text,
               void (*draw)(QPainter&, QPointF, const QString&)) {
  QImage image(200, 200, QImage::Format_RGB32);
  image.fill(Qt::white);
  QPainter painter(&image);
  painter.setFont(font);
  painter.setPen(Qt::darkBlue);
  painter.translate(60, 120);
  painter.rotate(angle);
  draw(painter, QPointF(3.3, 4.6), text);
  return image;
}

TEST(TextMetrics, AreThoseOfTheFont) {
  const Theme theme = Theme::makeLight();
  for (const double pixels : {10.0, 11.5, 28.0, 10.0}) {
    const QFont font = theme.sized(pixels);
    for (int round = 0; round < 2; ++round) {
      for (const QString& text : texts()) {
        EXPECT_EQ(TextMetrics(font).horizontalAdvance(text), QFontMetricsF(font).horizontalAdvance(text))
            << text.toStdString() << " at " << pixels;
      }
    }
  }
}

TEST(TextMetrics, TellFontsApartHoweverManyThereAre) {
  // More than are known at once: numbers must not be used again.
  const TextMetrics first(Theme::makeLight().sized(9));
  const QString text = QStringLiteral("layers.0.self_attn");
  for (int pixels = 8; pixels < 108; ++pixels) {
    const QFont font = Theme::makeLight().sized(pixels);
    EXPECT_EQ(TextMetrics(font).horizontalAdvance(text), QFontMetricsF(font).horizontalAdvance(text));
  }
  EXPECT_EQ(first.horizontalAdvance(text),
            QFontMetricsF(Theme::makeLight().sized(9)).horizontalAdvance(text));
}

TEST(TextMetrics, RememberNoMoreThanSoMuch) {
  const QFont font = Theme::makeLight().font;
  const TextMetrics metrics(font);
  for (int i = 0; i < 20000; ++i) metrics.horizontalAdvance(QString::number(i));
  for (int i = 0; i < 20000; i += 997) {
    EXPECT_EQ(metrics.horizontalAdvance(QString::number(i)),
              QFontMetricsF(font).horizontalAdvance(QString::number(i)));
  }
}

TEST(DrawRemembered, LooksLikeDrawText) {
  for (const QFont& font : {Theme::makeLight().font, Theme::makeLight().monoSized(15, QFont::DemiBold)}) {
    for (const double angle : {0.0, -90.0}) {
      for (const QString& text : texts()) {
        const QImage plain = painted(font, angle, text, [](QPainter& painter, QPointF at, const QString& t) {
          painter.drawText(at, t);
        });
        for (int round = 0; round < 2; ++round)
          EXPECT_EQ(painted(font, angle, text, drawRemembered), plain) << text.toStdString() << " " << angle;
      }
    }
  }
}

TEST(DrawRemembered, TakesThePensColour) {
  const QFont font = Theme::makeLight().font;
  const auto inColour = [&](const QColor& color) {
    QImage image(80, 30, QImage::Format_RGB32);
    image.fill(Qt::white);
    QPainter painter(&image);
    painter.setFont(font);
    painter.setPen(color);
    drawRemembered(painter, QPointF(5, 20), QStringLiteral("colour"));
    return image;
  };
  EXPECT_NE(inColour(Qt::red), inColour(Qt::blue));
  EXPECT_NE(inColour(Qt::red), inColour(Qt::white));
}

}  // namespace
}  // namespace decodescope
