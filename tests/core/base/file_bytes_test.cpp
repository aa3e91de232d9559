#include "core/base/file_bytes.h"

#include "tests/support/paths.h"

#include <array>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace decodescope {
namespace {

TEST(FileBytes, ReadsAWholeFileAndParts) {
  const test::TemporaryDir folder;
  const std::string path = folder.write("a", std::string("one\0two", 7));
  const auto whole = readWholeFile(path, 7);
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole.value(), std::string("one\0two", 7));
  const auto file = RegularFile::open(path);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file.value().size(), 7u);
  std::array<std::byte, 3> part{};
  ASSERT_TRUE(file.value().readAt(4, part).ok());
  EXPECT_EQ(static_cast<char>(part[0]), 't');
}

TEST(FileBytes, EverythingButARegularFileWithContentIsRefusedAtOnce) {
  const test::TemporaryDir folder;
  const auto messageOf = [&](const std::string& name) {
    const auto file = readWholeFile(folder.file(name), 4);
    return file.ok() ? "ok" : file.error().message().substr(folder.path().string().size() + 1);
  };
  folder.write("empty", "");
  folder.write("large", "12345");
  std::filesystem::create_directory(folder.file("folder"));
  ASSERT_EQ(::mkfifo((folder.file("fifo")).c_str(), 0600), 0);
  std::filesystem::create_symlink(folder.file("fifo"), folder.file("link"));
  EXPECT_EQ(messageOf("missing"), "missing: no such file");
  EXPECT_EQ(messageOf("empty"), "empty: file is empty");
  EXPECT_EQ(messageOf("large"), "large: file is too large: found 5 bytes, allowed at most 4");
  EXPECT_EQ(messageOf("folder"), "folder: not a regular file: found a folder");
  EXPECT_EQ(messageOf("fifo"), "fifo: not a regular file: found a FIFO");
  EXPECT_EQ(messageOf("link"), "link: not a regular file: found a FIFO");
  EXPECT_EQ(readWholeFile("/dev/null", 4).error().message(),
            "/dev/null: not a regular file: found a device or socket");
  EXPECT_EQ(messageOf("large/x"), "large/x: cannot be opened: Not a directory");
}

TEST(FileBytes, ALinkThatLeadsNowhereExists) {
  const test::TemporaryDir folder;
  folder.write("a", "1");
  std::filesystem::create_symlink("nowhere", folder.file("link"));
  EXPECT_TRUE(pathExists(folder.file("a")));
  EXPECT_TRUE(pathExists(folder.file("link")));
  EXPECT_FALSE(pathExists(folder.file("b")));
  EXPECT_EQ(RegularFile::open(folder.file("link")).error().message(), folder.file("link") + ": no such file");
}

TEST(FileBytes, AFileThatWasCutMeanwhileIsAnError) {
  const test::TemporaryDir folder;
  const std::string path = folder.write("a", "12345678");
  const auto file = RegularFile::open(path);
  ASSERT_TRUE(file.ok());
  std::filesystem::resize_file(path, 3);
  std::array<std::byte, 4> part{};
  const auto read = file.value().readAt(2, part);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().message(), path + ": file ends too early (at byte 3)");
}

}  // namespace
}  // namespace decodescope
