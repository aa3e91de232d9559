#include "core/formats/json.h"
#include "core/formats/tokenizer_json.h"
#include "tests/support/paths.h"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

std::vector<std::string> goldenTokenizers() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(test::testPath("golden/tokenizers"))) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class GoldenTokenizer : public testing::TestWithParam<std::string> {};

/// What Hugging Face's own library made of many texts (tests/golden/make_tokenizer_goldens.js).
TEST_P(GoldenTokenizer, EveryTextAgrees) {
  const std::string folder = test::testPath("golden/tokenizers/" + GetParam());
  const auto tokenizer = readTokenizerJson(folder + "/tokenizer.json");
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message();
  const auto cases = JsonDocument::read(folder + "/cases.json", 1 << 20);
  ASSERT_TRUE(cases.ok()) << cases.error().message();
  int count = 0;
  const JsonChildren items = cases.value().root().asArray().value();
  for (const JsonValue item : items) {
    const std::string text(item.at("text").value().asString().value());
    std::vector<TokenId> expected;
    const JsonChildren ids = item.at("ids").value().asArray().value();
    for (const JsonValue id : ids)
      expected.push_back(TokenId{static_cast<int>(id.asInteger(0, 1 << 20).value())});
    const auto encoded = tokenizer.value()->encode(text);
    ASSERT_TRUE(encoded.ok()) << text << ": " << encoded.error().message();
    EXPECT_EQ(encoded.value(), expected) << text;
    EXPECT_EQ(tokenizer.value()->decode(expected), item.at("decoded").value().asString().value()) << text;
    ++count;
  }
  EXPECT_GT(count, 150);
}

std::string testName(const testing::TestParamInfo<std::string>& tested) {
  std::string name = tested.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(All, GoldenTokenizer, testing::ValuesIn(goldenTokenizers()), testName);

}  // namespace
}  // namespace decodescope
