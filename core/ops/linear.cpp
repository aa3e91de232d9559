#include "core/ops/linear.h"

#include "core/base/aligned_buffer.h"
#include "core/ops/kernels.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace decodescope {
namespace {

/// Output features a block: 32 KiB of weights for one row, in the eights that the kernel takes; a whole tile
/// of a matrix product for more.
int featuresPerBlock(int rows, int inFeatures) {
  return rows == 1 ? std::max(8, (1 << 13) / inFeatures / 8 * 8) : 256;
}

/// Below this many multiply-adds, waking a thread costs more than it saves.
constexpr std::int64_t kWorthSharing = 1 << 15;

/// Rows first … first+count−1 as float32: as they lie, or widened into memory of this thread's, which the
/// next call overwrites.
ConstMatrixSpan floatRows(const WeightSpan& weight, int first, int count) {
  const WeightSpan rows = weight.middleRows(first, count);
  if (rows.type == FloatType::f32) return rows.floats();
  thread_local AlignedBuffer widened;
  const std::size_t size = static_cast<std::size_t>(count) * static_cast<std::size_t>(weight.cols);
  if (widened.size() < size) widened = AlignedBuffer(size);
  const MatrixSpan floats{widened.data(), count, weight.cols};
  for (int r = 0; r < count; ++r) kernels().widen(rows.type, rows.rowData(r), floats.row(r), weight.cols);
  return floats;
}

void linearBlock(ConstMatrixSpan x, const LinearWeights& weights, MatrixSpan y, int first, int count) {
  if (x.rows == 1) {
    kernels().matVec(weights.weight, weights.bias, x.row(0), y.row(0), first, count);
    return;
  }
  const MatrixSpan part{y.data + first, y.rows, count, y.stride};
  kernels().gemmNT(x, floatRows(weights.weight, first, count), part, false);
  if (!weights.bias) return;
  for (int r = 0; r < part.rows; ++r) {
    for (int o = 0; o < count; ++o) part(r, o) += weights.bias[first + o];
  }
}

/// Blocks of a product's output features.
struct Blocks {
  int size = 0;
  int count = 0;
};

Blocks blocksOf(ConstMatrixSpan x, const LinearWeights& weights) {
  const int size = featuresPerBlock(x.rows, weights.weight.cols);
  return {size, (weights.weight.rows + size - 1) / size};
}

}  // namespace

void linear(ConstMatrixSpan x, std::span<const LinearCall> calls, ThreadPool* pool) {
  int blocks = 0;
  std::int64_t work = 0;
  for (const LinearCall& call : calls) {
    blocks += blocksOf(x, *call.weights).count;
    work += std::int64_t{x.rows} * call.weights->weight.rows * call.weights->weight.cols;
  }
  const auto block = [&](int b) {
    for (const LinearCall& call : calls) {
      const auto [size, count] = blocksOf(x, *call.weights);
      if (b < count) {
        const int first = b * size;
        linearBlock(x, *call.weights, call.y, first, std::min(size, call.weights->weight.rows - first));
        return;
      }
      b -= count;
    }
  };
  if (pool && work >= kWorthSharing) {
    pool->run(blocks, block);
  } else {
    for (int b = 0; b < blocks; ++b) block(b);
  }
}

void linear(ConstMatrixSpan x, const LinearWeights& weights, MatrixSpan y, ThreadPool* pool) {
  linear(x, std::array{LinearCall{&weights, y}}, pool);
}

}  // namespace decodescope
