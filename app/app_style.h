#pragma once

#include "views/theme.h"

#include <QProxyStyle>

namespace decodescope {

/// Fusion with icons and spacing that follow the scale, and flat, quiet frames.
class AppStyle : public QProxyStyle {
  Q_OBJECT

 public:
  AppStyle();
  void setScale(double scale) { m_scale = scale; }

  int pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const override;
  int styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                QStyleHintReturn* returnData) const override;
  QRect subControlRect(ComplexControl control, const QStyleOptionComplex* option, SubControl part,
                       const QWidget* widget) const override;
  void drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter,
                          const QWidget* widget) const override;
  void drawControl(ControlElement element, const QStyleOption* option, QPainter* painter,
                   const QWidget* widget) const override;
  void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                     const QWidget* widget) const override;

 private:
  double m_scale = 1;
};

/// Gives the whole application the theme's colours, font and scale.
void applyTheme(const Theme& theme);

}  // namespace decodescope
