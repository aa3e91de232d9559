#include "core/formats/safetensors.h"

#include "tests/core/formats/small_models.h"
#include "tests/support/paths.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace decodescope {
namespace {

std::string failure(const std::string& bytes) {
  const test::TemporaryDir folder;
  const auto file = SafetensorsFile::open(folder.write("t", bytes));
  return file.ok() ? "ok" : file.error().message().substr(folder.path().string().size() + 1);
}

std::string headerFailure(const std::string& header, std::size_t dataSize) {
  return failure(safetensorsBytes(header, std::string(dataSize, 'x')));
}

TEST(Safetensors, ReadsAllThreeFloatFormats) {
  const test::TemporaryDir folder;
  const std::string data(
      "\x00\x00\x80\x3f\x00\x00\x00\xc0"
      "\x00\x3c\x00\xc0"
      "\x80\x3f\x00\xc0",
      16);
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[2],"data_offsets":[12,16]},)"
      R"("f":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
      R"("h":{"dtype":"F16","shape":[1,2],"data_offsets":[8,12]},)"
      R"("none":{"dtype":"F32","shape":[0,5],"data_offsets":[16,16]}}   )";
  const auto file = SafetensorsFile::open(folder.write("t", safetensorsBytes(header, data)));
  ASSERT_TRUE(file.ok()) << file.error().message();
  ASSERT_EQ(file.value().entries().size(), 4u);
  EXPECT_EQ(file.value().entries()[0].name, "f") << "in the order of the file";
  for (const char* name : {"f", "h", "b"}) {
    std::vector<float> numbers(2);
    const auto read = file.value().read(*file.value().find(name), numbers);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read.value(), 0u);
    EXPECT_EQ(numbers, (std::vector<float>{1.0f, -2.0f})) << name;
  }
  EXPECT_EQ(file.value().find("x"), nullptr);
}

TEST(Safetensors, BrokenFilesAreRefused) {
  EXPECT_EQ(failure("1234567"), "t: too short for a safetensors file: found 7 bytes, allowed at least 10");
  EXPECT_EQ(failure(std::string(8, '\0') + "{}"),
            "t: header length out of range: found 0, allowed 2 to 2 (at byte 0)");
  EXPECT_EQ(failure(std::string(7, '\xff') + std::string(1, '\x7f') + "{}"),
            "t: header length out of range: found 9223372036854775807, allowed 2 to 2 (at byte 0)");
  EXPECT_EQ(failure(safetensorsBytes("{\"a\":", "")),
            "t: not valid JSON: unexpected end of input: allowed '[', '{', or a literal (at byte 13)");
  EXPECT_EQ(headerFailure("[]", 0), "t: wrong type: found an array, allowed an object");
  EXPECT_EQ(headerFailure("{}", 0), "ok");
  EXPECT_EQ(headerFailure("{}", 3),
            "t: bytes after the last tensor: found 3 bytes, allowed none (at byte 10)");
  EXPECT_EQ(headerFailure(R"({"__metadata__":{"a":1}})", 0),
            "t: __metadata__.a: wrong type: found 1, allowed a string");
  const auto one = [](const std::string& tensor, std::size_t size) {
    return headerFailure("{\"a\":" + tensor + "}", size);
  };
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})", 8), "ok");
  EXPECT_EQ(one("3", 8), "t: a: wrong type: found 3, allowed an object");
  EXPECT_EQ(one(R"({"shape":[2],"data_offsets":[0,8]})", 8), "t: a.dtype: missing");
  EXPECT_EQ(one(R"({"dtype":"F32","data_offsets":[0,8]})", 8), "t: a.shape: missing");
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[2]})", 8), "t: a.data_offsets: missing");
  EXPECT_EQ(one(R"({"dtype":"Q4","shape":[2],"data_offsets":[0,8]})", 8),
            "t: a.dtype: unknown dtype: found \"Q4\", allowed F32, F16, BF16");
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1})", 8),
            "t: a.more: unknown member of a tensor: found 1, allowed dtype, shape, data_offsets");
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})", 8),
            "t: a.shape[0]: out of range: found -2, allowed an integer from 0 to 9007199254740992");
  EXPECT_EQ(
      one(R"({"dtype":"F32","shape":[1.5],"data_offsets":[0,8]})", 8),
      "t: a.shape[0]: not an integer in range: found 1.5, allowed an integer from 0 to 9007199254740992");
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[4503599627370496,4096],"data_offsets":[0,8]})", 8),
            "t: a.shape: sizes multiply beyond 64 bits: found an array");
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]})", 8),
            "t: a.shape: too many dimensions: found an array, allowed at most 8");
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,12]})", 8),
            "t: a.data_offsets[1]: out of range: found 12, allowed an integer from 0 to 8");
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})", 8),
            "t: a.data_offsets: do not span the tensor's bytes: found [8, 0], allowed 8 bytes for F32 [2]");
  EXPECT_EQ(one(R"({"dtype":"F16","shape":[2],"data_offsets":[0,8]})", 8),
            "t: a.data_offsets: do not span the tensor's bytes: found [0, 8], allowed 4 bytes for F16 [2]");
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8,16]})", 8),
            "t: a.data_offsets: wrong number of offsets: found an array, allowed 2");
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})", 8),
            "t: a: hole before the tensor (at byte 66)");
  const std::string half = R"({"dtype":"F32","shape":[1],"data_offsets":)";
  EXPECT_EQ(headerFailure("{\"a\":" + half + "[0,4]},\"b\":" + half + "[0,4]}}", 4),
            "t: b: tensor overlaps another (at byte 115)");
  EXPECT_EQ(headerFailure("{\"a\":" + half + "[0,4]},\"b\":" + half + "[8,12]}}", 12),
            "t: b: hole before the tensor (at byte 124)");
  EXPECT_EQ(headerFailure("{\"a\":" + half + "[0,4]},\"a\":" + half + "[4,8]}}", 8),
            "t: a: name stands twice in its object");
}

TEST(Safetensors, EveryTruncationIsAnError) {
  const std::string bytes = safetensorsBytes({{"a", {2, 2}, {1, 2, 3, 4}}, {"b", {3}, {5, 6, 7}}});
  EXPECT_EQ(failure(bytes), "ok");
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_NE(failure(bytes.substr(0, size)), "ok") << size;
}

TEST(Safetensors, EveryFlippedBitOfTheHeaderIsReadOrRefused) {
  const std::string bytes = safetensorsBytes({{"a", {2, 2}, {1, 2, 3, 4}}, {"b", {3}, {5, 6, 7}}});
  const test::TemporaryDir folder;
  for (std::size_t bit = 0; bit < 8 * (bytes.size() - 28); ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    const auto file = SafetensorsFile::open(folder.write("t", changed));
    if (!file.ok()) continue;
    for (const SafetensorsEntry& entry : file.value().entries()) {
      std::vector<float> numbers(entry.elements());
      static_cast<void>(file.value().read(entry, numbers).ok());
    }
  }
}

TEST(Safetensors, OtherDtypesAreOnlyRefusedWhenRead) {
  const test::TemporaryDir folder;
  const std::string header = R"({"mask":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}})";
  const auto file = SafetensorsFile::open(folder.write("t", safetensorsBytes(header, "xx")));
  ASSERT_TRUE(file.ok());
  std::vector<float> numbers(2);
  EXPECT_EQ(
      file.value().read(*file.value().find("mask"), numbers).error().message(),
      folder.file("t") + ": mask: dtype cannot be used for weights: found BOOL, allowed F32, F16, BF16");
}

TEST(Safetensors, CountsWhatIsNotFinite) {
  const test::TemporaryDir folder;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const auto file =
      SafetensorsFile::open(folder.write("t", safetensorsBytes({{"a", {4}, {nan, 1, -infinity, 2}}})));
  std::vector<float> numbers(4);
  EXPECT_EQ(file.value().read(file.value().entries()[0], numbers).value(), 2u);
}

TEST(Safetensors, StopsWhenAsked) {
  const test::TemporaryDir folder;
  const auto file = SafetensorsFile::open(folder.write("t", safetensorsBytes({{"a", {1}, {1}}})));
  std::stop_source stop;
  stop.request_stop();
  std::vector<float> numbers(1);
  EXPECT_EQ(file.value().read(file.value().entries()[0], numbers, stop.get_token()).error().message(),
            folder.file("t") + ": cancelled");
}

TEST(Safetensors, WritesWhatItReads) {
  const test::TemporaryDir folder;
  const std::vector<float> matrix{1, -2, 0.15625f, 4, 5, 6};
  const std::vector<float> vector{1.00390625f, 1.01171875f};  // halfway between two neighbours in bfloat16
  const std::vector<TensorToStore> tensors{{"m", ConstMatrixSpan(matrix.data(), 2, 3), false},
                                           {"v", ConstMatrixSpan(vector.data(), 1, 2), true}};
  for (const StoredFloat dtype : {StoredFloat::f32, StoredFloat::bf16}) {
    ASSERT_TRUE(writeSafetensors(folder.file("t"), tensors, dtype).ok());
    const auto file = SafetensorsFile::open(folder.file("t"));
    ASSERT_TRUE(file.ok()) << file.error().message();
    EXPECT_EQ(file.value().find("m")->shownShape(), "[2, 3]");
    EXPECT_EQ(file.value().find("v")->shownShape(), "[2]");
    EXPECT_EQ(file.value().find("m")->begin % 8, 0u) << "aligned";
    std::vector<float> read(6);
    ASSERT_TRUE(file.value().read(*file.value().find("m"), read).ok());
    EXPECT_EQ(read, matrix);
    read.resize(2);
    ASSERT_TRUE(file.value().read(*file.value().find("v"), read).ok());
    const std::vector<float> rounded{1.0f, 1.015625f};
    EXPECT_EQ(read, dtype == StoredFloat::f32 ? vector : rounded);
  }
  EXPECT_NE(test::readAll(folder.file("t")).find(R"("__metadata__":{"format":"pt"})"), std::string::npos);
}

}  // namespace
}  // namespace decodescope
