#pragma once

#include "core/base/thread_pool.h"
#include "core/model/model.h"

#include <span>

namespace decodescope {

/// y_r = W x_r + b for every row. x (n, in), y (n, out). One row: dot products in the order of W's rows;
/// more: matrix × matrix. Blocks of output features go to the pool; their size depends on the shape alone.
/// pool may be nullptr.
void linear(ConstMatrixSpan x, const LinearWeights& weights, MatrixSpan y, ThreadPool* pool);

struct LinearCall {
  const LinearWeights* weights;
  MatrixSpan y;  ///< (n, out)
};

/// Several products with one x, shared out together: threads meet once, at the end of all.
void linear(ConstMatrixSpan x, std::span<const LinearCall> calls, ThreadPool* pool);

}  // namespace decodescope
