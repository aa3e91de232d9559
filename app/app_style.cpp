#include "app/app_style.h"

#include <QApplication>
#include <QMainWindow>
#include <QPainter>
#include <QPalette>
#include <QStyleOption>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

constexpr double kInterfacePixels = 13;

}  // namespace

AppStyle::AppStyle() : QProxyStyle(QStringLiteral("Fusion")) {}

int AppStyle::pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const {
  const int base = QProxyStyle::pixelMetric(metric, option, widget);
  const auto scaled = [this](double value) { return static_cast<int>(std::lround(value * m_scale)); };
  switch (metric) {
    case PM_SmallIconSize:
    case PM_ButtonIconSize:
      return scaled(16);
    case PM_ToolBarIconSize:
      return scaled(20);
    case PM_ToolBarFrameWidth:
    case PM_ToolBarHandleExtent:
      return 0;
    case PM_ToolBarItemSpacing:
      return scaled(4);
    case PM_ToolBarItemMargin:
      return 0;
    case PM_LayoutHorizontalSpacing:
    case PM_LayoutVerticalSpacing:
      return scaled(6);
    case PM_LayoutLeftMargin:
    case PM_LayoutRightMargin:
    case PM_LayoutTopMargin:
    case PM_LayoutBottomMargin:
      return scaled(8);
    case PM_TabBarTabHSpace:
      return scaled(14);
    case PM_DockWidgetSeparatorExtent:
      return scaled(5);
    case PM_ScrollBarExtent:
      return scaled(11);
    case PM_SliderLength:
    case PM_SliderThickness:
      return scaled(15);
    case PM_IndicatorWidth:
    case PM_IndicatorHeight:
      return scaled(15);
    default:
      return base;
  }
}

int AppStyle::styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                        QStyleHintReturn* returnData) const {
  // A click on the slider's groove goes there at once: scrubbing is pointing at a step.
  if (hint == SH_Slider_AbsoluteSetButtons) return Qt::LeftButton;
  if (hint == SH_ToolTip_WakeUpDelay) return 350;
  return QProxyStyle::styleHint(hint, option, widget, returnData);
}

/// A scroll bar is its groove and its handle, without arrows.
QRect AppStyle::subControlRect(ComplexControl control, const QStyleOptionComplex* option, SubControl part,
                               const QWidget* widget) const {
  const auto* bar = qstyleoption_cast<const QStyleOptionSlider*>(option);
  if (control != CC_ScrollBar || !bar) return QProxyStyle::subControlRect(control, option, part, widget);
  const QRect& all = bar->rect;
  const bool lying = bar->orientation == Qt::Horizontal;
  const int length = lying ? all.width() : all.height();
  const double shown = static_cast<double>(bar->maximum) - bar->minimum + bar->pageStep;
  const int least = std::min(length, static_cast<int>(std::lround(28 * m_scale)));
  const int handle =
      shown > 0 ? std::clamp(static_cast<int>(length * (bar->pageStep / shown)), least, length) : length;
  const int start = sliderPositionFromValue(bar->minimum, bar->maximum, bar->sliderPosition, length - handle,
                                            bar->upsideDown);
  // `from` to `from + size` along the bar.
  const auto along = [&](int from, int size) {
    const QRect rect = lying ? QRect(all.left() + from, all.top(), size, all.height())
                             : QRect(all.left(), all.top() + from, all.width(), size);
    return visualRect(bar->direction, all, rect);
  };
  switch (part) {
    case SC_ScrollBarGroove:
      return all;
    case SC_ScrollBarSlider:
      return along(start, handle);
    case SC_ScrollBarSubPage:
      return along(0, start);
    case SC_ScrollBarAddPage:
      return along(start + handle, length - start - handle);
    default:
      return {};
  }
}

void AppStyle::drawComplexControl(ComplexControl control, const QStyleOptionComplex* option,
                                  QPainter* painter, const QWidget* widget) const {
  const auto* bar = qstyleoption_cast<const QStyleOptionSlider*>(option);
  if (control != CC_ScrollBar || !bar)
    return QProxyStyle::drawComplexControl(control, option, painter, widget);
  const QPalette& palette = option->palette;
  painter->fillRect(option->rect, palette.window());
  if (bar->maximum <= bar->minimum) return;
  const bool pressed = bar->state & State_Sunken && bar->activeSubControls & SC_ScrollBarSlider;
  const bool hovered = bar->state & State_MouseOver && bar->state & State_Enabled;
  const QRectF handle = subControlRect(CC_ScrollBar, bar, SC_ScrollBarSlider, widget);
  const double gap = std::min(handle.width(), handle.height()) * 0.2;
  const QRectF inside = handle.adjusted(gap, gap, -gap, -gap);
  const double radius = std::min(inside.width(), inside.height()) / 2;
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing, true);
  painter->setPen(Qt::NoPen);
  painter->setBrush(mixed(palette.window().color(), palette.windowText().color(),
                          pressed   ? 0.55
                          : hovered ? 0.42
                                    : 0.28));
  painter->drawRoundedRect(inside, radius, radius);
  painter->restore();
}

void AppStyle::drawControl(ControlElement element, const QStyleOption* option, QPainter* painter,
                           const QWidget* widget) const {
  if (element == CE_ToolBar) {
    // Flat, with a line where it ends: it is painted with every change of what stands on it.
    const QRect& area = option->rect;
    painter->fillRect(area, option->palette.window());
    const auto* bar = qstyleoption_cast<const QStyleOptionToolBar*>(option);
    if (!bar || !widget || !qobject_cast<const QMainWindow*>(widget->parentWidget())) return;
    const bool below = bar->toolBarArea == Qt::BottomToolBarArea;
    painter->fillRect(QRect(area.left(), below ? area.top() : area.bottom(), area.width(), 1),
                      mixed(option->palette.window().color(), option->palette.windowText().color(), 0.14));
    return;
  }
  QProxyStyle::drawControl(element, option, painter, widget);
}

void AppStyle::drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                             const QWidget* widget) const {
  if (element == PE_FrameStatusBarItem || element == PE_PanelStatusBar) return;
  if (element == PE_IndicatorDockWidgetResizeHandle) return;
  QProxyStyle::drawPrimitive(element, option, painter, widget);
}

void applyTheme(const Theme& theme) {
  QPalette palette;
  const QColor button = mixed(theme.panel, theme.text, theme.dark ? 0.07 : 0.02);
  const QColor disabled = mixed(theme.panel, theme.text, 0.42);
  palette.setColor(QPalette::Window, theme.panel);
  palette.setColor(QPalette::WindowText, theme.text);
  palette.setColor(QPalette::Base, theme.background);
  palette.setColor(QPalette::AlternateBase, theme.panel);
  palette.setColor(QPalette::Text, theme.text);
  palette.setColor(QPalette::PlaceholderText, theme.faintText);
  palette.setColor(QPalette::Button, button);
  palette.setColor(QPalette::ButtonText, theme.text);
  palette.setColor(QPalette::BrightText, theme.warning);
  palette.setColor(QPalette::Light, mixed(button, Qt::white, theme.dark ? 0.10 : 0.8));
  palette.setColor(QPalette::Midlight, mixed(button, Qt::white, theme.dark ? 0.05 : 0.4));
  palette.setColor(QPalette::Mid, theme.line);
  palette.setColor(QPalette::Dark, mixed(theme.line, theme.text, 0.15));
  palette.setColor(QPalette::Shadow, mixed(theme.background, Qt::black, 0.6));
  palette.setColor(QPalette::Highlight, theme.accent);
  palette.setColor(QPalette::HighlightedText, readableOn(theme.accent));
  palette.setColor(QPalette::Link, theme.accent);
  palette.setColor(QPalette::LinkVisited, theme.accent);
  palette.setColor(QPalette::ToolTipBase,
                   theme.dark ? mixed(theme.panel, Qt::white, 0.08) : theme.background);
  palette.setColor(QPalette::ToolTipText, theme.text);
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) {
    palette.setColor(QPalette::Disabled, role, disabled);
  }
  palette.setColor(QPalette::Disabled, QPalette::Highlight, theme.line);
  if (auto* style = qobject_cast<AppStyle*>(QApplication::style())) style->setScale(theme.scale);
  QApplication::setFont(theme.sized(kInterfacePixels));
  QApplication::setPalette(palette);
  QToolTip::setPalette(palette);
  QToolTip::setFont(theme.sized(kInterfacePixels));
}

}  // namespace decodescope
