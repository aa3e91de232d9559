#include "core/base/weight_span.h"

#include "tests/support/gguf_file.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace decodescope {
namespace {

std::vector<float> someNumbers(int count) {
  std::vector<float> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(std::sin(static_cast<float>(i)) * 3.0f);
  return numbers;
}

constexpr test::GgmlType kNames[] = {test::kF32, test::kF16, test::kBf16, test::kQ8_0, test::kQ4_0};
constexpr FloatType kTypes[] = {FloatType::f32, FloatType::f16, FloatType::bf16, FloatType::q8_0,
                                FloatType::q4_0};

TEST(WeightSpan, RowsAndNumbersAreThoseOfTheFile) {
  const std::vector<float> numbers = someNumbers(5 * 64);
  for (const FloatType type : kTypes) {
    SCOPED_TRACE(floatTypeInfo(type).name);
    const test::GgmlType name = kNames[static_cast<std::size_t>(type)];
    const std::string bytes = test::ggmlBytes(numbers, name);
    const std::vector<float> expected = test::fromGgmlBytes(bytes, name);
    const WeightSpan span(reinterpret_cast<const std::byte*>(bytes.data()), type, 5, 64);
    EXPECT_EQ(span.bytes(), bytes.size());
    for (int r = 0; r < 5; ++r) {
      const std::vector<float> row = span.row(r);
      for (int c = 0; c < 64; ++c) {
        const float number = expected[static_cast<std::size_t>(r * 64 + c)];
        EXPECT_EQ(row[static_cast<std::size_t>(c)], number);
        EXPECT_EQ(span(r, c), number);
      }
    }
    const WeightSpan middle = span.middleRows(2, 2);
    EXPECT_EQ(middle.rows, 2);
    EXPECT_EQ(middle.row(1), span.row(3));
  }
}

TEST(WeightSpan, FloatsWithAStrideLieAsTheyLie) {
  const std::vector<float> numbers = someNumbers(4 * 7);
  const ConstMatrixSpan matrix(numbers.data(), 4, 5, 7);
  const WeightSpan span(matrix);
  EXPECT_EQ(span.bytes(), 4u * 5u * 4u);
  EXPECT_EQ(span(3, 4), matrix(3, 4));
  EXPECT_EQ(span.floats().data, matrix.data);
  EXPECT_EQ(span.floats().stride, 7);
  EXPECT_EQ(span.middleRows(1, 2).floats()(1, 2), matrix(2, 2));
}

TEST(FloatTypes, CountsWhatIsNotFinite) {
  std::vector<float> numbers = someNumbers(64);
  const float infinity = std::numeric_limits<float>::infinity();
  numbers[3] = infinity;
  numbers[40] = -infinity;
  numbers[41] = std::numeric_limits<float>::quiet_NaN();
  for (const FloatType type : {FloatType::f32, FloatType::f16, FloatType::bf16}) {
    const std::string bytes = "x" + test::ggmlBytes(numbers, kNames[static_cast<std::size_t>(type)]);
    EXPECT_EQ(countNotFinite(type, reinterpret_cast<const std::byte*>(bytes.data() + 1), 64), 3u);
  }
  for (const FloatType type : {FloatType::q8_0, FloatType::q4_0}) {
    std::string bytes = test::ggmlBytes(someNumbers(64), kNames[static_cast<std::size_t>(type)]);
    const auto count = [&] {
      return countNotFinite(type, reinterpret_cast<const std::byte*>(bytes.data()), 64);
    };
    EXPECT_EQ(count(), 0u);
    bytes[floatTypeInfo(type).blockBytes + 1] = 0x7c;  // the second block's scale
    EXPECT_EQ(count(), 32u);
  }
}

}  // namespace
}  // namespace decodescope
