#include "views/option_bar.h"

#include <QAction>
#include <QActionGroup>
#include <QDoubleSpinBox>
#include <QFontMetrics>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QResizeEvent>
#include <QSlider>
#include <QStyle>
#include <QToolButton>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

/// As a tool button measures it.
int lengthOn(const QWidget& button, const QString& text) {
  return button.fontMetrics().size(Qt::TextShowMnemonic, text).width();
}

}  // namespace

OptionBar::OptionBar(const QString& title, QWidget* parent) : QToolBar(title, parent) {
  setToolButtonStyle(Qt::ToolButtonTextOnly);
  setMovable(false);
  setMinimumWidth(24);  // in a narrow dock all of it goes behind the arrow
}

void OptionBar::setOptions(const std::vector<ViewOption>& options) {
  const QList<QAction*> old = actions();
  clear();
  for (QAction* action : old) action->deleteLater();  // and the sliders in them
  m_firstText.clear();
  for (const ViewOption& option : options) {
    if (option.number && option.number->typed) {
      addField(option);
    } else if (option.number) {
      addSlider(option);
    } else {
      addChoice(option);
    }
  }
  fitFirst();
}

QSize OptionBar::sizeHint() const {
  QSize size = QToolBar::sizeHint();
  if (m_firstText.isEmpty()) return size;
  const QWidget* button = widgetForAction(actions().first());
  size.rwidth() += lengthOn(*button, m_firstText) - lengthOn(*button, actions().first()->text());
  return size;
}

void OptionBar::resizeEvent(QResizeEvent* event) {
  QToolBar::resizeEvent(event);
  fitFirst();
}

void OptionBar::fitFirst() {
  if (m_firstText.isEmpty()) return;
  QAction* first = actions().first();
  const QWidget* button = widgetForAction(first);
  const int frame = button->sizeHint().width() - lengthOn(*button, first->text());
  const int arrow = actions().size() > 1 ? style()->pixelMetric(QStyle::PM_ToolBarExtensionExtent) : 0;
  const int room = width() - frame - arrow;
  const QString text = lengthOn(*button, m_firstText) <= room
                           ? m_firstText
                           : button->fontMetrics().elidedText(m_firstValue, Qt::ElideRight, room);
  if (text != first->text()) first->setText(text);
}

void OptionBar::addChoice(const ViewOption& option) {
  auto* menu = new QMenu(this);
  auto* group = new QActionGroup(menu);
  QString current;
  for (const auto& [value, text] : option.choices) {
    QAction* choice = menu->addAction(text);
    choice->setCheckable(true);
    choice->setChecked(value == option.value);
    group->addAction(choice);
    if (value == option.value) current = text;
    connect(choice, &QAction::triggered, this,
            [this, id = option.id, v = value] { emit chosenFromMenu(id, v); });
  }
  const QString text = tr("%1: %2").arg(option.title, current);
  const bool isFirst = actions().isEmpty();
  QAction* action = addAction(text);
  if (isFirst) {
    m_firstText = text;
    m_firstValue = current;
  }
  action->setMenu(menu);
  action->setToolTip(option.tip);
  if (auto* button = qobject_cast<QToolButton*>(widgetForAction(action))) {
    connect(button, &QObject::destroyed, menu, &QObject::deleteLater);
    button->setPopupMode(QToolButton::InstantPopup);
    button->setFocusPolicy(Qt::TabFocus);
    button->setAccessibleName(text);
    button->setAccessibleDescription(option.tip);
  }
}

void OptionBar::addSlider(const ViewOption& option) {
  const NumberRange range = *option.number;
  const auto shown = [range, title = option.title](double number) {
    return tr("%1: %2").arg(title, range.text(number).replace(QLatin1Char('-'), QChar(0x2212)));
  };
  auto* box = new QWidget(this);
  auto* layout = new QHBoxLayout(box);
  layout->setContentsMargins(6, 0, 6, 0);
  auto* label = new QLabel(box);
  auto* slider = new QSlider(Qt::Horizontal, box);
  const double value = range.parse(option.value).value_or(range.standard);
  slider->setRange(0, static_cast<int>(std::lround((range.maximum - range.minimum) / range.step)));
  slider->setValue(static_cast<int>(std::lround((value - range.minimum) / range.step)));
  slider->setPageStep(std::max(1, slider->maximum() / 20));
  slider->setFocusPolicy(Qt::StrongFocus);
  slider->setAccessibleName(option.title);
  slider->setAccessibleDescription(option.tip);
  slider->setObjectName(QStringLiteral("option-%1").arg(option.id));
  slider->setMinimumWidth(70);
  slider->setMaximumWidth(180);
  label->setBuddy(slider);
  label->setText(shown(value));
  // As wide as its longest text, so that the slider stays under the pointer.
  label->ensurePolished();
  const QFontMetrics metrics(label->font());
  label->setMinimumWidth(std::max(metrics.horizontalAdvance(shown(range.minimum)),
                                  metrics.horizontalAdvance(shown(range.maximum))) +
                         4);
  for (QWidget* w : {static_cast<QWidget*>(label), static_cast<QWidget*>(slider)}) w->setToolTip(option.tip);
  layout->addWidget(label);
  layout->addWidget(slider);
  addWidget(box);
  connect(slider, &QSlider::valueChanged, this, [this, range, label, shown, id = option.id](int at) {
    const double number =
        range.parse(QString::number(range.minimum + at * range.step, 'g', 12)).value_or(range.standard);
    label->setText(shown(number));
    emit chosen(id, range.text(number));
  });
}

void OptionBar::addField(const ViewOption& option) {
  const NumberRange range = *option.number;
  auto* box = new QWidget(this);
  auto* layout = new QHBoxLayout(box);
  layout->setContentsMargins(6, 0, 6, 0);
  auto* label = new QLabel(option.title, box);
  auto* field = new QDoubleSpinBox(box);
  const QString step = range.text(range.step);
  const qsizetype point = step.indexOf(QLatin1Char('.'));
  field->setDecimals(point < 0 ? 0 : static_cast<int>(step.size() - point - 1));
  field->setRange(range.minimum, range.maximum);
  field->setSingleStep(range.step);
  field->setStepType(QAbstractSpinBox::AdaptiveDecimalStepType);
  field->setGroupSeparatorShown(true);
  field->setValue(range.parse(option.value).value_or(range.standard));
  field->setAccessibleName(option.title);
  field->setAccessibleDescription(option.tip);
  field->setObjectName(QStringLiteral("option-%1").arg(option.id));
  label->setBuddy(field);
  for (QWidget* w : {static_cast<QWidget*>(label), static_cast<QWidget*>(field)}) w->setToolTip(option.tip);
  layout->addWidget(label);
  layout->addWidget(field);
  addWidget(box);
  connect(field, &QDoubleSpinBox::valueChanged, this,
          [this, range, id = option.id](double number) { emit chosen(id, range.text(number)); });
}

}  // namespace decodescope
