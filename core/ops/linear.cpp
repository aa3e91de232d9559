#include "core/ops/linear.h"

#include "core/ops/kernels.h"

#include <algorithm>
#include <cstdint>

namespace decodescope {
namespace {

/// Output features a block: 64 KiB of weights for one row, in the eights that the kernel takes; a whole tile
/// of a matrix product for more.
int featuresPerBlock(int rows, int inFeatures) {
  return rows == 1 ? std::max(8, (1 << 14) / inFeatures / 8 * 8) : 256;
}

/// Below this many multiply-adds, waking a thread costs more than it saves.
constexpr std::int64_t kWorthSharing = 1 << 15;

void linearBlock(ConstMatrixSpan x, const LinearWeights& weights, MatrixSpan y, int first, int count) {
  if (x.rows == 1) {
    kernels().matVec(weights.weight, weights.bias, x.row(0), y.row(0), first, count);
    return;
  }
  const MatrixSpan part{y.data + first, y.rows, count, y.stride};
  kernels().gemmNT(x, weights.weight.middleRows(first, count), part, false);
  if (!weights.bias) return;
  for (int r = 0; r < part.rows; ++r) {
    for (int o = 0; o < count; ++o) part(r, o) += weights.bias[first + o];
  }
}

}  // namespace

void linear(ConstMatrixSpan x, const LinearWeights& weights, MatrixSpan y, ThreadPool* pool) {
  const int out = weights.weight.rows;
  const int size = featuresPerBlock(x.rows, weights.weight.cols);
  const int blocks = (out + size - 1) / size;
  const auto block = [&](int b) { linearBlock(x, weights, y, b * size, std::min(size, out - b * size)); };
  const std::int64_t work = std::int64_t{x.rows} * out * weights.weight.cols;
  if (pool && work >= kWorthSharing) {
    pool->run(blocks, block);
  } else {
    for (int b = 0; b < blocks; ++b) block(b);
  }
}

}  // namespace decodescope
