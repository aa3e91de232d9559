#include "core/base/atomic_file.h"

#include "tests/support/paths.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <vector>

namespace decodescope {
namespace {

std::vector<std::string> namesIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename());
  return names;
}

TEST(AtomicFile, AppearsOnlyWithCommit) {
  const test::TemporaryDir folder;
  const std::string path = folder.write("a", "old");
  {
    auto file = AtomicFile::create(path);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file.value().write("new").ok());
    EXPECT_EQ(test::readAll(path), "old");
  }
  EXPECT_EQ(test::readAll(path), "old");
  EXPECT_EQ(namesIn(folder.path().string()), std::vector<std::string>{"a"}) << "the temporary file is gone";
  ASSERT_TRUE(writeFileAtomically(path, "new").ok());
  EXPECT_EQ(test::readAll(path), "new");
  EXPECT_EQ(namesIn(folder.path().string()), std::vector<std::string>{"a"});
}

TEST(AtomicFile, WritesThroughASymbolicLink) {
  const test::TemporaryDir folder;
  const std::string target = folder.write("target", "old");
  std::filesystem::create_symlink(target, folder.file("link"));
  ASSERT_TRUE(writeFileAtomically(folder.file("link"), "new").ok());
  EXPECT_TRUE(std::filesystem::is_symlink(folder.file("link")));
  EXPECT_EQ(test::readAll(target), "new");
}

TEST(AtomicFile, NeverReplacesWhatIsNoRegularFile) {
  const test::TemporaryDir folder;
  EXPECT_EQ(writeFileAtomically("/dev/null", "x").error().message(), "/dev/null: is not a regular file");
  EXPECT_EQ(writeFileAtomically(folder.path().string(), "x").error().message(),
            folder.path().string() + ": is a folder");
  EXPECT_EQ(writeFileAtomically(folder.file("no/such"), "x").error().message(),
            folder.file("no/such") + ": cannot be written: No such file or directory");
}

}  // namespace
}  // namespace decodescope
