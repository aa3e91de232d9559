#include "tests/support/paths.h"

#include <cstdio>
#include <cstdlib>
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

}  // namespace decodescope::test
