// Options that are numbers are sliders in a view's tool bar, or fields.

#include "tests/support/random_run.h"
#include "views/view_widget.h"

#include <QApplication>
#include <QDoubleSpinBox>
#include <QKeyEvent>
#include <QSlider>

#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

void press(QWidget* widget, Qt::Key key) {
  for (const QEvent::Type type : {QEvent::KeyPress, QEvent::KeyRelease}) {
    QKeyEvent event(type, key, Qt::NoModifier);
    QApplication::sendEvent(widget, &event);
  }
}

class SliderTest : public testing::Test {
 protected:
  SliderTest() : m_widget(*findView(QStringLiteral("norms"))) {
    m_session = std::make_shared<SessionSnapshot>(sessionOf(randomRun(wordyModel({}), 8, 2)));
    Selection selection;
    selection.step = StepIndex{2};
    m_widget.resize(1100, 700);
    m_widget.present(m_session, selection);
  }
  QSlider* slider(const char* id) const {
    return m_widget.findChild<QSlider*>(QStringLiteral("option-%1").arg(QLatin1String(id)));
  }

  SessionSnapshotPtr m_session;
  ViewWidget m_widget;
};

TEST_F(SliderTest, TakesTheKeyboardAndHasAName) {
  for (const char* id : {"add", "multiply"}) {
    ASSERT_TRUE(slider(id)) << id;
    EXPECT_TRUE(slider(id)->focusPolicy() & Qt::TabFocus);
    EXPECT_FALSE(slider(id)->accessibleName().isEmpty());
    EXPECT_FALSE(slider(id)->accessibleDescription().isEmpty());
  }
}

TEST_F(SliderTest, KeysMoveItByAStepAndThePictureFollows) {
  const QImage before = m_widget.grab().toImage();
  int changes = 0;
  QObject::connect(&m_widget, &ViewWidget::optionsChanged, [&changes] { ++changes; });
  QSlider* add = slider("add");
  press(add, Qt::Key_Right);
  press(add, Qt::Key_Right);
  press(add, Qt::Key_Right);
  EXPECT_EQ(changes, 3);
  EXPECT_EQ(slider("add"), add) << "stays under the pointer while it moves";
  EXPECT_TRUE(m_widget.optionValues().contains(QStringLiteral("add=0.3")));
  EXPECT_NE(m_widget.grab().toImage(), before);
  EXPECT_TRUE(m_widget.command().contains(QLatin1String("add=0.3")));
  press(add, Qt::Key_End);
  EXPECT_TRUE(m_widget.optionValues().contains(QStringLiteral("add=10.0")));
  press(add, Qt::Key_Home);
  EXPECT_TRUE(m_widget.optionValues().contains(QStringLiteral("add=-10.0")));
}

TEST_F(SliderTest, ShowsRememberedValues) {
  m_widget.setOptionValues({QStringLiteral("multiply=2.5"), QStringLiteral("add=99")});
  QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
  EXPECT_EQ(slider("multiply")->value(), 24) << "steps of 0.1 from 0.1";
  EXPECT_EQ(slider("add")->value(), 100) << "out of range: left alone";
}

TEST(TypedOption, IsAFieldThatThePictureFollows) {
  ViewWidget widget(*findView(QStringLiteral("memory")));
  widget.resize(1100, 700);
  auto* batch = widget.findChild<QDoubleSpinBox*>(QStringLiteral("option-batch"));
  ASSERT_TRUE(batch);
  EXPECT_FALSE(batch->accessibleName().isEmpty());
  EXPECT_EQ(batch->decimals(), 0);
  const QImage before = widget.grab().toImage();
  batch->setValue(128);
  EXPECT_TRUE(widget.optionValues().contains(QStringLiteral("batch=128")));
  EXPECT_NE(widget.grab().toImage(), before);
  batch->setValue(1e9);
  EXPECT_TRUE(widget.optionValues().contains(QStringLiteral("batch=65536")));
}

}  // namespace
}  // namespace decodescope::test
