#include "views/option_bar.h"

#include <QAction>
#include <QMenu>
#include <QToolButton>

#include <gtest/gtest.h>

namespace decodescope {
namespace {

ViewOption choiceOf(const char* id, const char* title) {
  return {QLatin1String(id),
          QLatin1String(title),
          QStringLiteral("tip"),
          {{QStringLiteral("a"), QStringLiteral("Cache contents")},
           {QStringLiteral("b"), QStringLiteral("Work")}},
          QStringLiteral("a")};
}

QToolButton& firstButton(const OptionBar& bar) {
  return *qobject_cast<QToolButton*>(bar.widgetForAction(bar.actions().first()));
}

TEST(OptionBar, ShortensTheFirstTextWhereItIsNarrow) {
  OptionBar bar(QStringLiteral("view"));
  bar.setOptions({choiceOf("show", "Show"), choiceOf("values", "Values")});
  bar.resize(600, 30);
  bar.show();
  EXPECT_EQ(firstButton(bar).text(), QStringLiteral("Show: Cache contents"));
  const QSize hint = bar.sizeHint();
  bar.resize(140, 30);
  EXPECT_EQ(firstButton(bar).text(), QStringLiteral("Cache contents"));
  EXPECT_EQ(firstButton(bar).accessibleName(), QStringLiteral("Show: Cache contents"));
  EXPECT_EQ(bar.sizeHint(), hint) << "else its dock would place it as if there were room";
  bar.resize(70, 30);
  EXPECT_TRUE(firstButton(bar).text().endsWith(QChar(0x2026))) << firstButton(bar).text().toStdString();
  bar.resize(600, 30);
  EXPECT_EQ(firstButton(bar).text(), QStringLiteral("Show: Cache contents"));
}

TEST(OptionBar, TellsWhatWasChosen) {
  OptionBar bar(QStringLiteral("view"));
  bar.setOptions({choiceOf("show", "Show")});
  QString told;
  QObject::connect(&bar, &OptionBar::chosenFromMenu,
                   [&](const QString& id, const QString& value) { told = id + QLatin1Char('=') + value; });
  bar.actions().first()->menu()->actions().last()->trigger();
  EXPECT_EQ(told, QStringLiteral("show=b"));
  bar.setOptions({});
  EXPECT_TRUE(bar.actions().isEmpty());
  EXPECT_GE(bar.sizeHint().width(), 0);
}

}  // namespace
}  // namespace decodescope
