#include "app/cli/arguments.h"

#include <gtest/gtest.h>

namespace decodescope {
namespace {

constexpr OptionInfo kOptions[] = {
    {"--steps", "N", "how many"},
    {"--lane", "key=value", "one more lane"},
    {"--json", "", "as JSON"},
};

Result<Arguments> parse(std::vector<std::string> words) {
  return Arguments::parse(words, kOptions);
}

std::string refusal(std::vector<std::string> words) {
  const auto parsed = parse(std::move(words));
  return parsed.ok() ? "" : parsed.error().message();
}

TEST(Arguments, OptionsAndWordsAreToldApart) {
  const auto parsed =
      parse({"first", "--steps", "3", "--json", "-", "--lane=model=x", "--lane", "", "--", "--steps"});
  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  EXPECT_EQ(parsed.value().words(), (std::vector<std::string>{"first", "-", "--steps"}));
  EXPECT_EQ(parsed.value().value("--steps"), "3");
  EXPECT_TRUE(parsed.value().has("--json"));
  EXPECT_EQ(parsed.value().values("--lane"), (std::vector<std::string>{"model=x", ""}));
}

TEST(Arguments, TheLastOfSeveralWins) {
  const auto parsed = parse({"--steps", "3", "--steps", "4"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.value().value("--steps"), "4");
  EXPECT_EQ(parsed.value().value("--lane"), std::nullopt);
}

TEST(Arguments, AValueMayLookLikeAnOption) {
  const auto parsed = parse({"--lane", "--json"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.value().value("--lane"), "--json");
  EXPECT_FALSE(parsed.value().has("--json"));
}

TEST(Arguments, WhatIsWrongIsNamed) {
  EXPECT_EQ(refusal({"--step", "3"}), "--step: there is no such option");
  EXPECT_EQ(refusal({"-n", "3"}), "-n: there is no such option");
  EXPECT_EQ(refusal({"--steps"}), "--steps: needs a value: allowed N");
  EXPECT_EQ(refusal({"--json=yes"}), "--json: takes no value");
}

TEST(Arguments, WholeNumbers) {
  EXPECT_EQ(parseWhole("--n", "12", 0, 20).value(), 12);
  EXPECT_EQ(parseWhole("--n", "-3", -5, 20).value(), -3);
  for (const char* text : {"", " 1", "1 ", "1.0", "0x1", "one", "+1", "1e3"})
    EXPECT_FALSE(parseWhole("--n", text, 0, 20).ok()) << text;
  EXPECT_EQ(parseWhole("--n", "21", 0, 20).error().message(),
            "--n: is out of range: found 21, allowed 0 … 20");
  EXPECT_EQ(parseWhole("--n", "99999999999999999999", 0, 20).error().what, "is out of range");
}

TEST(Arguments, RealNumbers) {
  EXPECT_EQ(parseReal("--x", "0.25", 0, 1).value(), 0.25);
  EXPECT_EQ(parseReal("--x", "1e-3", 0, 1).value(), 1e-3);
  for (const char* text : {"", "nan", "inf", "1,5", "-0.1", "1.1", "1e999", "0.5x"})
    EXPECT_FALSE(parseReal("--x", text, 0, 1).ok()) << text;
}

TEST(Arguments, OnOrOff) {
  EXPECT_TRUE(parseOnOff("--c", "on").value());
  EXPECT_FALSE(parseOnOff("--c", "off").value());
  EXPECT_EQ(parseOnOff("--c", "yes").error().message(),
            "--c: is neither on nor off: found yes, allowed on, off");
}

TEST(Arguments, Lists) {
  EXPECT_EQ(parseList("--t", "1,5,9").value(), (std::vector<int>{1, 5, 9}));
  EXPECT_EQ(parseList("--t", "0").value(), std::vector<int>{0});
  EXPECT_TRUE(parseList("--t", "").value().empty());
  for (const char* text : {",", "1,", ",1", "1,,2", "1, 2", "-1", "2147483648", "a"})
    EXPECT_FALSE(parseList("--t", text).ok()) << text;
}

TEST(Arguments, HelpIsAligned) {
  EXPECT_EQ(optionsHelp(kOptions),
            "  --steps N         how many\n"
            "  --lane key=value  one more lane\n"
            "  --json            as JSON\n");
}

}  // namespace
}  // namespace decodescope
