// `decodescope train`, called as users call it.

#include "tests/app/cli/program.h"
#include "tests/support/paths.h"

#include <filesystem>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

using test::Outcome;
using test::runProgram;

TEST(TrainCommand, MakesAFolderThatDecodes) {
  const test::TemporaryDir dir;
  const std::string out = dir.file("models");
  const Outcome trained = runProgram({"train", "love", "--out", out, "--checkpoint-every", "100"});
  EXPECT_EQ(trained.status, 0) << trained.error;
  EXPECT_EQ(trained.out, "");
  EXPECT_NE(trained.error.find("love: step 600 of 600, loss "), std::string::npos) << trained.error;
  EXPECT_NE(trained.error.find(" tokens/s, 0:00 left"), std::string::npos) << trained.error;
  for (const char* const file :
       {"config.json", "model.safetensors", "tokenizer.json", "card.json", "card.md"}) {
    EXPECT_TRUE(std::filesystem::exists(out + "/love/" + file)) << file;
  }
  EXPECT_FALSE(std::filesystem::exists(out + "/love.checkpoint"));
  const Outcome decoded = runProgram({"decode", "--model", out + "/love", "--prompt", "", "--steps", "20"});
  EXPECT_EQ(decoded.status, 0) << decoded.error;
  EXPECT_EQ(decoded.out, "Love that can quickly seize the gentle heart\n");

  const Outcome again = runProgram({"train", "love", "--out", out, "--resume"});
  EXPECT_EQ(again.status, 0);
  EXPECT_EQ(again.error, "love: finished already\n");
}

TEST(TrainCommand, SaysWhatIsWrongInOneLine) {
  const test::TemporaryDir dir;
  struct Case {
    std::vector<std::string> arguments;
    int status;
    const char* part;
  };
  const Case cases[] = {
      {{"train"}, 2, "needs one preset"},
      {{"train", "gpt5", "--out", dir.file("x")}, 2, "found gpt5, allowed nextday, love"},
      {{"train", "love"}, 2, "--out"},
      {{"train", "love", "--out", dir.file("x"), "--steps", "0"}, 2, "--steps"},
      {{"train", "love", "--out", "/dev/null/x"}, 1, "/dev/null/x"},
  };
  for (const Case& c : cases) {
    const Outcome outcome = runProgram(c.arguments);
    EXPECT_EQ(outcome.status, c.status) << outcome.error;
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(outcome.error.starts_with("decodescope: ")) << outcome.error;
    EXPECT_NE(outcome.error.find(c.part), std::string::npos) << outcome.error;
    EXPECT_EQ(outcome.error.find('\n'), outcome.error.size() - 1);
  }
}

}  // namespace
}  // namespace decodescope
