// Files of ten million bytes that are made to cost as much as they can: whatever they say, reading them takes
// little more memory than they are large, and no time to speak of.
#include "core/base/utf8.h"
#include "core/formats/hf_config.h"
#include "core/formats/loaded_model.h"
#include "tests/core/formats/small_models.h"
#include "tests/support/byte_writer.h"
#include "tests/support/gguf_file.h"
#include "tests/support/llama2c_file.h"
#include "tests/support/paths.h"

#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sstream>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DECODESCOPE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DECODESCOPE_SANITIZED 1
#endif
#endif

namespace decodescope {
namespace {

constexpr std::size_t kSize = 10'000'000;
constexpr long kMoreKiB = 64 * 1024;
/// Processor time; the aim is 1 s, the rest is for machines that are slow and busy.
constexpr double kSeconds = 5;

/// The row "VmHWM:    1234 kB" of /proc/self/status.
long statusKiB(const std::string& row) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(row + ":")) return std::stol(line.substr(row.size() + 1));
  }
  return 0;
}

/// `head`, then as many `part` as there is room for with commas between, then `tail`.
std::string filled(const std::string& head, const std::function<std::string(int)>& part,
                   const std::string& tail) {
  std::string text = head;
  for (int i = 0; text.size() + tail.size() + 32 < kSize; ++i) text += (i > 0 ? "," : "") + part(i);
  return text + tail;
}

std::string repeated(const std::string& head, const std::string& part, const std::string& tail) {
  return filled(
      head, [&](int) { return part; }, tail);
}

struct HostileFile {
  std::string name;
  std::string path;  ///< where it goes; "m" is the folder of a small model
  std::string bytes;
  std::vector<std::pair<std::string, std::string>> beside = {};  ///< paths and bytes of others
};

std::vector<HostileFile> hostileJson() {
  const auto number = [](int i) { return std::to_string(i); };
  const auto name = [](int i) { return "\"" + std::to_string(i) + "\":[]"; };
  const auto token = [](int i) { return "\"" + std::to_string(i) + "\":" + std::to_string(i); };
  std::vector<HostileFile> files;
  for (const std::string path : {"m/tokenizer.json", "m/model.safetensors.index.json", "m/vocab.json"}) {
    files.push_back({"numbers", path, filled("[", number, "]")});
    files.push_back({"zeros", path, repeated("{\"weight_map\":{\"a\":[", "0", "]}}")});
    files.push_back({"many names", path, filled("{\"weight_map\":{", name, "}}")});
    files.push_back({"empty lists", path, repeated("[", "[]", "]")});
    files.push_back({"one string", path, "[\"" + std::string(kSize - 4, 'x') + "\"]"});
    files.push_back({"escapes", path, "[\"" + repeated("", "\\u0061\\u0062\\u0063", "\"]")});
    files.push_back({"nested", path, std::string(kSize, '[')});
    files.push_back({"long number", path, "[1" + std::string(kSize - 3, '0') + "]"});
  }
  const std::string bpe = R"({"model":{"type":"BPE","vocab":{)";
  files.push_back({"vocabulary", "m/tokenizer.json", filled(bpe, token, R"(},"merges":[]}})")});
  files.push_back(
      {"merges", "m/tokenizer.json",
       repeated(R"({"model":{"type":"BPE","vocab":{"a":0,"aa":1},"merges":[)", "\"a a\"", "]}}")});
  files.push_back(
      {"pairs of merges", "m/tokenizer.json",
       repeated(R"({"model":{"type":"BPE","vocab":{"a":0,"aa":1},"merges":[)", "[\"a\",\"a\"]", "]}}")});
  const auto added = [](int i) {
    return R"({"id":)" + std::to_string(i) + R"(,"content":"c)" + std::to_string(i) + "\"}";
  };
  files.push_back({"added tokens", "m/tokenizer.json",
                   filled(R"({"model":{"type":"WordLevel","vocab":{"x":0}},"added_tokens":[)", added, "]}")});
  files.push_back(
      {"normalizers", "m/tokenizer.json",
       repeated(
           R"({"model":{"type":"WordLevel","vocab":{"x":0}},"normalizer":{"type":"Sequence","normalizers":[)",
           R"({"type":"NFC"})", "]}}")});
  files.push_back({"merges", "m/merges.txt", [] {
                     std::string text;
                     while (text.size() + 8 < kSize) text += "a a\n";
                     return text;
                   }()});
  return files;
}

/// Well-formed tokenizers that ask for much more than they are long.
std::vector<HostileFile> hostileTokenizers() {
  std::vector<HostileFile> files;
  const auto add = [&](const std::string& name, const std::string& bytes) {
    files.push_back({name, "m/tokenizer.json", bytes});
  };
  // Each letter is a token, and so is each of its pairs: as many merges as there is room for.
  std::string vocabulary, merges;
  int id = 0;
  const auto token = [&](const std::string& piece) {
    vocabulary += (id > 0 ? ",\"" : "\"") + piece + "\":" + std::to_string(id);
    ++id;
  };
  std::vector<std::string> letters;
  for (char32_t code = 0x4e00; code < 0x4e00 + 500; ++code) {
    std::string letter;
    appendUtf8(letter, code);
    token(letter);
    letters.push_back(std::move(letter));
  }
  for (const std::string& a : letters) {
    for (const std::string& b : letters) {
      if (vocabulary.size() + merges.size() + 100 > kSize) break;
      token(a + b);
      merges += (merges.empty() ? "\"" : ",\"") + a + " " + b + "\"";
    }
  }
  add("pairs of letters",
      R"({"model":{"type":"BPE","vocab":{)" + vocabulary + R"(},"merges":[)" + merges + "]}}");
  const auto longToken = [](int i) {
    return "\"" + std::to_string(i) + std::string(60'000, 'x') + "\":" + std::to_string(i);
  };
  std::string many = longToken(0);
  for (int i = 1; i < 165; ++i) many += "," + longToken(i);
  add("long tokens", R"({"model":{"type":"WordLevel","vocab":{)" + many + "}}}");
  add("one long token",
      R"({"model":{"type":"WordLevel","vocab":{")" + std::string(kSize - 100, 'x') + R"(":0}}})");
  const std::string head = R"({"model":{"type":"WordLevel","vocab":{"a":0,"e":1}},)";
  const std::string more(kSize / 20, 'e');
  std::string replaces, prepends;
  for (int i = 0; i < 16; ++i) {
    replaces +=
        (i > 0 ? "," : "") + (R"({"type":"Replace","pattern":{"String":"e"},"content":")" + more + "\"}");
    prepends += (i > 0 ? "," : "") + (R"({"type":"Prepend","prepend":")" + more + "\"}");
  }
  add("growing", head + R"("normalizer":{"type":"Sequence","normalizers":[)" + replaces + "]}}");
  add("prepending", head + R"("normalizer":{"type":"Sequence","normalizers":[)" + prepends + "]}}");
  add("growing decoder", head + R"("decoder":{"type":"Sequence","decoders":[)" + replaces + "]}}");
  std::string nested = R"({"type":"NFC"})";
  for (int depth = 0; depth < 4; ++depth) {
    std::string sequence = R"({"type":"Sequence","normalizers":[)" + nested;
    for (int i = 1; i < 16; ++i) sequence += "," + nested;
    nested = sequence + "]}";
  }
  add("nested steps", head + R"("normalizer":)" + nested + "}");
  std::string ids = "0", singles = R"({"Sequence":{"id":"A"}})";
  for (int i = 0; i < 100'000; ++i) {
    ids += ",0";
    singles += R"(,{"SpecialToken":{"id":"a"}})";
  }
  add("template", head + R"("post_processor":{"type":"TemplateProcessing","single":[)" + singles +
                      R"(],"special_tokens":{"a":{"ids":[)" + ids + "]}}}}");
  files.push_back({"added tokens",
                   "m/added_tokens.json",
                   filled(
                       "{", [](int i) { return "\"" + std::to_string(i) + "\":" + std::to_string(i); }, "}"),
                   {{"m/vocab.json", R"({"a":0,"aa":1})"}, {"m/merges.txt", "a a\n"}}});
  return files;
}

std::string safetensorsOf(const std::string& header) {
  return test::ByteWriter().put<std::uint64_t>(header.size()).raw(header).bytes();
}

std::vector<HostileFile> hostileBinaries() {
  std::vector<HostileFile> files;
  const auto empty = [](int i) {
    return "\"" + std::to_string(i) + R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]})";
  };
  files.push_back({"empty tensors", "m/model.safetensors", safetensorsOf(filled("{", empty, "}"))});
  files.push_back({"numbers", "m/model.safetensors", safetensorsOf(repeated("{\"a\":[", "1", "]}"))});
  files.push_back({"metadata", "m/model.safetensors",
                   safetensorsOf(filled(R"({"__metadata__":{)",
                                        [](int i) { return "\"" + std::to_string(i) + "\":\"\""; }, "}}"))});
  const auto array = [](std::uint32_t type, std::size_t width) {
    test::GgufBuilder file;
    const std::uint64_t count = (kSize - 200) / width;
    file.text("general.architecture", "llama");
    file.raw("tokenizer.ggml.tokens", 9,
             test::ByteWriter()
                 .put(type)
                 .put(count)
                 .raw(std::string(static_cast<std::size_t>(count * width), '\0'))
                 .bytes());
    return file.bytes();
  };
  files.push_back({"empty strings", "m.gguf", array(8, 8)});
  files.push_back({"bytes", "m.gguf", array(0, 1)});
  files.push_back({"doubles", "m.gguf", array(12, 8)});
  test::GgufBuilder many;
  while (many.tensors.size() < 65536)
    many.tensors.push_back({"t" + std::to_string(many.tensors.size()), {1}, test::kF32, "1234"});
  files.push_back({"tensors", "m.gguf", many.bytes()});
  test::ByteWriter pairs;
  constexpr int kPairs = 65536;
  pairs.raw("GGUF").put<std::uint32_t>(3).put<std::uint64_t>(0).put<std::uint64_t>(kPairs);
  for (int i = 0; i < kPairs; ++i) {
    const std::string key = "key" + std::to_string(i);
    pairs.put<std::uint64_t>(key.size())
        .raw(key)
        .put<std::uint32_t>(9)
        .put<std::uint32_t>(0)
        .put<std::uint64_t>(100);
    pairs.raw(std::string(100, 'x'));
  }
  files.push_back({"pairs", "m.gguf", pairs.bytes()});
  // A tokenizer.bin of nothing but empty tokens, and one of as many as can be told apart.
  test::ByteWriter tokens;
  tokens.put<std::uint32_t>(8);
  while (tokens.bytes().size() + 8 < kSize) tokens.put(0.0f).put<std::uint32_t>(0);
  files.push_back({"empty tokens", "tokenizer.bin", tokens.bytes()});
  ModelConfig wide = smallLlama();
  wide.headDim = 4;
  wide.rotaryLayout = RotaryLayout::interleaved;
  wide.tieWordEmbeddings = true;
  const std::string checkpoint = test::llama2cBytes(numberedModel(wide), 0);
  files.push_back(
      {"longer than it says", "m.bin", checkpoint + std::string(kSize - checkpoint.size(), '\0')});
  // As many weights as ten million bytes can mean: 4 bits each.
  ModelConfig config;
  config.vocabSize = 4096;
  config.hiddenSize = 1024;
  config.intermediateSize = 1376;
  config.numHiddenLayers = 1;
  config.numAttentionHeads = config.numKeyValueHeads = 16;
  config.headDim = 64;
  config.maxPositionEmbeddings = 64;
  config.rotaryLayout = RotaryLayout::interleaved;
  files.push_back({"four bits", "m.gguf", test::ggufOf(Model(config), test::kQ4_0).bytes()});
  return files;
}

/// Files with as many tokens as fit in.
std::vector<HostileFile> hostileVocabularies() {
  std::vector<HostileFile> files;
  ModelConfig config = smallLlama();
  config.vocabSize = 220'000;
  config.hiddenSize = config.intermediateSize = 32;
  config.numAttentionHeads = config.numKeyValueHeads = 1;
  config.headDim = 32;
  config.rotaryLayout = RotaryLayout::interleaved;
  config.tieWordEmbeddings = true;
  std::vector<std::string> pieces;
  for (int i = 259; i < config.vocabSize; ++i) pieces.push_back(std::to_string(i));
  test::GgufBuilder file = test::ggufOf(Model(config), test::kQ4_0);
  test::addSentencePiece(file, pieces);
  files.push_back({"a vocabulary", "m.gguf", file.bytes()});
  config.vocabSize = 180'000;
  file = test::ggufOf(Model(config), test::kQ4_0);
  pieces.resize(180'000 - 259);
  test::addSentencePiece(file, pieces);
  file.i32s("tokenizer.ggml.token_type", std::vector<std::int32_t>(180'000, 3));
  files.push_back({"controls alone", "m.gguf", file.bytes()});
  config.vocabSize = 300;
  file = test::ggufOf(Model(config), test::kQ4_0);
  std::vector<std::string> tokens, merges;
  for (int i = 0; i < 300; ++i) tokens.push_back(i == 299 ? "aa" : i == 0 ? "a" : "t" + std::to_string(i));
  while (merges.size() < 850'000) merges.push_back("a a");
  file.text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", "gpt-2");
  file.texts("tokenizer.ggml.tokens", tokens).texts("tokenizer.ggml.merges", merges);
  files.push_back({"merges", "m.gguf", file.bytes()});
  // As wide as rows can be narrow: the checkpoint has two numbers a token.
  config = smallLlama();
  config.vocabSize = 700'000;
  config.hiddenSize = config.intermediateSize = 2;
  config.numAttentionHeads = config.numKeyValueHeads = 1;
  config.headDim = 2;
  config.rotaryLayout = RotaryLayout::interleaved;
  config.tieWordEmbeddings = true;
  std::vector<test::Llama2cToken> all;
  for (int i = 0; i < config.vocabSize; ++i) all.push_back({std::to_string(i), static_cast<float>(-i)});
  files.push_back({"a vocabulary",
                   "tokenizer.bin",
                   test::llama2cTokenizerBytes(all),
                   {{"m.bin", test::llama2cBytes(Model(config), 0)}}});
  return files;
}

TEST(HostileFiles, TakeLittleMemoryAndTime) {
  const Model small = numberedModel(smallLlama());
  std::vector<HostileFile> files = hostileJson();
  for (auto* more : {hostileTokenizers, hostileBinaries, hostileVocabularies}) {
    for (HostileFile& file : more()) files.push_back(std::move(file));
  }
  for (HostileFile& file : files) {
    SCOPED_TRACE(file.path + ", " + file.name);
    ASSERT_LE(file.bytes.size(), kSize);
    const test::TemporaryDir folder;
    folder.write("m/config.json", writeHfConfig(small.config(), "float32").value());
    if (file.path != "m/model.safetensors.index.json")
      folder.write("m/model.safetensors", safetensorsBytes(storedTensors(small)));
    if (file.path == "m/merges.txt") folder.write("m/vocab.json", R"({"a":0,"aa":1})");
    if (file.path == "tokenizer.bin") {
      ModelConfig config = smallLlama();
      config.headDim = 4;
      config.tieWordEmbeddings = true;
      folder.write("m.bin", test::llama2cBytes(numberedModel(config), 0));
    }
    folder.write(file.path, file.bytes);
    for (const auto& [path, bytes] : file.beside) folder.write(path, bytes);
    std::size_t size = file.bytes.size();
    for (const auto& [path, bytes] : file.beside) size += bytes.size();
    file = {file.name, file.path, {}, {}};
    ::malloc_trim(0);
    std::ofstream("/proc/self/clear_refs") << "5";  // the highest mark begins anew
    const long before = statusKiB("VmRSS");
    const std::clock_t started = std::clock();
    const auto loaded = loadModel(
        folder.file(file.path == "tokenizer.bin" ? "m.bin" : file.path.substr(0, file.path.find('/'))));
    const double seconds = static_cast<double>(std::clock() - started) / CLOCKS_PER_SEC;
    const long more = statusKiB("VmHWM") - before;
    const std::string said = loaded.ok() ? "loads" : loaded.error().message();
    if (std::getenv("DECODESCOPE_SHOW"))
      std::printf("%-32s %-20s %6.0f ms %7ld KiB  %.120s\n", file.path.c_str(), file.name.c_str(),
                  1e3 * seconds, more, said.c_str());
    EXPECT_LT(said.size(), 1000u) << "a message is a line that can be read";
#ifndef DECODESCOPE_SANITIZED
    EXPECT_LE(more, static_cast<long>(size / 1024) + kMoreKiB) << said;
    EXPECT_LE(seconds, kSeconds) << said;
#endif
  }
}

}  // namespace
}  // namespace decodescope
