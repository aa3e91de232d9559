#pragma once

#include "core/base/float_types.h"
#include "core/base/matrix_span.h"

#include <vector>

namespace decodescope {

/// A row-major matrix of weights as stored, that somebody else owns: rows × cols (out, in), `rowBytes` bytes
/// from row to row. What multiplies takes it as it is (Kernels); everybody else widens the rows or numbers
/// that it looks at. Rows of q8_0 and q4_0 are a whole number of blocks; f32, f16 and bf16 lie on their own
/// alignment.
struct WeightSpan {
  const std::byte* data = nullptr;
  FloatType type = FloatType::f32;
  int rows = 0;
  int cols = 0;
  std::ptrdiff_t rowBytes = 0;

  WeightSpan() = default;
  WeightSpan(const std::byte* d, FloatType t, int r, int c);
  /// Float32 as it lies.
  WeightSpan(ConstMatrixSpan m);

  const std::byte* rowData(int r) const { return data + r * rowBytes; }
  /// Rows first … first+count−1.
  WeightSpan middleRows(int first, int count) const;
  /// Bytes of all its rows, gaps between them left out.
  std::uint64_t bytes() const;

  /// W[r, c], widened.
  float operator()(int r, int c) const;
  /// A row, widened.
  std::vector<float> row(int r) const;
  void widenRow(int r, std::span<float> out) const;
  /// The matrix itself. Needs type f32.
  ConstMatrixSpan floats() const;
};

}  // namespace decodescope
