#include "core/formats/npy.h"

#include "tests/support/npy_file.h"
#include "tests/support/paths.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <limits>

namespace decodescope {
namespace {

std::string bytesOf(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST(Npy, AVectorOfIntegersIsWhatNumPyWrites) {
  const test::TemporaryDir dir;
  const std::vector<std::int32_t> numbers = {1, -2, 70000};
  ASSERT_TRUE(writeNpy(dir.file("a.npy"), {3}, numbers).ok());
  // numpy.save of numpy.array([1, -2, 70000], dtype=numpy.int32), NumPy 1.24.
  std::string expected("\x93NUMPY\x01\x00\x76\x00", 10);
  expected += "{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }";
  expected.append(128 - 1 - expected.size(), ' ');
  expected += '\n';
  expected += std::string("\x01\x00\x00\x00\xfe\xff\xff\xff\x70\x11\x01\x00", 12);
  EXPECT_EQ(bytesOf(dir.file("a.npy")), expected);
}

TEST(Npy, AMatrixComesBack) {
  const test::TemporaryDir dir;
  const std::vector<float> numbers = {1.5f, -std::numeric_limits<float>::infinity(), 1e-40f, 0, 5, 6};
  ASSERT_TRUE(writeNpy(dir.file("m.npy"), {2, 1, 3}, numbers).ok());
  const test::NpyFile read = test::readNpy(dir.file("m.npy"));
  EXPECT_EQ(read.type, "<f4");
  EXPECT_EQ(read.shape, (std::vector<std::int64_t>{2, 1, 3}));
  EXPECT_EQ(read.floats, numbers);
}

TEST(Npy, AnEmptyArrayIsAFileToo) {
  const test::TemporaryDir dir;
  ASSERT_TRUE(writeNpy(dir.file("e.npy"), {0}, std::span<const std::int32_t>()).ok());
  EXPECT_EQ(test::readNpy(dir.file("e.npy")).shape, (std::vector<std::int64_t>{0}));
}

TEST(Npy, ManyExtentsStillBeginOnAMultipleOf64) {
  const test::TemporaryDir dir;
  ASSERT_TRUE(writeNpy(dir.file("l.npy"), std::vector<std::int64_t>(30, 1), std::vector<float>{7}).ok());
  EXPECT_EQ(test::readNpy(dir.file("l.npy")).floats, std::vector<float>{7});
}

TEST(Npy, NothingAppearsBeforeTheEnd) {
  const test::TemporaryDir dir;
  {
    auto writer = NpyWriter::create(dir.file("half.npy"), NpyWriter::Type::float32, {4});
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(writer.value().write(std::vector<float>{1, 2}).ok());
    EXPECT_FALSE(std::filesystem::exists(dir.file("half.npy")));
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

TEST(Npy, AFolderThatIsAbsentIsAnError) {
  const test::TemporaryDir dir;
  const auto written = writeNpy(dir.file("absent/a.npy"), {1}, std::vector<float>{1});
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().file, dir.file("absent/a.npy"));
}

}  // namespace
}  // namespace decodescope
