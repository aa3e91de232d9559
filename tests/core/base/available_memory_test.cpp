#include "core/base/available_memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace decodescope {
namespace {

TEST(AvailableMemory, IsMoreThanAPageAndLessThanTheMachineHas) {
  const auto bytes = availableMemory();
  ASSERT_TRUE(bytes);
  EXPECT_GT(*bytes, 1u << 20);
  const auto whole =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  EXPECT_LE(*bytes, whole);
}

}  // namespace
}  // namespace decodescope
