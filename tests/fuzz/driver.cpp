// libFuzzer's entry: one program a target (DECODESCOPE_FUZZ_TARGET), built by the preset fuzz.
#include "tests/fuzz/targets.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const decodescope::test::FuzzTarget* const kTarget =
      decodescope::test::findFuzzTarget(DECODESCOPE_FUZZ_TARGET);
  kTarget->run({reinterpret_cast<const char*>(data), size});
  return 0;
}
