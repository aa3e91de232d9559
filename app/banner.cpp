#include "app/banner.h"

#include "app/icons.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QProgressBar>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>

#include <cmath>

namespace decodescope {
namespace {

QColor colourOf(Banner::Kind kind, const Theme& theme) {
  return kind == Banner::Kind::error || kind == Banner::Kind::warning ? theme.warning : theme.accent;
}

Icon iconOf(Banner::Kind kind) {
  switch (kind) {
    case Banner::Kind::error:
      return Icon::error;
    case Banner::Kind::warning:
      return Icon::warning;
    default:
      return Icon::hint;
  }
}

}  // namespace

Banner::Banner(QWidget* parent)
    : QFrame(parent),
      m_icon(new QLabel(this)),
      m_text(new QLabel(this)),
      m_progress(new QProgressBar(this)),
      m_actions(new QHBoxLayout),
      m_belowRow(new QWidget(this)),
      m_below(new QHBoxLayout(m_belowRow)),
      m_close(new QToolButton(this)) {
  setAccessibleName(tr("Message"));
  m_text->setWordWrap(true);
  m_text->setTextFormat(Qt::PlainText);
  m_text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  m_text->setAccessibleName(tr("Message text"));
  m_text->setFocusPolicy(Qt::ClickFocus);
  m_progress->setAccessibleName(tr("Progress"));
  m_progress->setTextVisible(false);
  m_progress->hide();
  m_belowRow->hide();
  m_close->setIcon(icon(Icon::close));
  m_close->setAutoRaise(true);
  m_close->setToolTip(tr("Dismiss this message"));
  m_close->setAccessibleName(tr("Dismiss this message"));
  connect(m_close, &QToolButton::clicked, this, [this] {
    hide();
    emit dismissed(m_kind);
  });

  auto* row = new QHBoxLayout(this);
  row->addWidget(m_icon);
  // The bar below the text: beside it the text would have to break in a narrow window.
  auto* column = new QVBoxLayout;
  column->setContentsMargins(0, 0, 0, 4);
  column->addWidget(m_text);
  column->addWidget(m_progress);
  m_below->setContentsMargins(0, 0, 0, 0);
  column->addWidget(m_belowRow);
  row->addLayout(column, 1);
  row->addLayout(m_actions);
  row->addWidget(m_close);
  hide();
}

void Banner::showMessage(Kind kind, const QString& text, const std::vector<Action>& actions) {
  m_kind = kind;
  clearActions();
  m_text->setText(text);
  m_progress->setVisible(kind == Kind::progress);
  m_close->setVisible(kind != Kind::progress);
  // A text of several lines with several buttons beside it would be a narrow column in a small window.
  const bool below = actions.size() > 1 && text.contains(QLatin1Char('\n'));
  for (const Action& action : actions) {
    auto* button = new QPushButton(action.first, this);
    button->setAccessibleName(action.first);
    connect(button, &QPushButton::clicked, this, action.second);
    (below ? m_below : m_actions)->addWidget(button);
  }
  if (below) m_below->addStretch();
  m_belowRow->setVisible(below);
  applyTheme(m_theme);
  show();
}

void Banner::clearActions() {
  for (QHBoxLayout* layout : {m_actions, m_below}) {
    while (QLayoutItem* item = layout->takeAt(0)) {
      if (QWidget* button = item->widget()) {
        // A click on one of them may be what brings the next message.
        button->hide();
        button->deleteLater();
      }
      delete item;
    }
  }
}

void Banner::setProgress(double fraction) {
  if (fraction < 0) {
    m_progress->setRange(0, 0);
  } else {
    m_progress->setRange(0, 1000);
    m_progress->setValue(static_cast<int>(std::lround(fraction * 1000)));
  }
}

QString Banner::text() const {
  return m_text->text();
}

void Banner::applyTheme(const Theme& theme) {
  m_theme = theme;
  const int side = static_cast<int>(std::lround(18 * theme.scale));
  m_icon->setPixmap(icon(iconOf(m_kind)).pixmap(side, side));
  m_progress->setFixedHeight(static_cast<int>(8 * theme.scale));
  const int gap = static_cast<int>(std::lround(4 * theme.scale));
  layout()->setContentsMargins(3 * gap, gap, gap, gap);
  layout()->setSpacing(2 * gap);
  update();
}

void Banner::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const QColor colour = colourOf(m_kind, m_theme);
  painter.fillRect(rect(), mixed(m_theme.panel, colour, m_theme.dark ? 0.20 : 0.13));
  painter.fillRect(QRectF(0, 0, 4 * m_theme.scale, height()), colour);
}

}  // namespace decodescope
