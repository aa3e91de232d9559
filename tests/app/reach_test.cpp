// Everything in the window can be reached by keyboard, says what it is and what it does.

#include "app/architecture_map.h"
#include "app/dock.h"
#include "app/main_window.h"
#include "app/view_docks.h"
#include "tests/app/window_fixture.h"
#include "views/view_widget.h"

#include <QAbstractButton>
#include <QAbstractSlider>
#include <QAbstractSpinBox>
#include <QApplication>
#include <QComboBox>
#include <QDialog>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QScrollBar>
#include <QTabBar>
#include <QTest>
#include <QToolButton>
#include <QWidgetAction>

#include <set>

namespace decodescope::test {
namespace {

/// Parts that Qt builds into its own widgets: they are reached through what they belong to.
bool isPartOfAnother(const QWidget* widget) {
  for (const QWidget* parent = widget->parentWidget(); parent; parent = parent->parentWidget()) {
    if (qobject_cast<const QComboBox*>(parent) || qobject_cast<const QAbstractSpinBox*>(parent) ||
        qobject_cast<const QTabBar*>(parent))
      return true;
  }
  return widget->objectName().startsWith(QLatin1String("qt_")) || qobject_cast<const QScrollBar*>(widget);
}

bool isControl(const QWidget* widget) {
  if (qobject_cast<const QLabel*>(widget)) return false;  // text that can be marked
  return qobject_cast<const QAbstractButton*>(widget) || qobject_cast<const QAbstractSlider*>(widget) ||
         qobject_cast<const QAbstractSpinBox*>(widget) || qobject_cast<const QComboBox*>(widget) ||
         qobject_cast<const QLineEdit*>(widget) || widget->focusPolicy() != Qt::NoFocus;
}

std::string nameOf(const QWidget* widget) {
  return std::string(widget->metaObject()->className()) + " \"" + widget->accessibleName().toStdString() +
         "\" " + widget->objectName().toStdString();
}

/// A canvas tells what lies under the pointer, text shows itself; everything else has a tool tip.
bool tellsByItself(const QWidget* widget) {
  return widget->objectName().startsWith(QLatin1String("canvas-")) || widget->inherits("QTextEdit") ||
         qobject_cast<const QTabBar*>(widget) || qobject_cast<const ViewWidget*>(widget) ||
         widget->inherits("decodescope::TokenStrip") || widget->inherits("decodescope::ArchitectureDiagram");
}

class ReachTest : public WindowTest {
 protected:
  void bringToFront(const ViewInfo& info) {
    for (Dock* dock : m_window->findChildren<Dock*>(QLatin1String("view.") + QLatin1String(info.id)))
      m_window->findChild<ViewDocks*>()->goTo(dock);
    for (int i = 0; i < 3; ++i) QApplication::processEvents();
  }
};

TEST_F(ReachTest, EveryControlHasANameAToolTipAndAWayForTheKeyboard) {
  openWindowAndWait();
  std::set<QWidget*> checked;
  for (const ViewInfo& info : viewRegistry()) {
    bringToFront(info);
    for (QWidget* widget : m_window->findChildren<QWidget*>()) {
      if (!isControl(widget) || isPartOfAnother(widget) || !widget->isVisible()) continue;
      if (!checked.insert(widget).second) continue;
      const auto* button = qobject_cast<QAbstractButton*>(widget);
      EXPECT_TRUE(!widget->accessibleName().isEmpty() || (button && !button->text().isEmpty()))
          << nameOf(widget) << " has no name";
      EXPECT_TRUE(!widget->toolTip().isEmpty() || tellsByItself(widget))
          << nameOf(widget) << " has no tool tip";
      EXPECT_TRUE(widget->focusPolicy() & Qt::TabFocus)
          << nameOf(widget) << " is out of the keyboard's reach";
    }
  }
  EXPECT_GT(checked.size(), 40u);
}

TEST_F(ReachTest, TabGoesThroughEverythingThatIsShownAndComesRound) {
  openWindowAndWait();
  std::set<const QWidget*> reached;
  QWidget* start = QApplication::focusWidget();
  for (int i = 0; i < 600; ++i) {
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
    reached.insert(QApplication::focusWidget());
  }
  EXPECT_TRUE(reached.count(start));
  for (const QWidget* widget : m_window->findChildren<QWidget*>()) {
    if (!isControl(widget) || isPartOfAnother(widget) || widget->visibleRegion().isEmpty()) continue;
    if (!widget->isEnabled() || !(widget->focusPolicy() & Qt::TabFocus)) continue;
    const QWidget* proxy = widget->focusProxy() ? widget->focusProxy() : widget;
    EXPECT_TRUE(reached.count(proxy)) << nameOf(widget);
  }
}

TEST_F(ReachTest, CanvasesSayInWordsWhatTheyShow) {
  openWindowAndWait();
  for (const ViewInfo& info : viewRegistry()) {
    bringToFront(info);
    const auto* canvas = m_window->findChild<QWidget*>(QLatin1String("canvas-") + QLatin1String(info.id));
    EXPECT_GT(canvas->accessibleDescription().size(), 20) << info.id;
  }
  EXPECT_FALSE(m_window->findChild<ArchitectureDiagram*>()->accessibleDescription().isEmpty());
}

/// Of all menus, those of the views' tool bars too.
TEST_F(ReachTest, EveryMenuEntryHasATextAndNoTwoTheSameKey) {
  openWindowAndWait();
  std::set<QString> keys;
  int entries = 0;
  for (const QMenu* menu : m_window->findChildren<QMenu*>()) {
    for (const QAction* action : menu->actions()) {
      // A widget in a menu has a name of its own.
      if (action->isSeparator() || qobject_cast<const QWidgetAction*>(action)) continue;
      ++entries;
      EXPECT_FALSE(action->text().isEmpty()) << menu->title().toStdString();
    }
  }
  EXPECT_GT(entries, 40);
  std::set<const QAction*> seen;
  for (const QAction* action : m_window->findChildren<QAction*>()) {
    if (!seen.insert(action).second) continue;
    for (const QKeySequence& key : action->shortcuts())
      EXPECT_TRUE(keys.insert(key.toString()).second)
          << key.toString().toStdString() << " " << action->text().toStdString();
  }
}

TEST_F(ReachTest, TheOverviewOfKeysNamesEveryShortcut) {
  openWindowAndWait();
  press(Qt::Key_F1);
  auto* dialog = m_window->findChild<QDialog*>();
  ASSERT_NE(dialog, nullptr);
  QString text;
  for (const QWidget* label : dialog->findChildren<QWidget*>())
    text += label->property("text").toString() + QLatin1Char('\n');
  for (const QAction* action : m_window->findChildren<QAction*>()) {
    for (const QKeySequence& key : action->shortcuts())
      EXPECT_TRUE(text.contains(key.toString(QKeySequence::NativeText)))
          << key.toString().toStdString() << " " << action->text().toStdString();
  }
  dialog->close();
}

}  // namespace
}  // namespace decodescope::test
