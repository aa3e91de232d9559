#include "core/ops/kernels.h"

namespace decodescope {

const Kernels& kernels() {
  static const Kernels& kChosen = avx2Kernels() ? *avx2Kernels() : genericKernels();
  return kChosen;
}

}  // namespace decodescope
