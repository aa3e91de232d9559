#include "core/ops/kernels.h"

namespace decodescope {

const Kernels& kernels() {
  static const Kernels& kChosen = avx512Kernels() ? *avx512Kernels()
                                  : avx2Kernels() ? *avx2Kernels()
                                                  : genericKernels();
  return kChosen;
}

}  // namespace decodescope
