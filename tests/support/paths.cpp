#include "tests/support/paths.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>

namespace decodescope::test {

std::filesystem::path sourceDir() {
  return DECODESCOPE_SOURCE_DIR;
}

std::string testPath(const std::string& relative) {
  return (sourceDir() / "tests" / relative).string();
}

TemporaryDir::TemporaryDir() {
  std::string name = (std::filesystem::temp_directory_path() / "decodescope-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    std::perror("decodescope tests: no temporary folder");
    std::abort();
  }
  m_path = name;
}

TemporaryDir::~TemporaryDir() {
  std::error_code ignored;
  std::filesystem::remove_all(m_path, ignored);
}

std::string TemporaryDir::write(const std::string& name, std::string_view bytes) const {
  const std::filesystem::path target = m_path / name;
  std::filesystem::create_directories(target.parent_path());
  std::ofstream(target, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return target.string();
}

std::string readAll(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace decodescope::test
