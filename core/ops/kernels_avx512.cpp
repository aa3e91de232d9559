// Compiled with -mavx512f -mavx512dq -mfma -DEigen=EigenAvx512 on x86-64 (core/CMakeLists.txt); offers one
// C++ symbol besides Eigen's renamed ones, and uses no standard algorithms: see kernels_avx2.cpp.
#include "core/ops/kernels.h"

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__FMA__)

#include <Eigen/Core>

namespace decodescope {
namespace {

#include "core/ops/gemm_eigen.inl"

}  // namespace

const Kernels* avx512Kernels() {
  if (!avx2Kernels() || !__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512dq"))
    return nullptr;
  // What one token needs is bound by memory; only the matrix products gain from wider registers.
  static const Kernels kSet = [] {
    Kernels set = *avx2Kernels();
    set.name = "avx512";
    set.gemmNT = gemmNT;
    set.gemmNN = gemmNN;
    set.gemmTN = gemmTN;
    return set;
  }();
  return &kSet;
}

}  // namespace decodescope

#else

namespace decodescope {

const Kernels* avx512Kernels() {
  return nullptr;
}

}  // namespace decodescope

#endif
