// Things that are no model under the names that models have, and the line a user sees for each.
#include "core/formats/hf_config.h"
#include "core/formats/json_writer.h"
#include "core/formats/loaded_model.h"
#include "core/tokenizer/byte_level.h"
#include "tests/core/formats/small_models.h"
#include "tests/support/gguf_file.h"
#include "tests/support/llama2c_file.h"
#include "tests/support/paths.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <sstream>
#include <sys/stat.h>

namespace decodescope {
namespace {

/// Puts the thing at the path, where nothing is.
struct Thing {
  std::string name;
  std::function<void(const test::TemporaryDir& folder, const std::string& path)> put;
};

std::vector<Thing> wrongThings() {
  std::vector<Thing> things;
  const auto bytes = [&](const char* name, std::string content) {
    things.push_back(
        {name, [content = std::move(content)](const test::TemporaryDir& folder, const std::string& path) {
           folder.write(path, content);
         }});
  };
  const std::string rest(600, '\x7f');
  bytes("empty", "");
  bytes("html", "<!DOCTYPE html>\n<html><head><title>Entry not found</title></head></html>\n");
  bytes("git-lfs",
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22e\nsize 4\n");
  bytes("pickle", "\x80\x02}q" + rest);
  bytes("zip", "PK\x03\x04\x14" + rest);
  bytes("gzip", "\x1f\x8b\x08" + rest);
  bytes("words", "Once upon a time there was a text that somebody called a model.\n");
  bytes("zeros", std::string(600, '\0'));
  things.push_back({"folder", [](const test::TemporaryDir& folder, const std::string& path) {
                      std::filesystem::create_directories(folder.file(path));
                    }});
  things.push_back({"fifo", [](const test::TemporaryDir& folder, const std::string& path) {
                      ASSERT_EQ(::mkfifo(folder.file(path).c_str(), 0600), 0);
                    }});
  things.push_back({"dangling-link", [](const test::TemporaryDir& folder, const std::string& path) {
                      std::filesystem::create_symlink("nowhere", folder.file(path));
                    }});
  return things;
}

struct Place {
  std::string wrong;  ///< the file that is replaced
  std::string model;  ///< what is loaded
  std::map<std::string, std::string> files;
};

std::string vocabulary() {
  JsonWriter json;
  json.beginObject();
  for (int id = 0; id < 24; ++id)
    json.key(bytesToVisible(std::string(1, static_cast<char>('a' + id)))).value(id);
  return json.endObject().take();
}

std::vector<Place> places() {
  const Model llama = numberedModel(smallLlama());
  ModelConfig paired = smallLlama();
  paired.headDim = 4;
  paired.tieWordEmbeddings = true;
  paired.rotaryLayout = RotaryLayout::interleaved;
  const Model interleaved = numberedModel(paired);
  const std::map<std::string, std::string> folder{
      {"m/config.json", writeHfConfig(llama.config(), "float32").value()},
      {"m/model.safetensors", safetensorsBytes(storedTensors(llama))},
      {"m/tokenizer.json", smallTokenizerJson()},
      {"m/card.json", "{}"}};
  std::vector<Place> places;
  for (const auto& [name, content] : folder) places.push_back({name, "m", folder});
  std::map<std::string, std::string> split = folder;
  split.erase("m/tokenizer.json");
  split["m/vocab.json"] = vocabulary();
  split["m/merges.txt"] = "#version: 0.2\n";
  for (const char* name : {"m/vocab.json", "m/merges.txt"}) places.push_back({name, "m", split});
  std::map<std::string, std::string> sharded = folder;
  sharded["m/one.safetensors"] = sharded["m/model.safetensors"];
  sharded.erase("m/model.safetensors");
  std::string map;
  for (const TestTensor& tensor : storedTensors(llama))
    map += (map.empty() ? "\"" : ",\"") + tensor.name + "\":\"one.safetensors\"";
  sharded["m/model.safetensors.index.json"] = "{\"weight_map\":{" + map + "}}";
  for (const char* name : {"m/one.safetensors", "m/model.safetensors.index.json"})
    places.push_back({name, "m", sharded});
  places.push_back({"m.gguf", "m.gguf", {{"m.gguf", test::ggufOf(interleaved, test::kF32).bytes()}}});
  std::vector<test::Llama2cToken> tokens = test::sentencePieceTokens({});
  tokens.resize(24);
  const std::map<std::string, std::string> llama2c{{"m.bin", test::llama2cBytes(interleaved, 0)},
                                                   {"tokenizer.bin", test::llama2cTokenizerBytes(tokens)}};
  for (const auto& [name, content] : llama2c) places.push_back({name, "m.bin", llama2c});
  return places;
}

std::string messageOf(const test::TemporaryDir& folder, const std::string& path) {
  const auto loaded = loadModel(folder.file(path));
  if (loaded.ok()) return "loads";
  std::string message = loaded.error().message();
  const std::string root = folder.path().string() + "/";
  while (message.find(root) != std::string::npos) message.erase(message.find(root), root.size());
  return message;
}

/// One line a case, as golden/wrong_files.txt has them. Where a message is not the one wanted, that file is
/// the place to look first: every line in it was read and judged.
TEST(WrongFiles, EachUnderEachNameSaysWhatItIs) {
  std::string found;
  int count = 0;
  for (const Place& place : places()) {
    {
      const test::TemporaryDir folder;
      for (const auto& [name, content] : place.files) folder.write(name, content);
      ASSERT_EQ(messageOf(folder, place.model), "loads") << place.wrong;
    }
    for (const Thing& thing : wrongThings()) {
      const test::TemporaryDir folder;
      for (const auto& [name, content] : place.files) {
        if (name != place.wrong) folder.write(name, content);
      }
      std::filesystem::create_directories(folder.path() / "m");
      thing.put(folder, place.wrong);
      found += place.wrong + " is " + thing.name + " | " + messageOf(folder, place.model) + "\n";
      ++count;
    }
  }
  EXPECT_GE(count, 100);
  const std::string golden = test::readAll(test::testPath("golden/wrong_files.txt"));
  std::istringstream foundLines(found), wantedLines(golden);
  for (std::string line, wanted; std::getline(foundLines, line);) {
    std::getline(wantedLines, wanted);
    EXPECT_EQ(line, wanted);
  }
  EXPECT_EQ(found.size(), golden.size());
  if (found != golden && std::getenv("DECODESCOPE_WRITE_GOLDEN")) std::ofstream("wrong_files.txt") << found;
}

/// Cut anywhere, no file of a folder passes for whole.
TEST(WrongFiles, EveryTruncationOfEveryFileIsAnError) {
  for (const Place& place : places()) {
    if (place.wrong == "m/merges.txt" || place.wrong == "m.gguf")
      continue;  // a list has no end mark; gguf_test does it
    const std::string whole = place.files.at(place.wrong);
    const test::TemporaryDir folder;
    for (const auto& [name, content] : place.files) folder.write(name, content);
    std::size_t meaning = whole.find_last_not_of(" \n") + 1;  // white space behind a JSON text means nothing
    if (!place.wrong.ends_with(".json")) meaning = whole.size();
    // Every byte of what has structure, and steps through the numbers, which are one long stretch.
    for (std::size_t size = meaning; size-- > 0; size -= size > 1024 ? std::min<std::size_t>(96, size) : 0) {
      std::filesystem::resize_file(folder.file(place.wrong), size);
      ASSERT_FALSE(loadModel(folder.file(place.model)).ok()) << place.wrong << " cut to " << size;
    }
  }
}

}  // namespace
}  // namespace decodescope
