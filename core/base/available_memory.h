#pragma once

#include <cstdint>
#include <optional>

namespace decodescope {

/// Bytes that a program can still use before the system has to swap, caches that it would give up included
/// (MemAvailable of /proc/meminfo); nothing where that is not known.
std::optional<std::uint64_t> availableMemory();

}  // namespace decodescope
