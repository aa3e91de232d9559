#include "app/settings.h"

#include "tests/support/paths.h"

#include <QByteArray>

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

class SettingsTest : public testing::Test {
 protected:
  SettingsTest() { qputenv("DECODESCOPE_SETTINGS_DIR", QByteArray::fromStdString(m_folder.path().string())); }
  ~SettingsTest() override { qunsetenv("DECODESCOPE_SETTINGS_DIR"); }
  test::TemporaryDir m_folder;
};

TEST_F(SettingsTest, EverythingComesBack) {
  RunSettings run;
  run.kvCache = false;
  run.ignoreEos = true;
  run.sampling = {.temperature = 0.8, .topK = 40, .topP = 0.9, .seed = 7};
  {
    Settings settings;
    EXPECT_TRUE(settings.isFirstLaunch());
    settings.setModelPath("/m");
    settings.setPrompt("a, b\n“c”");
    settings.setRunSettings(run);
    settings.setScale(1.75);
    settings.setTheme(Settings::ThemeChoice::dark);
    settings.setSpeed(10);
    settings.setBytes("window/docks", QByteArray("\0\1\2", 3));
    settings.setViewOptions({"attention/stage=raw"});
  }
  const Settings settings;
  EXPECT_FALSE(settings.isFirstLaunch());
  EXPECT_EQ(settings.modelPath(), "/m");
  EXPECT_EQ(settings.prompt(), QString::fromUtf8("a, b\n“c”"));
  EXPECT_EQ(settings.runSettings(), run);
  EXPECT_DOUBLE_EQ(settings.scale(), 1.75);
  EXPECT_EQ(settings.theme(), Settings::ThemeChoice::dark);
  EXPECT_DOUBLE_EQ(settings.speed(), 10);
  EXPECT_EQ(settings.bytes("window/docks"), QByteArray("\0\1\2", 3));
  EXPECT_EQ(settings.viewOptions(), QStringList{"attention/stage=raw"});
}

TEST_F(SettingsTest, RecentModelsAreDistinctAndFew) {
  Settings settings;
  for (int i = 0; i < 12; ++i) settings.addRecentModel(QString::number(i));
  settings.addRecentModel("8");
  const QStringList recent = settings.recentModels();
  EXPECT_EQ(recent.size(), 8);
  EXPECT_EQ(recent.front(), "8");
  EXPECT_EQ(recent.count("8"), 1);
}

TEST_F(SettingsTest, AChosenTokenizerThatIsGoneIsNotOffered) {
  const QString chosen = QString::fromStdString(m_folder.write("tok.bin", "a"));
  Settings settings;
  settings.setTokenizer("/m", chosen);
  EXPECT_EQ(settings.tokenizer("/m"), chosen);
  std::filesystem::remove(m_folder.file("tok.bin"));
  EXPECT_EQ(settings.tokenizer("/m"), QString());
}

TEST_F(SettingsTest, NonsenseInTheFileIsBroughtIntoRange) {
  std::ofstream(m_folder.file("decodescope.ini"))
      << "[run]\ntemperature=-3\ntopK=-5\ntopP=nan\nseed=abc\n[window]\nscale=1e9\ntheme=purple\n";
  const Settings settings;
  EXPECT_EQ(settings.runSettings().sampling, SamplingSettings{});
  EXPECT_DOUBLE_EQ(settings.scale(), 2.5);
  EXPECT_EQ(settings.theme(), Settings::ThemeChoice::system);
}

}  // namespace
}  // namespace decodescope
