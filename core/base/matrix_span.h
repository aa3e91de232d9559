#pragma once

#include <cstddef>
#include <span>

namespace decodescope {

/// A row-major float matrix that somebody else owns: rows × cols, `stride` floats from row to row.
/// In this project rows are tokens (activations) or output features (weights).
template <class Float>
struct BasicMatrixSpan {
  Float* data = nullptr;
  int rows = 0;
  int cols = 0;
  std::ptrdiff_t stride = 0;

  constexpr BasicMatrixSpan() = default;
  constexpr BasicMatrixSpan(Float* d, int r, int c) : data(d), rows(r), cols(c), stride(c) {}
  constexpr BasicMatrixSpan(Float* d, int r, int c, std::ptrdiff_t s)
      : data(d), rows(r), cols(c), stride(s) {}
  /// A const view of a mutable matrix.
  constexpr operator BasicMatrixSpan<const Float>() const { return {data, rows, cols, stride}; }

  constexpr Float* row(int r) const { return data + r * stride; }
  constexpr std::span<Float> rowSpan(int r) const { return {row(r), static_cast<std::size_t>(cols)}; }
  constexpr Float& operator()(int r, int c) const { return data[r * stride + c]; }
  /// Rows first … first+count−1.
  constexpr BasicMatrixSpan middleRows(int first, int count) const {
    return {row(first), count, cols, stride};
  }
};

using MatrixSpan = BasicMatrixSpan<float>;
using ConstMatrixSpan = BasicMatrixSpan<const float>;

}  // namespace decodescope
