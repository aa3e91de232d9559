#include "app/dock.h"

#include "app/icons.h"

#include <QGridLayout>
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
  // Qt draws the line below a scrolled tab bar across the docks beside it too.
  m_bar->setAutoFillBackground(true);
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
  auto* grid = new QGridLayout(m_bar);
  grid->addWidget(m_title, 0, 0);
  grid->addWidget(m_float, 0, 2);
  grid->addWidget(m_close, 0, 3);
  grid->setColumnStretch(1, 1);
  setTitleBarWidget(m_bar);
}

void Dock::setHeader(QWidget* header) {
  m_header = header;
  header->setMinimumWidth(100);  // what does not fit goes behind the bar's arrow
  static_cast<QGridLayout*>(m_bar->layout())->addWidget(header, 0, 1);
  refreshBar();
}

void Dock::setTitleShown(bool shown) {
  m_titleShown = shown;
  refreshBar();
}

void Dock::setTabbed(bool tabbed) {
  m_tabbed = tabbed;
  refreshBar();
}

void Dock::refreshBar() {
  m_title->setVisible(m_titleShown && !(m_tabbed && m_header));
  m_float->setVisible(m_titleShown);
  m_close->setVisible(m_titleShown);
  m_bar->setMaximumHeight(m_titleShown || m_header ? QWIDGETSIZE_MAX : 0);
  placeHeader();
}

void Dock::placeHeader() {
  if (!m_header) return;
  const int beside = m_title->sizeHint().width() + m_float->sizeHint().width() + m_close->sizeHint().width();
  const bool below = m_titleShown && !m_tabbed && m_header->sizeHint().width() + beside > width();
  if (below == m_headerBelow) return;
  m_headerBelow = below;
  auto* grid = static_cast<QGridLayout*>(m_bar->layout());
  grid->removeWidget(m_header);
  grid->addWidget(m_header, below ? 1 : 0, below ? 0 : 1, 1, below ? 4 : 1);
}

void Dock::resizeEvent(QResizeEvent* event) {
  QDockWidget::resizeEvent(event);
  placeHeader();
}

void Dock::applyTheme(const Theme& theme) {
  const int gap = static_cast<int>(std::lround(theme.px(4)));
  m_bar->layout()->setContentsMargins(2 * gap, gap / 2, gap, gap / 2);
  static_cast<QGridLayout*>(m_bar->layout())->setSpacing(0);
  m_title->setFont(theme.sized(12, QFont::DemiBold));
  const int side = static_cast<int>(std::lround(theme.px(13)));
  for (QToolButton* button : {m_float, m_close}) button->setIconSize(QSize(side, side));
}

}  // namespace decodescope
