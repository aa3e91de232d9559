#include "core/formats/gguf.h"

#include "core/formats/loaded_model.h"
#include "tests/core/formats/small_models.h"
#include "tests/support/byte_writer.h"
#include "tests/support/gguf_file.h"
#include "tests/support/paths.h"

#include <gtest/gtest.h>
#include <limits>
#include <vector>

namespace decodescope {
namespace {

using test::ByteWriter;
using test::GgufBuilder;
using test::patched;

std::string failure(const std::string& bytes) {
  const test::TemporaryDir folder;
  const auto file = GgufFile::open(folder.write("t", bytes));
  if (file.ok()) return "ok";
  return file.error().message().substr(folder.path().string().size() + 1);
}

GgufBuilder small() {
  GgufBuilder file;
  file.u32("a", 7);
  file.tensors.push_back({"x", {2, 3}, test::kF32, std::string(24, '\1')});
  file.tensors.push_back({"y", {32}, test::kQ8_0, std::string(34, '\2')});
  return file;
}

TEST(Gguf, ReadsBothVersionsAndEveryKindOfMetadata) {
  for (const std::uint32_t version : {2u, 3u}) {
    GgufBuilder file = small();
    file.version = version;
    file.raw("u8", 0, "\xff").raw("i8", 1, "\xff").raw("u16", 2, "\xff\xff").raw("i16", 3, "\xfe\xff");
    file.raw("i32", 5, "\xfd\xff\xff\xff").f32("f32", 0.5f).flag("flag", true).text("text", "caf\xc3\xa9");
    file.raw("u64", 10, ByteWriter().put<std::uint64_t>(5'000'000'000).bytes());
    file.raw("i64", 11, ByteWriter().put<std::int64_t>(-5'000'000'000).bytes());
    file.raw("f64", 12, ByteWriter().put(0.25).bytes());
    file.texts("texts", {"", "one", "zwei"}).f32s("f32s", {1.0f, -2.0f}).i32s("i32s", {3, -4});
    const test::TemporaryDir folder;
    const auto opened = GgufFile::open(folder.write("t", file.bytes()));
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    const GgufFile& read = opened.value();
    EXPECT_EQ(read.version(), version);
    const auto integer = [&](const char* key) {
      return read
          .integer(key, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max())
          .value();
    };
    EXPECT_EQ(integer("a"), 7);
    EXPECT_EQ(integer("u8"), 255);
    EXPECT_EQ(integer("i8"), -1);
    EXPECT_EQ(integer("u16"), 65535);
    EXPECT_EQ(integer("i16"), -2);
    EXPECT_EQ(integer("i32"), -3);
    EXPECT_EQ(integer("u64"), 5'000'000'000);
    EXPECT_EQ(integer("i64"), -5'000'000'000);
    EXPECT_EQ(read.number("f32").value(), 0.5);
    EXPECT_EQ(read.number("f64").value(), 0.25);
    EXPECT_EQ(read.number("i8").value(), -1.0);
    EXPECT_EQ(read.flag("flag", false).value(), true);
    EXPECT_EQ(read.flag("none", true).value(), true);
    EXPECT_EQ(read.text("text").value(), "caf\xc3\xa9");
    EXPECT_EQ(read.texts("texts").value(), (std::vector<std::string_view>{"", "one", "zwei"}));
    EXPECT_EQ(read.numbers("f32s").value(), (std::vector<float>{1.0f, -2.0f}));
    EXPECT_EQ(read.integers("i32s", -4, 3).value(), (std::vector<std::int64_t>{3, -4}));
    ASSERT_EQ(read.tensors().size(), 2u);
    EXPECT_EQ(read.find("x")->shownShape(), "[3, 2]") << "row-major";
    EXPECT_EQ(read.find("x")->begin % 32, 0u);
    EXPECT_EQ(read.find("y")->end - read.find("y")->begin, 34u);
    EXPECT_EQ(read.find("z"), nullptr);
  }
}

TEST(Gguf, WidensBlocksAsTheyAreDescribed) {
  // The scale 0.5 (0x3800), then −128, 127, 0 … and, of nibbles, 0x80: low 0 (−8), high 8 (0).
  std::string q8("\x00\x38\x80\x7f", 4);
  q8.resize(34, '\0');
  std::string q4("\x00\x38\x80\x1f", 4);
  q4.resize(18, '\x88');
  GgufBuilder file;
  file.tensors.push_back({"q8", {32}, test::kQ8_0, q8});
  file.tensors.push_back({"q4", {32}, test::kQ4_0, q4});
  const test::TemporaryDir folder;
  const auto opened = GgufFile::open(folder.write("t", file.bytes()));
  ASSERT_TRUE(opened.ok()) << opened.error().message();
  std::vector<float> numbers(32);
  ASSERT_TRUE(opened.value().read(*opened.value().find("q8"), numbers).ok());
  EXPECT_EQ(numbers[0], -64.0f);
  EXPECT_EQ(numbers[1], 63.5f);
  EXPECT_EQ(numbers[2], 0.0f);
  EXPECT_EQ(numbers, test::fromGgmlBytes(q8, test::kQ8_0));
  ASSERT_TRUE(opened.value().read(*opened.value().find("q4"), numbers).ok());
  EXPECT_EQ(numbers[0], -4.0f);
  EXPECT_EQ(numbers[1], 3.5f);
  EXPECT_EQ(numbers[2], 0.0f);
  EXPECT_EQ(numbers[16], 0.0f);
  EXPECT_EQ(numbers[17], -3.5f);
  EXPECT_EQ(numbers, test::fromGgmlBytes(q4, test::kQ4_0));
}

TEST(Gguf, OtherKindsOfFilesAreRefused) {
  EXPECT_EQ(failure(""), "t: file is empty");
  EXPECT_EQ(failure("hello"), "t: not a GGUF file: found text (at byte 0)");
  EXPECT_EQ(failure("<!DOCTYPE html><html>"), "t: not a GGUF file: found an HTML page (at byte 0)");
  EXPECT_EQ(failure("version https://git-lfs.github.com/spec/v1\n"),
            "t: not a GGUF file: found a Git LFS pointer, not the file it stands for (at byte 0)");
  EXPECT_EQ(failure("PK\x03\x04 and so on"),
            "t: not a GGUF file: found a zip archive, as PyTorch writes (at byte 0)");
  EXPECT_EQ(failure("tjgg\1\2\3\4"), "t: not a GGUF file: found a ggml file from before GGUF (at byte 0)");
  EXPECT_EQ(failure("FUGG\1\2\3\4"),
            "t: big-endian files are not supported: allowed little-endian (at byte 0)");
  EXPECT_EQ(failure(std::string("GGUF\0\0\0\3", 8)),
            "t: version: big-endian files are not supported: allowed little-endian (at byte 4)");
  EXPECT_EQ(failure("GGUF"), "t: version: file ends inside its header (at byte 4)");
  for (const std::uint32_t version : {0u, 1u, 4u}) {
    GgufBuilder file = small();
    file.version = version;
    EXPECT_EQ(failure(file.bytes()), "t: version: version is not supported: found " +
                                         std::to_string(version) + ", allowed 2 or 3 (at byte 4)");
  }
}

TEST(Gguf, BrokenHeadersAreRefused) {
  const auto with = [](auto change) {
    GgufBuilder file = small();
    change(file);
    return failure(file.bytes());
  };
  EXPECT_EQ(with([](GgufBuilder&) {}), "ok");
  const std::uint64_t huge = ~std::uint64_t{0};
  EXPECT_EQ(
      with([&](GgufBuilder& f) { f.tensorCount = huge; }),
      "t: tensor_count: number is too large: found 18446744073709551615, allowed at most 65536 (at byte 8)");
  EXPECT_EQ(with([](GgufBuilder& f) { f.tensorCount = 100; }),
            "t: tensor_count: number is more than the file holds: found 100, allowed at most 5 (at byte 8)");
  EXPECT_EQ(with([&](GgufBuilder& f) { f.pairCount = 65537; }),
            "t: metadata_kv_count: number is too large: found 65537, allowed at most 65536 (at byte 16)");
  EXPECT_EQ(
      with([](GgufBuilder& f) { f.pairCount = 100; }),
      "t: metadata_kv_count: number is more than the file holds: found 100, allowed at most 12 (at byte "
      "16)");
  EXPECT_EQ(with([](GgufBuilder& f) { f.text("", "x"); }), "t: metadata: key is empty (at byte 41)");
  EXPECT_EQ(with([](GgufBuilder& f) { f.text("\xff", "x"); }),
            "t: metadata: key is not UTF-8: found \"\xef\xbf\xbd\" (at byte 41)");
  EXPECT_EQ(with([](GgufBuilder& f) { f.addTwice("b"); }), "t: b: key stands twice (at byte 55)");
  EXPECT_EQ(with([](GgufBuilder& f) { f.text(std::string(65536, 'k'), "x"); }),
            "t: metadata: string is too long: found 65536 bytes, allowed at most 65535 (at byte 41)");
  EXPECT_EQ(with([](GgufBuilder& f) { f.raw("b", 13, "x"); }),
            "t: b: unknown type of metadata: found 13, allowed 0 to 12 (at byte 50)");
  EXPECT_EQ(with([](GgufBuilder& f) { f.raw("b", 7, "\2"); }),
            "t: b: not a truth value: found 2, allowed 0 or 1 (at byte 54)");
  EXPECT_EQ(
      with([&](GgufBuilder& f) { f.raw("b", 8, ByteWriter().put(huge).bytes()); }),
      "t: b: length of a string is more than the file holds: found 18446744073709551615, allowed at most "
      "164 (at byte 54)");
  const auto array = [&](std::uint32_t type, std::uint64_t count, std::string_view data = {}) {
    return with([&](GgufBuilder& f) { f.raw("b", 9, ByteWriter().put(type).put(count).raw(data).bytes()); });
  };
  EXPECT_EQ(array(9, 0), "t: b: arrays of arrays are not supported (at byte 54)");
  EXPECT_EQ(array(13, 0), "t: b: unknown type of metadata: found 13, allowed 0 to 12 (at byte 54)");
  EXPECT_EQ(array(0, huge),
            "t: b: length of an array is more than the file holds: found 18446744073709551615, "
            "allowed at most 160 (at byte 58)");
  EXPECT_EQ(array(8, huge / 8),
            "t: b: length of an array is more than the file holds: found "
            "2305843009213693951, allowed at most 20 (at byte 58)");
  EXPECT_EQ(array(7, 2, "\1\3"), "t: b: not a truth value: found 3, allowed 0 or 1 (at byte 67)");
  EXPECT_EQ(
      array(8, 1, std::string(8, '\xff')),
      "t: b: length of a string is more than the file holds: found 18446744073709551615, allowed at most "
      "152 (at byte 66)");
  EXPECT_EQ(with([](GgufBuilder& f) { f.u32("general.alignment", 0); }),
            "t: general.alignment: out of range: found 0, allowed an integer from 1 to 1048576 (at byte 70)");
  EXPECT_EQ(with([](GgufBuilder& f) { f.u32("general.alignment", 24); }),
            "t: general.alignment: out of range: found 24, allowed a power of two (at byte 70)");
  EXPECT_EQ(
      with([](GgufBuilder& f) { f.u32("general.alignment", 1 << 21); }),
      "t: general.alignment: out of range: found 2097152, allowed an integer from 1 to 1048576 (at byte "
      "70)");
  EXPECT_EQ(
      with([](GgufBuilder& f) { f.text("general.alignment", "32"); }),
      "t: general.alignment: wrong type: found \"32\", allowed an integer from 1 to 1048576 (at byte 70)");
  EXPECT_EQ(with([](GgufBuilder& f) { f.alignment = 4096; }), "ok");
}

TEST(Gguf, BrokenTensorsAreRefused) {
  const auto with = [](auto change) {
    GgufBuilder file = small();
    change(file);
    return failure(file.bytes());
  };
  EXPECT_EQ(with([](GgufBuilder& f) { f.tensors[0].name = ""; }), "t: tensors: name is empty (at byte 41)");
  EXPECT_EQ(with([](GgufBuilder& f) { f.tensors[0].name = "\xc3"; }),
            "t: tensors: name is not UTF-8: found \"\xef\xbf\xbd\" (at byte 41)");
  EXPECT_EQ(with([](GgufBuilder& f) { f.tensors[0].name = std::string(65, 'n'); }),
            "t: tensors: string is too long: found 65 bytes, allowed at most 64 (at byte 41)");
  EXPECT_EQ(with([](GgufBuilder& f) { f.tensors[1].name = "x"; }), "t: x: tensor stands twice (at byte 82)");
  EXPECT_EQ(with([](GgufBuilder& f) { f.tensors[0].dims = {}; }),
            "t: x: number of dimensions out of range: found 0, allowed 1 to 4 (at byte 50)");
  EXPECT_EQ(with([](GgufBuilder& f) {
              f.tensors[0].dims = {1, 1, 1, 2, 3};
            }),
            "t: x: number of dimensions out of range: found 5, allowed 1 to 4 (at byte 50)");
  EXPECT_EQ(with([](GgufBuilder& f) {
              f.tensors[0].dims = {6, 0};
            }),
            "t: x: dimension out of range: found 0, allowed at least 1 (at byte 62)");
  EXPECT_EQ(with([](GgufBuilder& f) {
              f.tensors[0].dims = {std::uint64_t{1} << 32, std::uint64_t{1} << 32};
            }),
            "t: x: dimensions ask for more than the file holds: found 4294967296 (at byte 54)");
  EXPECT_EQ(with([](GgufBuilder& f) {
              f.tensors[0].dims = {2, ~std::uint64_t{0}};
            }),
            "t: x: dimensions ask for more than the file holds: found 18446744073709551615 (at byte 62)");
  const auto type = [&](std::uint32_t number) {
    return with([&](GgufBuilder& f) { f.tensors[0].type = number; });
  };
  const std::string allowed = ", allowed F32, F16, BF16, Q8_0, Q4_0 (at byte 70)";
  EXPECT_EQ(type(12), "t: x: type is not supported: found Q4_K" + allowed);
  EXPECT_EQ(type(14), "t: x: type is not supported: found Q6_K" + allowed);
  EXPECT_EQ(type(20), "t: x: type is not supported: found IQ4_NL" + allowed);
  EXPECT_EQ(type(26), "t: x: type is not supported: found I32" + allowed);
  EXPECT_EQ(type(4000), "t: x: type is not supported: found type 4000" + allowed);
  EXPECT_EQ(with([](GgufBuilder& f) {
              f.tensors[1].dims = {16, 2};
            }),
            "t: y: rows do not end with a block of Q8_0: found 16, allowed a multiple of 32 (at byte 111)");
  const auto offset = [&](std::size_t tensor, std::uint64_t place) {
    return with([&](GgufBuilder& f) { f.tensors[tensor].offset = place; });
  };
  // The tensors begin at byte 128: x takes 24 bytes, y begins 32 further on.
  EXPECT_EQ(offset(1, 0), "t: y: tensor overlaps another: found offset 0, allowed 32 (at byte 128)");
  EXPECT_EQ(offset(1, 33), "t: y: tensor is not aligned: found offset 33, allowed 32 (at byte 161)");
  EXPECT_EQ(offset(1, 64), "t: y: hole before the tensor: found offset 64, allowed 32 (at byte 192)");
  EXPECT_EQ(offset(0, 32), "t: x: hole before the tensor: found offset 32, allowed 0 (at byte 160)");
  EXPECT_EQ(offset(1, ~std::uint64_t{0}),
            "t: y: tensor begins past the end of the file: found 18446744073709551615 (at byte 107)");
  const std::string good = small().bytes();
  EXPECT_EQ(good.size(), 194u);
  EXPECT_EQ(failure(good.substr(0, 193)),
            "t: y: tensor ends past the end of the file: found 33 bytes, allowed 34 (at byte 160)");
  EXPECT_EQ(failure(good + std::string(30, '\0')), "ok") << "padded";
  EXPECT_EQ(failure(good + std::string(31, '\0')),
            "t: bytes after the last tensor: found 31 bytes, allowed at most the padding (at byte 194)");
}

TEST(Gguf, LookUpsSayWhatIsWrong) {
  GgufBuilder file = small();
  file.text("text", "\xff").texts("texts", {"a", "\xc3"}).i32s("i32s", {1, 9});
  file.f32s("f32s", {1, std::numeric_limits<float>::infinity()});
  file.raw("u64", 10, std::string(8, '\xff'));
  const test::TemporaryDir folder;
  const auto opened = GgufFile::open(folder.write("t", file.bytes()));
  ASSERT_TRUE(opened.ok()) << opened.error().message();
  const GgufFile& read = opened.value();
  const auto message = [&](const auto& result) {
    const std::string text = result.error().message().substr(folder.path().string().size() + 1);
    return text.substr(0, text.rfind(" (at byte "));
  };
  EXPECT_EQ(message(read.integer("none", 0, 1)), "t: none: missing");
  EXPECT_EQ(message(read.integer("a", 0, 6)), "t: a: out of range: found 7, allowed an integer from 0 to 6");
  EXPECT_EQ(message(read.integer("u64", 0, 6)),
            "t: u64: out of range: found 18446744073709551615, allowed an integer from 0 to 6");
  EXPECT_EQ(message(read.flag("a", true)), "t: a: wrong type: found 7, allowed a bool");
  EXPECT_EQ(message(read.text("a")), "t: a: wrong type: found 7, allowed a string");
  EXPECT_EQ(message(read.text("text")), "t: text: not UTF-8: found \"\xef\xbf\xbd\"");
  EXPECT_EQ(message(read.texts("text")),
            "t: text: wrong type: found \"\xef\xbf\xbd\", allowed an array of strings");
  EXPECT_EQ(message(read.texts("i32s")),
            "t: i32s: wrong type: found an array of 2 int32, allowed an array of strings");
  EXPECT_EQ(message(read.texts("texts")), "t: texts[1]: not UTF-8: found \"\xef\xbf\xbd\"");
  EXPECT_EQ(message(read.numbers("i32s")),
            "t: i32s: wrong type: found an array of 2 int32, allowed an array of float32");
  EXPECT_EQ(message(read.numbers("f32s")), "t: f32s[1]: not a finite number: found inf");
  EXPECT_EQ(message(read.integers("i32s", 0, 8)),
            "t: i32s[1]: out of range: found 9, allowed an integer from 0 to 8");
  EXPECT_EQ(message(read.integers("texts", 0, 8)),
            "t: texts: wrong type: found an array of 2 string, allowed an array of int32");
  EXPECT_EQ(message(read.number("text")), "t: text: wrong type: found \"\xef\xbf\xbd\", allowed a number");
}

/// A model with everything in it, as small as can be.
std::string smallFile() {
  ModelConfig config = smallLlama();
  config.vocabSize = 5;
  config.hiddenSize = 2;
  config.intermediateSize = 3;
  config.numHiddenLayers = 1;
  config.numAttentionHeads = 1;
  config.numKeyValueHeads = 1;
  config.headDim = 2;
  config.tieWordEmbeddings = true;
  config.rotaryLayout = RotaryLayout::interleaved;
  GgufBuilder file = test::ggufOf(numberedModel(config), test::kF16);
  file.text("tokenizer.ggml.model", "llama");
  file.texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "\xe2\x96\x81", "a"});
  file.f32s("tokenizer.ggml.scores", {0, 0, 0, -1, -2}).i32s("tokenizer.ggml.token_type", {2, 3, 3, 1, 1});
  return file.bytes();
}

TEST(Gguf, EveryTruncationIsAnError) {
  const std::string bytes = smallFile();
  const test::TemporaryDir folder;
  const auto whole = loadModel(folder.write("t.gguf", bytes));
  ASSERT_TRUE(whole.ok()) << whole.error().message();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(loadModel(folder.write("t.gguf", std::string_view(bytes).substr(0, size))).ok()) << size;
  }
}

TEST(Gguf, EveryFlippedByteIsReadOrRefused) {
  const std::string bytes = smallFile();
  const test::TemporaryDir folder;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ flip);
      const auto loaded = loadModel(folder.write("t.gguf", changed));
      if (loaded.ok()) static_cast<void>(loaded.value()->tokenizer->encode("a </s>a").ok());
    }
  }
}

}  // namespace
}  // namespace decodescope
