#include "tests/support/temp_dir.h"

#include <fstream>
#include <iterator>
#include <system_error>
#include <unistd.h>

namespace decodescope {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "decodescope-test-XXXXXX").string();
  if (::mkdtemp(name.data())) m_path = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  if (!m_path.empty()) std::filesystem::remove_all(m_path, ignored);
}

std::string TempDir::write(std::string_view name, std::string_view bytes) const {
  const std::filesystem::path path = std::filesystem::path(m_path) / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return path.string();
}

std::string readAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace decodescope
