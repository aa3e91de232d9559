#include "core/decode/settings_change.h"

#include <gtest/gtest.h>

namespace decodescope {
namespace {

RunSettings someSettings() {
  RunSettings s;
  s.kvCache = false;
  s.sampling = {.temperature = 0.7, .topK = 40, .topP = 0.9, .seed = 12};
  s.rules.struckHeads = {{LayerIndex{1}, HeadIndex{3}, Position{7}},
                         {LayerIndex{0}, HeadIndex{0}, Position{0}}};
  s.rules.struckRows = {{LayerIndex{2}, KvHeadIndex{1}, Position{4}, Position{9}}};
  return s;
}

TEST(SettingsChange, AppliedToTheOneGivesTheOther) {
  const RunSettings plain, other = someSettings();
  for (const auto& [from, to] : {std::pair{plain, other}, {other, plain}, {other, other}}) {
    RunSettings now = from;
    patchBetween(from, to).applyTo(now);
    EXPECT_EQ(now, to);
  }
  EXPECT_TRUE(patchBetween(other, other).isEmpty());
}

TEST(SettingsChange, WordsReadBackExactly) {
  for (const SettingsPatch& patch :
       {patchBetween({}, someSettings()), patchBetween(someSettings(), {}), SettingsPatch{.topP = 1.0 / 3}}) {
    const SettingsChange change{StepIndex{5}, patch};
    const auto read = parseChange(changeText(change));
    ASSERT_TRUE(read.ok()) << changeText(change) << ": " << read.error().message();
    EXPECT_EQ(read.value(), change) << changeText(change);
  }
  EXPECT_EQ(changeText({StepIndex{4}, patchBetween({}, someSettings())}),
            "4:kv_cache=off,temperature=0.7,top_k=40,top_p=0.9,seed=12,strike=L1H3@7+L0H0+L2G1P4@9");
}

TEST(SettingsChange, RefusesWhatIsNone) {
  for (const char* text : {"",
                           "4",
                           "4:",
                           "0:kv_cache=off",
                           "x:kv_cache=off",
                           "4:kv_cache",
                           "4:kv_cache=perhaps",
                           "4:temperature=-1",
                           "4:temperature=inf",
                           "4:temperature=nan",
                           "4:top_k=-1",
                           "4:top_k=1.5",
                           "4:top_p=0",
                           "4:top_p=1.1",
                           "4:seed=-1",
                           "4:nothing=1",
                           "4:strike=",
                           "4:strike=L1",
                           "4:strike=L1H",
                           "4:strike=L1H2x",
                           "4:strike=H1L2",
                           "4:strike=L-1H2",
                           "4:strike=L1G2",
                           "4:strike=L1H2+",
                           "4:strike=L1H2@"})
    EXPECT_FALSE(parseChange(text).ok()) << text;
}

TEST(SettingsChange, NothingStruckOutIsAWordToo) {
  EXPECT_EQ(strikesText({}), "none");
  const auto none = parseStrikes("none");
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none.value().changesNothing());
}

}  // namespace
}  // namespace decodescope
