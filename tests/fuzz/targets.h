#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace decodescope::test {

/// One reader that must survive whatever it is given: it may refuse, never crash, hang or run out of memory.
struct FuzzTarget {
  const char* name;
  void (*run)(std::string_view input);
  /// Good inputs to begin from, made by the tests' own builders.
  std::vector<std::string> (*seeds)();
};

std::span<const FuzzTarget> fuzzTargets();
/// nullptr for a name that there is not.
const FuzzTarget* findFuzzTarget(std::string_view name);

}  // namespace decodescope::test
