// `decodescope compare`, called as users call it.

#include "tests/app/cli/program.h"
#include "tests/support/paths.h"

#include <filesystem>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

using test::Outcome;
using test::runProgram;

TEST(CompareCommand, MeasuresTheMatchedModelsFromTheirFiles) {
  const Outcome outcome = runProgram({"compare", "--tales", "1"});
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  for (const char* part : {"tales-mha", "tales-gqa", "tales-mqa", "tales-mla", "755456", "one seed",
                           "1 tales of seed 1009", "order by loss, as found:"})
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part << "\n" << outcome.out;
}

TEST(CompareCommand, TakesTheSeedsOfTheCardsWhereTheTextIsTheSame) {
  const Outcome outcome = runProgram({"compare", "tales-mha", "tales-mqa"});
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_NE(outcome.out.find("3 seeds"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("one seed"), std::string::npos) << outcome.out;
  // Their means are 0.002 apart, the seeds of tales-mqa 0.04.
  EXPECT_NE(outcome.out.find("tales-mqa and tales-mha differ by less"), std::string::npos) << outcome.out;
}

TEST(CompareCommand, TellsWhatDerivingDoes) {
  const Outcome outcome =
      runProgram({"compare", "tales-mha", "--kv-heads", "2", "--window", "8", "--tales", "1"});
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_NE(outcome.out.find("tales-mha, 8 key/value heads averaged to 2\n  loss "), std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("trained so from the start: tales-gqa, "), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("tales-mha, window of 8\n  loss "), std::string::npos) << outcome.out;
}

TEST(CompareCommand, AlsoAsJson) {
  const Outcome outcome = runProgram({"compare", "tales-mqa", "--tales", "1", "--json", "--time"});
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  for (const char* part : {"\"parameters\": 669440", "\"seed\": 3", "\"sd\": null",
                           "\"nanoseconds_a_token\": ", "\"cache_bytes_a_token\": 384"})
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part << "\n" << outcome.out;
}

TEST(CompareCommand, WritesTheLossesOfItsSeedsIntoTheCards) {
  const test::TemporaryDir dir;
  const std::string copy = dir.file("tales-mqa");
  std::filesystem::copy(test::sourceDir() / "assets/models/tales-mqa", copy);
  EXPECT_EQ(runProgram({"compare", copy, "--write-cards"}).status, 0);
  const std::string card = test::readAll(copy + "/card.json");
  EXPECT_NE(card.find("\"held_out_text\": \"200 tales of seed 1009\""), std::string::npos) << card;
  for (const char* seed : {"\"seed\": 3", "\"seed\": 4", "\"seed\": 5"})
    EXPECT_NE(card.find(seed), std::string::npos) << card;
}

TEST(CompareCommand, SaysWhatIsWrongInOneLine) {
  struct Case {
    std::vector<std::string> arguments;
    int status;
    const char* part;
  };
  const Case cases[] = {
      {{"compare", "nowhere"}, 1, "nowhere"},
      {{"compare", "--seeds", "3,4"}, 2, "--work"},
      {{"compare", "--tales", "0"}, 2, "--tales"},
      {{"compare", "--write-cards", "--tales", "3"}, 2, "--tales"},
      {{"compare", "tales-mla", "--tales", "1", "--kv-heads", "2"}, 1, "kv_heads"},
  };
  for (const Case& c : cases) {
    const Outcome outcome = runProgram(c.arguments);
    EXPECT_EQ(outcome.status, c.status) << outcome.error;
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.error.find(c.part), std::string::npos) << outcome.error;
  }
}

}  // namespace
}  // namespace decodescope
