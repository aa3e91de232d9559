#pragma once

#include "core/ops/kernels.h"

namespace decodescope {

/// Matrix products on the calling thread by the fastest kernels of this machine; see Kernels for shapes.
inline void gemmNT(ConstMatrixSpan a, ConstMatrixSpan b, MatrixSpan c, bool accumulate) {
  kernels().gemmNT(a, b, c, accumulate);
}
inline void gemmNN(ConstMatrixSpan a, ConstMatrixSpan b, MatrixSpan c, bool accumulate) {
  kernels().gemmNN(a, b, c, accumulate);
}
inline void gemmTN(ConstMatrixSpan a, ConstMatrixSpan b, MatrixSpan c, bool accumulate) {
  kernels().gemmTN(a, b, c, accumulate);
}

}  // namespace decodescope
