#include "app/dock.h"

#include "app/icons.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>

#include <cmath>
#include <initializer_list>

namespace decodescope {

Dock::Dock(const QString& id, const QString& title, QWidget* content, QWidget* parent)
    : QDockWidget(title, parent),
      m_bar(new QWidget(this)),
      m_title(new QLabel(title, m_bar)),
      m_float(new QToolButton(m_bar)),
      m_close(new QToolButton(m_bar)) {
  setObjectName(id);
  setAccessibleName(title);
  setWidget(content);
  m_bar->setAccessibleName(tr("Title bar of %1").arg(title));
  m_float->setIcon(icon(Icon::floatDock));
  m_float->setAutoRaise(true);
  m_float->setToolTip(tr("Take %1 out of the window or put it back").arg(title));
  m_float->setAccessibleName(m_float->toolTip());
  connect(m_float, &QToolButton::clicked, this, [this] { setFloating(!isFloating()); });
  m_close->setIcon(icon(Icon::close));
  m_close->setAutoRaise(true);
  m_close->setToolTip(tr("Close %1; the View menu brings it back").arg(title));
  m_close->setAccessibleName(m_close->toolTip());
  connect(m_close, &QToolButton::clicked, this, &QWidget::close);
  auto* row = new QHBoxLayout(m_bar);
  row->addWidget(m_title, 1);
  row->addWidget(m_float);
  row->addWidget(m_close);
  setTitleBarWidget(m_bar);
}

void Dock::setTitleShown(bool shown) {
  for (QWidget* part : std::initializer_list<QWidget*>{m_title, m_float, m_close}) part->setVisible(shown);
  m_bar->setMaximumHeight(shown ? QWIDGETSIZE_MAX : 0);
}

void Dock::applyTheme(const Theme& theme) {
  const int gap = static_cast<int>(std::lround(theme.px(4)));
  m_bar->layout()->setContentsMargins(2 * gap, gap / 2, gap, gap / 2);
  m_bar->layout()->setSpacing(0);
  m_title->setFont(theme.sized(12, QFont::DemiBold));
  const int side = static_cast<int>(std::lround(theme.px(13)));
  for (QToolButton* button : {m_float, m_close}) button->setIconSize(QSize(side, side));
}

}  // namespace decodescope
