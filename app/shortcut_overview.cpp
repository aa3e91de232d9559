#include "app/shortcut_overview.h"

#include <QAction>
#include <QDialogButtonBox>
#include <QGridLayout>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QMenuBar>
#include <QScreen>
#include <QScrollArea>
#include <QVBoxLayout>

#include <algorithm>

namespace decodescope {
namespace {

constexpr int kColumns = 2;

QString withoutMnemonic(QString text) {
  return text.remove(QLatin1Char('&'));
}

}  // namespace

ShortcutOverview::ShortcutOverview(const QMenuBar* menus, QWidget* parent) : QDialog(parent) {
  setAttribute(Qt::WA_DeleteOnClose);
  setWindowTitle(tr("Keyboard shortcuts"));
  m_page = new QWidget(this);
  auto* columns = new QHBoxLayout(m_page);
  for (int i = 0; i < kColumns; ++i) {
    auto* grid = new QGridLayout;
    grid->setColumnStretch(0, 1);
    auto* holder = new QVBoxLayout;
    holder->addLayout(grid);
    holder->addStretch(1);
    columns->addLayout(holder, 1);
    m_columns << grid;
    m_used << 0;
  }
  for (const QAction* action : menus->actions()) {
    if (action->menu()) addMenu(action->menu());
  }
  addPlaces();
  auto* scroll = new QScrollArea(this);
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setAccessibleName(tr("Keyboard shortcuts"));
  scroll->setWidget(m_page);
  auto* note = new QLabel(tr("Tab goes from part to part; Enter presses the button that has the focus. Space "
                             "steps everywhere but "
                             "in text fields."),
                          this);
  note->setWordWrap(true);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  auto* column = new QVBoxLayout(this);
  column->addWidget(scroll, 1);
  column->addWidget(note);
  column->addWidget(buttons);
}

/// The menu's own entries as one group, each menu within it as another.
void ShortcutOverview::addMenu(const QMenu* menu) {
  QList<std::pair<QString, QString>> rows;
  for (const QAction* action : menu->actions()) {
    QStringList keys;
    for (const QKeySequence& key : action->shortcuts()) keys << key.toString(QKeySequence::NativeText);
    if (!keys.isEmpty()) rows << std::pair(withoutMnemonic(action->text()), keys.join(tr(" or ")));
  }
  if (!rows.isEmpty()) addGroup(withoutMnemonic(menu->title()), rows);
  for (const QAction* action : menu->actions()) {
    if (action->menu()) addMenu(action->menu());
  }
}

void ShortcutOverview::addPlaces() {
  addGroup(tr("In the architecture map"), {{tr("Select the operation before or after"), tr("Arrows")},
                                           {tr("Move the mark alone"), tr("Ctrl+Arrows")},
                                           {tr("Run to the mark"), tr("Enter")},
                                           {tr("Go back to the mark"), tr("Shift+Enter")}});
  addGroup(tr("In a view"), {{tr("Move the selection"), tr("Arrows")},
                             {tr("Hold the selection, or let it go"), tr("Enter")},
                             {tr("Zoom in, out, show everything"), tr("+  −  0")},
                             {tr("Copy, export and what else it offers"), tr("Menu key")}});
  addGroup(tr("In the tokens"), {{tr("Select a token"), tr("Left, Right, Home, End")},
                                 {tr("Show the step that made it"), tr("Enter")}});
  addGroup(tr("In the inspector"), {{tr("Number before or after in the row"), tr("Left, Right")},
                                    {tr("Follow a link"), tr("Tab, Enter")},
                                    {tr("Back to where a link came from"), tr("Alt+Left")}});
}

void ShortcutOverview::addGroup(const QString& title, const QList<std::pair<QString, QString>>& rows) {
  const auto shortest = std::min_element(m_used.begin(), m_used.end()) - m_used.begin();
  QGridLayout* grid = m_columns[shortest];
  int& row = m_used[shortest];
  auto* heading = new QLabel(title, this);
  QFont bold = heading->font();
  bold.setWeight(QFont::DemiBold);
  heading->setFont(bold);
  heading->setForegroundRole(QPalette::Link);
  grid->addWidget(heading, row++, 0, 1, 2);
  for (const auto& [text, keys] : rows) {
    auto* what = new QLabel(text, this);
    auto* how = new QLabel(keys, this);
    how->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    how->setForegroundRole(QPalette::PlaceholderText);
    grid->addWidget(what, row, 0);
    grid->addWidget(how, row++, 1);
  }
  grid->setRowMinimumHeight(row++, 10);
}

void ShortcutOverview::applyTheme(const Theme& theme) {
  for (QGridLayout* grid : m_columns) {
    grid->setHorizontalSpacing(static_cast<int>(theme.px(18)));
    grid->setVerticalSpacing(static_cast<int>(theme.px(3)));
  }
  const QSize room = screen()->availableSize() * 0.9;
  m_page->layout()->setSpacing(static_cast<int>(theme.px(32)));
  const QSize page = m_page->sizeHint();
  resize(QSize(page.width() + static_cast<int>(theme.px(48)), page.height() + static_cast<int>(theme.px(110)))
             .boundedTo(room));
}

}  // namespace decodescope
