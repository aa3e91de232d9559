#include "core/base/assets.h"

#include "tests/support/paths.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <optional>
#include <string>

namespace decodescope {
namespace {

/// Sets DECODESCOPE_ASSETS for a test and puts the old value back.
class AssetsVariable {
 public:
  explicit AssetsVariable(const std::string& value) {
    if (const char* old = std::getenv("DECODESCOPE_ASSETS")) m_old = old;
    setenv("DECODESCOPE_ASSETS", value.c_str(), 1);
  }
  ~AssetsVariable() {
    if (m_old) {
      setenv("DECODESCOPE_ASSETS", m_old->c_str(), 1);
    } else {
      unsetenv("DECODESCOPE_ASSETS");
    }
  }

 private:
  std::optional<std::string> m_old;
};

TEST(Assets, TheEnvironmentComesFirst) {
  const test::TemporaryDir dir;
  const AssetsVariable variable(dir.path().string());
  const auto found = assetsDir();
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_EQ(found.value(), dir.path().string());
}

TEST(Assets, AWrongEnvironmentIsAnErrorRatherThanIgnored) {
  const test::TemporaryDir dir;
  const AssetsVariable variable(dir.file("absent"));
  const auto found = assetsDir();
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().message(), dir.file("absent") + ": DECODESCOPE_ASSETS: is not a folder");
}

TEST(Assets, TheDefaultModelIsTheOneNamed) {
  const test::TemporaryDir dir;
  const AssetsVariable variable(dir.path().string());
  const auto none = defaultModelPath();
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().file, dir.file("models/default"));

  std::filesystem::create_directory(dir.path() / "models");
  std::ofstream(dir.path() / "models" / "default") << "tales\n";
  const auto found = defaultModelPath();
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_EQ(found.value(), dir.file("models/tales"));
}

}  // namespace
}  // namespace decodescope
