#include "core/base/available_memory.h"

#include <fstream>
#include <string>

namespace decodescope {

std::optional<std::uint64_t> availableMemory() {
  std::ifstream file("/proc/meminfo");
  std::string name, unit;
  std::uint64_t kibibytes = 0;
  while (file >> name >> kibibytes) {
    if (name == "MemAvailable:") return kibibytes * 1024;
    std::getline(file, unit);
  }
  return std::nullopt;
}

}  // namespace decodescope
