#include "views/export_dialog.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QDoubleSpinBox>
#include <QPushButton>
#include <QRadioButton>

#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

TEST(ExportDialog, GivesBackWhatWasChosen) {
  for (const auto kind : {ExportDialog::Kind::oneView, ExportDialog::Kind::allViews}) {
    ExportDialog dialog(kind, QStringLiteral("Export"), QSize(800, 500), 1);
    EXPECT_EQ(dialog.choice(), ExportChoice()) << "light, as on the screen, a picture";
    ExportChoice choice;
    choice.formats = {ExportFormat::pdf};
    if (kind == ExportDialog::Kind::allViews) choice.formats.push_back(ExportFormat::npy);
    choice.inMillimetres = true;
    choice.widthMm = 85;
    choice.fontPt = 7.5;
    choice.dpi = 600;
    choice.dark = true;
    dialog.setChoice(choice);
    EXPECT_EQ(dialog.choice(), choice);
    EXPECT_EQ(choice.figure(QSize(800, 500), 1).dots.width(), 2008);
  }
  EXPECT_EQ(ExportChoice().figure(QSize(800, 500), 1.5).dots, QSize(800, 500));
  EXPECT_EQ(ExportChoice().figure(QSize(800, 500), 1.5).scale, 1.5);
}

TEST(ExportDialog, OffersToSaveOnlyWhatCanBe) {
  ExportDialog dialog(ExportDialog::Kind::allViews, QStringLiteral("Export"), QSize(800, 500), 1);
  auto* buttons = dialog.findChild<QDialogButtonBox*>();
  QPushButton* accept = nullptr;
  for (QAbstractButton* button : buttons->buttons()) {
    if (buttons->buttonRole(button) == QDialogButtonBox::AcceptRole)
      accept = qobject_cast<QPushButton*>(button);
  }
  ASSERT_NE(accept, nullptr);
  EXPECT_TRUE(accept->isEnabled());
  ExportChoice none;
  none.formats = {};
  dialog.setChoice(none);
  EXPECT_FALSE(accept->isEnabled()) << "no format";
  ExportChoice huge;
  huge.inMillimetres = true;
  huge.widthMm = 2000;
  huge.dpi = 2400;
  dialog.setChoice(huge);
  EXPECT_FALSE(accept->isEnabled()) << "too large a picture";
  dialog.setChoice({});
  EXPECT_TRUE(accept->isEnabled());
}

TEST(ExportDialog, EveryControlSaysWhatItIs) {
  for (const auto kind : {ExportDialog::Kind::oneView, ExportDialog::Kind::allViews}) {
    ExportDialog dialog(kind, QStringLiteral("Export"), QSize(800, 500), 1);
    for (QWidget* widget : dialog.findChildren<QWidget*>()) {
      if (!qobject_cast<QAbstractButton*>(widget) && !qobject_cast<QComboBox*>(widget) &&
          !qobject_cast<QDoubleSpinBox*>(widget))
        continue;
      auto* button = qobject_cast<QAbstractButton*>(widget);
      const bool named = !widget->accessibleName().isEmpty() || (button && !button->text().isEmpty());
      EXPECT_TRUE(named) << widget->metaObject()->className();
      EXPECT_NE(widget->focusPolicy(), Qt::NoFocus);
    }
  }
}

}  // namespace
}  // namespace decodescope::test
