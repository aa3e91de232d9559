#include "views/view_widget.h"

#include "tests/support/random_run.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QKeyEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QToolBar>
#include <QToolButton>

#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

class ViewWidgetTest : public testing::Test {
 protected:
  ViewWidgetTest() : m_widget(*findView(QStringLiteral("attention"))) {
    m_session = std::make_shared<SessionSnapshot>(
        sessionOf(randomRun(wordyModel({.layers = 2, .heads = 4, .kvHeads = 2}), 8, 2)));
    m_selection.step = StepIndex{2};
    m_selection.query = Position{3};
    m_selection.key = Position{2};
    QObject::connect(&m_widget, &ViewWidget::selectionProposed,
                     [this](const Selection& s) { m_proposed.push_back(s); });
    m_widget.resize(900, 640);
    present();
  }

  void present() {
    m_proposed.clear();
    m_widget.present(m_session, m_selection);
    m_widget.grab();
  }

  QWidget* canvas() const { return m_widget.findChild<QWidget*>(QStringLiteral("canvas-attention")); }

  /// Points of the picture by what lies there.
  QPointF pointOf(int query, int key) {
    for (int y = 0; y < canvas()->height(); y += 2) {
      for (int x = 0; x < canvas()->width(); x += 2) {
        const std::optional<Hit> hit = m_widget.view().hitTest(QPointF(x, y));
        if (hit && hit->locks && hit->clicked && hit->hovered.query.value == query &&
            hit->hovered.key.value == key)
          return QPointF(x + 2, y + 2);
      }
    }
    ADD_FAILURE() << "no such cell";
    return {};
  }

  void mouse(QEvent::Type type, QPointF at, Qt::MouseButton button = Qt::LeftButton) {
    const Qt::MouseButtons held =
        type == QEvent::MouseButtonRelease || type == QEvent::MouseMove ? Qt::NoButton : button;
    QMouseEvent event(type, at, canvas()->mapToGlobal(at), type == QEvent::MouseMove ? Qt::NoButton : button,
                      held, Qt::NoModifier);
    QApplication::sendEvent(canvas(), &event);
  }

  void click(QPointF at) {
    mouse(QEvent::MouseButtonPress, at);
    mouse(QEvent::MouseButtonRelease, at);
  }

  bool key(int code) {
    QKeyEvent event(QEvent::KeyPress, code, Qt::NoModifier);
    QApplication::sendEvent(canvas(), &event);
    return event.isAccepted();
  }

  ViewWidget m_widget;
  SessionSnapshotPtr m_session;
  Selection m_selection;
  std::vector<Selection> m_proposed;
};

TEST_F(ViewWidgetTest, PointingPreviews) {
  mouse(QEvent::MouseMove, pointOf(6, 4));
  ASSERT_EQ(m_proposed.size(), 1u);
  EXPECT_EQ(m_proposed[0].query, Position{6});
  EXPECT_EQ(m_proposed[0].key, Position{4});
  EXPECT_FALSE(m_proposed[0].locked);
}

TEST_F(ViewWidgetTest, AClickLocksAndTheSameClickUnlocks) {
  const QPointF at = pointOf(6, 4);
  click(at);
  ASSERT_EQ(m_proposed.size(), 1u);
  EXPECT_TRUE(m_proposed[0].locked);
  m_selection = m_proposed[0];
  present();
  mouse(QEvent::MouseMove, pointOf(2, 1));
  EXPECT_TRUE(m_proposed.empty()) << "a locked selection is not previewed away";
  click(at);
  ASSERT_EQ(m_proposed.size(), 1u);
  EXPECT_FALSE(m_proposed[0].locked);
}

TEST_F(ViewWidgetTest, EscapeUnlocksAndElseGoesOn) {
  EXPECT_FALSE(key(Qt::Key_Escape)) << "nothing to unlock: others may want the key";
  m_selection.locked = true;
  present();
  EXPECT_TRUE(key(Qt::Key_Escape));
  ASSERT_EQ(m_proposed.size(), 1u);
  EXPECT_FALSE(m_proposed[0].locked);
}

TEST_F(ViewWidgetTest, ArrowsMoveInsideTheRun) {
  key(Qt::Key_Down);
  key(Qt::Key_Left);
  ASSERT_EQ(m_proposed.size(), 2u);
  EXPECT_EQ(m_proposed[0].query, Position{4});
  EXPECT_EQ(m_proposed[1].key, Position{1});
  m_selection.query = Position{8};
  present();
  key(Qt::Key_Down);
  EXPECT_TRUE(m_proposed.empty()) << "the last token";
}

TEST_F(ViewWidgetTest, SpaceIsLeftToTheTransport) {
  EXPECT_FALSE(key(Qt::Key_Space));
}

TEST_F(ViewWidgetTest, ADragIsNoClick) {
  const QPointF at = pointOf(6, 4);
  mouse(QEvent::MouseButtonPress, at);
  QMouseEvent move(QEvent::MouseMove, at + QPointF(60, 60), canvas()->mapToGlobal(at + QPointF(60, 60)),
                   Qt::NoButton, Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(canvas(), &move);
  mouse(QEvent::MouseButtonRelease, at + QPointF(60, 60));
  EXPECT_TRUE(m_proposed.empty());
}

TEST_F(ViewWidgetTest, ControlsHaveNamesAndTakeTheKeyboard) {
  int buttons = 0;
  for (const QToolButton* button : m_widget.findChildren<QToolButton*>()) {
    if (button->objectName() == QLatin1String("qt_toolbar_ext_button")) continue;
    ++buttons;
    EXPECT_FALSE(button->accessibleName().isEmpty());
    EXPECT_FALSE(button->accessibleDescription().isEmpty());
    EXPECT_TRUE(button->focusPolicy() & Qt::TabFocus);
  }
  EXPECT_EQ(buttons, 7);
  EXPECT_FALSE(canvas()->accessibleName().isEmpty());
  EXPECT_TRUE(canvas()->accessibleDescription().contains(QStringLiteral("9 by 9 tokens")));
}

TEST_F(ViewWidgetTest, OptionsAreChosenFromTheToolBarAndRemembered) {
  int changes = 0;
  QObject::connect(&m_widget, &ViewWidget::optionsChanged, [&] { ++changes; });
  for (QAction* action : m_widget.findChild<QToolBar*>()->actions()) {
    if (!action->menu() || !action->text().startsWith(QStringLiteral("Show"))) continue;
    action->menu()->actions().last()->trigger();
    break;
  }
  EXPECT_EQ(changes, 1);
  QApplication::processEvents();
  const QStringList values = m_widget.optionValues();
  EXPECT_TRUE(values.contains(QStringLiteral("stage=raw")));
  ViewWidget other(m_widget.info());
  other.setOptionValues(values + QStringList{QStringLiteral("nonsense"), QStringLiteral("stage=unknown")});
  EXPECT_EQ(other.optionValues(), values);
}

TEST_F(ViewWidgetTest, CopiesPictureDataAndCommand) {
  m_widget.copyData();
  EXPECT_TRUE(QApplication::clipboard()->text().contains(QStringLiteral("layers.0.self_attn.weights.head0")));
  m_widget.copyCommand();
  EXPECT_TRUE(QApplication::clipboard()->text().startsWith(
      QStringLiteral("decodescope render --model random-weights")));
  m_widget.copyPicture();
  EXPECT_EQ(QApplication::clipboard()->image().size(), canvas()->size() * 2);
}

TEST_F(ViewWidgetTest, IsReadyBeforeAnythingIsPresented) {
  for (const ViewInfo& info : viewRegistry()) {
    ViewWidget widget(info);
    widget.resize(300, 200);
    EXPECT_FALSE(widget.grab().isNull());
    EXPECT_FALSE(widget.command().isEmpty());
  }
}

}  // namespace
}  // namespace decodescope::test
