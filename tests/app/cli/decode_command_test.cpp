// `decodescope decode` and `inspect`, called as users call them.

#include "core/formats/json.h"
#include "tests/app/cli/model_folder.h"
#include "tests/app/cli/program.h"
#include "tests/support/npy_file.h"
#include "tests/support/paths.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <filesystem>
#include <gtest/gtest.h>
#include <regex>
#include <set>
#include <sstream>

namespace decodescope {
namespace {

using test::Outcome;
using test::runProgram;
using test::Words;

std::vector<int> numbers(const QJsonValue& array) {
  std::vector<int> result;
  for (const QJsonValue value : array.toArray()) result.push_back(value.toInt());
  return result;
}

/// One line that begins with "decodescope: ", and no more.
testing::AssertionResult isOneError(const Outcome& outcome, int status) {
  const std::string& text = outcome.error;
  if (outcome.status == status && outcome.out.empty() && text.starts_with("decodescope: ") &&
      text.find('\n') == text.size() - 1)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "exit status " << outcome.status << "\nstdout: " << outcome.out
                                     << "\nstderr: " << text;
}

class DecodeCommand : public testing::Test {
 protected:
  DecodeCommand() : m_model(m_dir.file("model")) {}

  void makeModel(Words words, int context = 64) { test::writeModelFolder(m_model, words, context); }

  Outcome decode(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"decode", "--model", m_model});
    return runProgram(arguments);
  }

  QJsonObject decodeJson(std::vector<std::string> arguments) {
    arguments.push_back("--json");
    const Outcome outcome = decode(std::move(arguments));
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    EXPECT_EQ(outcome.error, "");
    const auto document = QJsonDocument::fromJson(QByteArray::fromStdString(outcome.out));
    EXPECT_TRUE(document.isObject()) << outcome.out;
    return document.object();
  }

  test::TemporaryDir m_dir;
  std::string m_model;
};

TEST_F(DecodeCommand, PrintsThePromptAndWhatFollows) {
  makeModel(Words::withoutStart);
  const Outcome outcome = decode({"--prompt", "w7 w8", "--steps", "3", "--ignore-eos"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.error, "");
  EXPECT_TRUE(outcome.out.starts_with("w7 w8 ")) << outcome.out;
  EXPECT_TRUE(outcome.out.ends_with("\n")) << outcome.out;
}

TEST_F(DecodeCommand, JsonSaysWhatHappened) {
  makeModel(Words::withStart);
  const QJsonObject json = decodeJson({"--prompt", "w7 w8", "--steps", "4", "--ignore-eos"});
  EXPECT_EQ(numbers(json["prompt_tokens"]), (std::vector<int>{0, 7, 8}));
  EXPECT_EQ(json["generated"].toArray().size(), 4);
  EXPECT_EQ(json["stop_reason"].toString(), "steps");
  EXPECT_TRUE(json["text"].isString());
  const QJsonArray steps = json["steps"].toArray();
  ASSERT_EQ(steps.size(), 4);
  for (int i = 0; i < 4; ++i) {
    const QJsonObject step = steps[i].toObject();
    EXPECT_EQ(step["step"].toInt(), i + 1);
    EXPECT_EQ(step["token"].toInt(), json["generated"].toArray()[i].toInt());
    EXPECT_EQ(step["rows_computed"].toInt(), i == 0 ? 3 : 1);
    EXPECT_GT(step["macs"].toDouble(), 0);
    EXPECT_GT(step["ns"].toDouble(), 0);
    // 2 layers, 4 key/value heads of 6, keys and values, float32
    EXPECT_EQ(step["kv_bytes"].toInt(), 2 * 2 * 4 * 6 * 4 * (3 + i));
    EXPECT_EQ(step["max_abs_diff"].toDouble(-1), 0);
  }
}

TEST_F(DecodeCommand, TheRotaryLayoutCanBeSet) {
  makeModel(Words::withStart);
  const std::vector<std::string> run{"--tokens", "3,4,5,6,7,8", "--steps", "8", "--ignore-eos"};
  const auto generated = [&](std::vector<std::string> more) -> QJsonValue {
    more.insert(more.begin(), run.begin(), run.end());
    return decodeJson(more)["generated"];
  };
  EXPECT_EQ(generated({"--rotary-layout", "rotate-half"}), generated({})) << "the folder's own";
  EXPECT_NE(generated({"--rotary-layout", "interleaved"}), generated({}));
  const Outcome wrong = decode({"--tokens", "3", "--steps", "1", "--rotary-layout", "half"});
  EXPECT_TRUE(isOneError(wrong, 2));
  EXPECT_NE(wrong.error.find("allowed rotate-half, interleaved"), std::string::npos) << wrong.error;
}

TEST_F(DecodeCommand, TheTokenizerCanBeChosen) {
  makeModel(Words::withStart);
  std::string json = test::readAll(m_model + "/tokenizer.json");
  const std::size_t word = json.find("\"w7\"");
  ASSERT_NE(word, std::string::npos);
  const std::string chosen = m_dir.write("elsewhere/my.json", json.replace(word, 4, "\"seven\""));
  const Outcome outcome = decode({"--prompt", "seven", "--steps", "1", "--tokenizer", chosen});
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_TRUE(outcome.out.starts_with("seven ")) << outcome.out;
  EXPECT_TRUE(
      isOneError(decode({"--prompt", "w7", "--steps", "1", "--tokenizer", m_dir.file("none.bin")}), 1));
  const Outcome told = runProgram({"inspect", m_model, "--tokenizer", chosen});
  EXPECT_NE(told.out.find("tokens, from " + chosen), std::string::npos) << told.out;
}

TEST_F(DecodeCommand, WithoutTheCacheTheSameTokensTakeMoreRows) {
  makeModel(Words::withStart);
  const QJsonObject on = decodeJson({"--tokens", "3,4,5", "--steps", "6", "--ignore-eos"});
  const QJsonObject off =
      decodeJson({"--tokens", "3,4,5", "--steps", "6", "--ignore-eos", "--kv-cache", "off"});
  EXPECT_EQ(numbers(on["prompt_tokens"]), (std::vector<int>{3, 4, 5})) << "no start token is added to ids";
  EXPECT_EQ(on["generated"], off["generated"]);
  for (int i = 0; i < 6; ++i) {
    const QJsonObject step = off["steps"].toArray()[i].toObject();
    EXPECT_EQ(step["rows_computed"].toInt(), 3 + i);
    EXPECT_EQ(step["kv_bytes"].toInt(-1), 0);
  }
}

TEST_F(DecodeCommand, TracingChangesNoTokenAndNoCounter) {
  makeModel(Words::withStart);
  const QJsonObject traced = decodeJson({"--tokens", "3,4,5", "--steps", "5", "--ignore-eos"});
  const QJsonObject plain = decodeJson({"--tokens", "3,4,5", "--steps", "5", "--ignore-eos", "--no-trace"});
  EXPECT_EQ(traced["generated"], plain["generated"]);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(traced["steps"].toArray()[i].toObject()["macs"],
              plain["steps"].toArray()[i].toObject()["macs"]);
  }
}

TEST_F(DecodeCommand, SeedsRepeat) {
  makeModel(Words::withStart);
  const auto drawn = [&](const char* seed) {
    return numbers(decodeJson({"--tokens", "3", "--steps", "20", "--ignore-eos", "--temperature", "1.5",
                               "--top-k", "40", "--top-p", "0.99", "--seed", seed})["generated"]);
  };
  EXPECT_EQ(drawn("11"), drawn("11"));
  EXPECT_NE(drawn("11"), drawn("12"));
}

TEST_F(DecodeCommand, ThreadsChangeNothing) {
  makeModel(Words::withStart);
  const QJsonObject one = decodeJson({"--tokens", "3,4", "--steps", "8", "--ignore-eos", "--threads", "1"});
  const QJsonObject three = decodeJson({"--tokens", "3,4", "--steps", "8", "--ignore-eos", "--threads", "3"});
  EXPECT_EQ(one["generated"], three["generated"]);
}

TEST_F(DecodeCommand, AnEmptyPromptIsTheStartToken) {
  makeModel(Words::withStart);
  const QJsonObject json = decodeJson({"--prompt", "", "--steps", "1", "--ignore-eos"});
  EXPECT_EQ(numbers(json["prompt_tokens"]), std::vector<int>{0});
}

TEST_F(DecodeCommand, AnEmptyPromptWithoutAStartTokenIsRefused) {
  makeModel(Words::withoutStart);
  EXPECT_TRUE(isOneError(decode({"--prompt", "", "--steps", "1"}), 1));
  EXPECT_TRUE(isOneError(decode({"--prompt", "  ", "--steps", "1"}), 1));
}

TEST_F(DecodeCommand, NoTokensAreRefused) {
  makeModel(Words::withStart);
  EXPECT_TRUE(isOneError(decode({"--tokens", "", "--steps", "1"}), 1));
}

TEST_F(DecodeCommand, NoStepsMakeNoForwardCall) {
  makeModel(Words::withStart);
  const QJsonObject json = decodeJson({"--prompt", "w5", "--steps", "0"});
  EXPECT_EQ(numbers(json["prompt_tokens"]), (std::vector<int>{0, 5}));
  EXPECT_TRUE(json["generated"].toArray().isEmpty());
  EXPECT_TRUE(json["steps"].toArray().isEmpty());
  EXPECT_EQ(json["text"].toString(), "");
  EXPECT_EQ(json["stop_reason"].toString(), "steps");
  EXPECT_EQ(decode({"--prompt", "w5", "--steps", "0"}).out, "w5\n");
}

TEST_F(DecodeCommand, AFullContextEndsTheRun) {
  makeModel(Words::withStart, 6);
  const QJsonObject json = decodeJson({"--tokens", "3,4,5", "--steps", "50", "--ignore-eos"});
  EXPECT_EQ(json["stop_reason"].toString(), "context");
  // Positions 0 … 5 are fed; the pick behind them has no position.
  EXPECT_EQ(json["generated"].toArray().size(), 4);
  const QJsonObject full = decodeJson({"--tokens", "3,4,5,6,7,8", "--steps", "50", "--ignore-eos"});
  EXPECT_EQ(full["stop_reason"].toString(), "context");
  EXPECT_EQ(full["generated"].toArray().size(), 1);
  EXPECT_TRUE(isOneError(decode({"--tokens", "3,4,5,6,7,8,9", "--steps", "1"}), 1));
}

TEST_F(DecodeCommand, AnEndOfTextTokenIsGeneratedAndEndsTheRun) {
  makeModel(Words::withStart);
  // Hot draws among 50 tokens meet [EOS] soon; the seed makes it sure.
  const QJsonObject json =
      decodeJson({"--tokens", "3", "--steps", "63", "--temperature", "1000", "--seed", "4"});
  ASSERT_EQ(json["stop_reason"].toString(), "eos");
  EXPECT_EQ(json["generated"].toArray().last().toInt(), 1);
  EXPECT_EQ(json["steps"].toArray().size(), json["generated"].toArray().size());
  EXPECT_FALSE(json["text"].toString().contains("[EOS]"));
}

TEST_F(DecodeCommand, AnyUtf8IsAPromptForBytes) {
  makeModel(Words::bytes);
  const QJsonObject emoji = decodeJson({"--prompt", "🙂", "--steps", "1"});
  EXPECT_EQ(numbers(emoji["prompt_tokens"]), (std::vector<int>{0xF0, 0x9F, 0x99, 0x82}));
  const QJsonObject chinese = decodeJson({"--prompt", "一天", "--steps", "2"});
  EXPECT_EQ(numbers(chinese["prompt_tokens"]), (std::vector<int>{0xE4, 0xB8, 0x80, 0xE5, 0xA4, 0xA9}));
  EXPECT_TRUE(decode({"--prompt", "一天", "--steps", "0"}).out == "一天\n");
}

TEST_F(DecodeCommand, WhatIsNotUtf8IsRefusedWithItsByte) {
  makeModel(Words::bytes);
  const Outcome outcome = decode({"--prompt", "ab\xff", "--steps", "1"});
  EXPECT_TRUE(isOneError(outcome, 1));
  EXPECT_NE(outcome.error.find("(at byte 2)"), std::string::npos) << outcome.error;
}

TEST_F(DecodeCommand, TenKilobytesOfTextFitOrAreRefused) {
  makeModel(Words::bytes, 10300);
  const std::string text(10240, 'a');
  const QJsonObject json = decodeJson({"--prompt", text, "--steps", "0"});
  EXPECT_EQ(json["prompt_tokens"].toArray().size(), 10240);
  makeModel(Words::bytes, 512);
  const Outcome outcome = decode({"--prompt", text, "--steps", "1"});
  EXPECT_TRUE(isOneError(outcome, 1));
  EXPECT_NE(outcome.error.find("10240 tokens"), std::string::npos) << outcome.error;
}

TEST_F(DecodeCommand, AnUnknownWordIsNamed) {
  makeModel(Words::withStart);
  const Outcome outcome = decode({"--prompt", "w3 banana", "--steps", "1"});
  EXPECT_TRUE(isOneError(outcome, 1));
  EXPECT_NE(outcome.error.find("banana"), std::string::npos) << outcome.error;
}

TEST_F(DecodeCommand, ATokenOutsideTheVocabularyIsTheInputsFault) {
  makeModel(Words::withStart);
  EXPECT_TRUE(isOneError(decode({"--tokens", "3,50", "--steps", "1"}), 1));
}

TEST_F(DecodeCommand, TheDumpHoldsEveryFedToken) {
  makeModel(Words::withStart);
  const std::string dump = m_dir.file("new/dump");
  const Outcome outcome = decode({"--tokens", "3,4,5", "--steps", "4", "--ignore-eos", "--dump", dump});
  ASSERT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_EQ(test::readNpy(dump + "/tokens.npy").ints.size(), 6u);
  EXPECT_EQ(test::readNpy(dump + "/generated.npy").ints.size(), 4u);
  EXPECT_EQ(test::readNpy(dump + "/logits.npy").shape, (std::vector<std::int64_t>{6, 50}));
  EXPECT_TRUE(std::filesystem::exists(dump + "/steps.csv"));
}

TEST_F(DecodeCommand, ADumpOfNoStepsHoldsThePrompt) {
  makeModel(Words::withStart);
  const std::string dump = m_dir.file("dump");
  ASSERT_EQ(decode({"--tokens", "3,4,5", "--steps", "0", "--dump", dump}).status, 0);
  EXPECT_EQ(test::readNpy(dump + "/tokens.npy").ints, (std::vector<std::int32_t>{3, 4, 5}));
  EXPECT_TRUE(test::readNpy(dump + "/generated.npy").ints.empty());
  EXPECT_EQ(test::readNpy(dump + "/norm.npy").shape, (std::vector<std::int64_t>{3, 24}));
}

TEST_F(DecodeCommand, ADumpIntoAFileIsRefused) {
  makeModel(Words::withStart);
  EXPECT_TRUE(isOneError(decode({"--tokens", "3", "--steps", "1", "--dump", m_model + "/config.json"}), 1));
}

TEST_F(DecodeCommand, AFullDiskIsAnError) {
  makeModel(Words::withStart);
  const Outcome outcome =
      test::runProgramInto("/dev/full", {"decode", "--model", m_model, "--tokens", "3", "--steps", "1"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.error, "decodescope: stdout: cannot be written\n");
}

TEST_F(DecodeCommand, AMissingModelIsTheInputsFault) {
  const Outcome outcome = decode({"--tokens", "3", "--steps", "1"});
  EXPECT_TRUE(isOneError(outcome, 1));
  EXPECT_TRUE(outcome.error.starts_with("decodescope: " + m_model)) << outcome.error;
}

TEST_F(DecodeCommand, WrongCallsAreToldFromWrongInput) {
  const std::vector<std::vector<std::string>> calls = {
      {"decode"},
      {"decode", "--model"},
      {"decode", "--model", "m", "--steps", "1"},
      {"decode", "--model", "m", "--prompt", "a"},
      {"decode", "--model", "m", "--prompt", "a", "--tokens", "1", "--steps", "1"},
      {"decode", "--model", "m", "--prompt", "a", "--steps", "-1"},
      {"decode", "--model", "m", "--prompt", "a", "--steps", "many"},
      {"decode", "--model", "m", "--tokens", "1,x", "--steps", "1"},
      {"decode", "--model", "m", "--prompt", "a", "--steps", "1", "--kv-cache", "maybe"},
      {"decode", "--model", "m", "--prompt", "a", "--steps", "1", "--temperature", "-1"},
      {"decode", "--model", "m", "--prompt", "a", "--steps", "1", "--temperature", "nan"},
      {"decode", "--model", "m", "--prompt", "a", "--steps", "1", "--top-k", "-1"},
      {"decode", "--model", "m", "--prompt", "a", "--steps", "1", "--top-p", "0"},
      {"decode", "--model", "m", "--prompt", "a", "--steps", "1", "--top-p", "1.5"},
      {"decode", "--model", "m", "--prompt", "a", "--steps", "1", "--threads", "0"},
      {"decode", "--model", "m", "--prompt", "a", "--steps", "1", "--dump", "d", "--no-trace"},
      {"decode", "--model", "m", "--prompt", "a", "--steps", "1", "--colour", "red"},
      {"decode", "--model", "m", "--prompt", "a", "--steps", "1", "stray"},
      {"--colour"},
      {"a", "b"},
      {"inspect"},
      {"inspect", "a", "b"},
      {"inspect", "--all"},
  };
  for (const auto& call : calls) EXPECT_TRUE(isOneError(runProgram(call), 2)) << testing::PrintToString(call);
}

TEST_F(DecodeCommand, HelpAndVersionAreEverywhere) {
  const Outcome top = runProgram({"--help"});
  EXPECT_EQ(top.status, 0);
  const std::string version = runProgram({"--version"}).out;
  EXPECT_TRUE(version.starts_with("decodescope ")) << version;

  static const std::regex kRow("decodescope ([a-z]+) .*");
  std::set<std::string> names;
  std::istringstream lines(top.out);
  for (std::string line; std::getline(lines, line);) {
    std::smatch row;
    if (std::regex_match(line, row, kRow)) names.insert(row[1]);
  }
  for (const char* name : {"decode", "render", "inspect", "train"})
    EXPECT_TRUE(names.contains(name)) << top.out;
  for (const std::string& name : names) {
    const Outcome help = runProgram({name, "--help"});
    EXPECT_EQ(help.status, 0) << name;
    EXPECT_TRUE(help.out.starts_with("decodescope " + name)) << help.out;
    EXPECT_EQ(help.error, "") << name;
    const Outcome outcome = runProgram({name, "--version"});
    EXPECT_EQ(outcome.status, 0) << name;
    EXPECT_EQ(outcome.out, version) << name;
    EXPECT_TRUE(isOneError(runProgram({name, "--no-such-option"}), 2)) << name;
  }
}

TEST_F(DecodeCommand, InspectListsTheConfigurationAndEveryTensor) {
  makeModel(Words::withStart);
  const Outcome outcome = runProgram({"inspect", m_model});
  ASSERT_EQ(outcome.status, 0) << outcome.error;
  for (const char* line :
       {"num_key_value_heads: 4\n", "head_dim: 6\n", "hidden_size: 24\n", "bos_token_id: 0 [SOS]\n",
        "eos_token_id: 1 [EOS]\n", "model.layers.1.self_attn.k_proj.weight (24, 24) F32\n",
        "model.embed_tokens.weight (50, 24) F32\n", "model.norm.weight (24) F32\n"})
    EXPECT_NE(outcome.out.find(line), std::string::npos) << line << "\n" << outcome.out;
  EXPECT_TRUE(isOneError(runProgram({"inspect", m_dir.file("absent")}), 1));
  EXPECT_NE(outcome.out.find("rotary pairs: rotate-half\n"), std::string::npos) << outcome.out;
  const Outcome turned = runProgram({"inspect", m_model, "--rotary-layout", "interleaved"});
  EXPECT_NE(turned.out.find("rotary pairs: interleaved\n"), std::string::npos) << turned.out;
  EXPECT_TRUE(isOneError(runProgram({"inspect", m_model, "--rotary-layout", "half"}), 2));
  const Outcome json = runProgram({"inspect", m_model, "--json"});
  ASSERT_EQ(json.status, 0) << json.error;
  const auto document = JsonDocument::parse(json.out, "inspect");
  ASSERT_TRUE(document.ok()) << document.error().message();
  const JsonValue root = document.value().root();
  EXPECT_EQ(root.at("config").value().at("hidden_size").value().asInteger(0, 99).value(), 24);
  EXPECT_EQ(root.at("stored").value().asArray().value().size(), 1u);
  EXPECT_GT(root.at("tensors").value().asArray().value().size(), 10u);
}

std::string bundled(const std::string& name) {
  return (test::sourceDir() / "assets" / "models" / name).string();
}

TEST(DecodeBundled, LoveSaysItsSentenceAndStops) {
  const std::vector<std::string> call = {"decode",  "--model", bundled("love"), "--prompt", "",
                                         "--steps", "20"};
  EXPECT_EQ(runProgram(call).out, "Love that can quickly seize the gentle heart\n");
}

TEST(DecodeBundled, NextdaySaysBright) {
  const Outcome outcome =
      runProgram({"decode", "--model", bundled("nextday"), "--prompt", "The next day is", "--steps", "1"});
  EXPECT_EQ(outcome.out, "The next day is bright\n");
}

}  // namespace
}  // namespace decodescope
