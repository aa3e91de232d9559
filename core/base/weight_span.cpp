#include "core/base/weight_span.h"

#include "core/base/result.h"

#include <array>

namespace decodescope {

WeightSpan::WeightSpan(const std::byte* d, FloatType t, int r, int c)
    : data(d),
      type(t),
      rows(r),
      cols(c),
      rowBytes(static_cast<std::ptrdiff_t>(storedBytes(t, static_cast<std::uint64_t>(c)))) {}

WeightSpan::WeightSpan(ConstMatrixSpan m)
    : data(reinterpret_cast<const std::byte*>(m.data)),
      rows(m.rows),
      cols(m.cols),
      rowBytes(m.stride * static_cast<std::ptrdiff_t>(sizeof(float))) {}

WeightSpan WeightSpan::middleRows(int first, int count) const {
  WeightSpan part = *this;
  part.data = rowData(first);
  part.rows = count;
  return part;
}

std::uint64_t WeightSpan::bytes() const {
  return static_cast<std::uint64_t>(rows) * storedBytes(type, static_cast<std::uint64_t>(cols));
}

float WeightSpan::operator()(int r, int c) const {
  const FloatTypeInfo& info = floatTypeInfo(type);
  const auto column = static_cast<std::uint64_t>(c);
  std::array<float, 32> block;
  widenFloats(type, rowData(r) + column / info.blockElements * info.blockBytes,
              std::span(block).first(static_cast<std::size_t>(info.blockElements)));
  return block[static_cast<std::size_t>(column % info.blockElements)];
}

std::vector<float> WeightSpan::row(int r) const {
  std::vector<float> numbers(static_cast<std::size_t>(cols));
  widenRow(r, numbers);
  return numbers;
}

void WeightSpan::widenRow(int r, std::span<float> out) const {
  DECODESCOPE_REQUIRE(out.size() == static_cast<std::size_t>(cols));
  widenFloats(type, rowData(r), out);
}

ConstMatrixSpan WeightSpan::floats() const {
  DECODESCOPE_REQUIRE(type == FloatType::f32);
  return {reinterpret_cast<const float*>(data), rows, cols,
          rowBytes / static_cast<std::ptrdiff_t>(sizeof(float))};
}

}  // namespace decodescope
