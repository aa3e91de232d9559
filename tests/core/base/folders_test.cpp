#include "core/base/folders.h"

#include "tests/support/paths.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

TEST(Folders, ThoseAboveAreMadeToo) {
  const test::TemporaryDir dir;
  ASSERT_TRUE(makeFolders(dir.file("a/b/c")).ok());
  EXPECT_TRUE(std::filesystem::is_directory(dir.file("a/b/c")));
  EXPECT_TRUE(makeFolders(dir.file("a/b/c")).ok()) << "it exists already";
  EXPECT_TRUE(makeFolders(dir.file("d/e/")).ok()) << "a slash at the end";
  EXPECT_TRUE(std::filesystem::is_directory(dir.file("d/e")));
}

TEST(Folders, AFileInTheWayIsAnError) {
  const test::TemporaryDir dir;
  std::ofstream(dir.file("taken")) << "x";
  for (const char* name : {"taken", "taken/below"}) {
    const auto made = makeFolders(dir.file(name));
    ASSERT_FALSE(made.ok()) << name;
    EXPECT_EQ(made.error().file, dir.file(name));
  }
}

}  // namespace
}  // namespace decodescope
