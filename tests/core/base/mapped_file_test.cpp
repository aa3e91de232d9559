#include "core/base/mapped_file.h"

#include "tests/support/paths.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <thread>

namespace decodescope {
namespace {

constexpr std::size_t kSize = 5 * 4096 + 100;

std::shared_ptr<const MappedFile> mapped(const std::string& path) {
  auto file = RegularFile::open(path);
  EXPECT_TRUE(file.ok());
  auto map = MappedFile::map(file.value());
  EXPECT_TRUE(map.ok()) << map.error().message();
  return map.value();
}

std::string messageOf(const Result<void>& result) {
  return result.ok() ? "ok" : result.error().message();
}

TEST(MappedFile, ShowsTheBytesForAsLongAsItLives) {
  const test::TemporaryDir folder;
  const std::string path = folder.write("w", std::string(kSize, 'a') + "z");
  const auto map = mapped(path);
  ASSERT_EQ(map->bytes().size(), kSize + 1);
  EXPECT_EQ(map->bytes().back(), std::byte{'z'});
  EXPECT_EQ(messageOf(map->check()), "ok");
  // By name it may go, or another take its place: ours is still open.
  std::filesystem::remove(path);
  folder.write("w", "other");
  EXPECT_EQ(map->bytes().front(), std::byte{'a'});
  EXPECT_EQ(messageOf(map->check()), "ok");
}

TEST(MappedFile, AGrownFileIsNoticed) {
  const test::TemporaryDir folder;
  const std::string path = folder.write("w", std::string(kSize, 'a'));
  const auto map = mapped(path);
  std::ofstream(path, std::ios::app) << "more";
  EXPECT_EQ(messageOf(map->check()), path +
                                         ": file was changed on the disk while it is in use; load the model "
                                         "again: found 20584 bytes, allowed 20580");
}

TEST(MappedFile, AFileWrittenIntoIsNoticedByItsTimeStamp) {
  const test::TemporaryDir folder;
  const std::string path = folder.write("w", std::string(kSize, 'a'));
  const auto map = mapped(path);
  std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + std::chrono::seconds(2));
  EXPECT_NE(messageOf(map->check()).find("found a new time stamp"), std::string::npos);
}

TEST(MappedFile, ACutFileReadsAsZerosAndIsNoticed) {
  const test::TemporaryDir folder;
  const std::string path = folder.write("w", std::string(kSize, 'a'));
  const auto map = mapped(path);
  std::filesystem::resize_file(path, 4096);
  // Without an answer to SIGBUS this ends the program; from any thread.
  const auto zeros = [&] { return std::ranges::count(map->bytes().subspan(4096), std::byte{0}); };
  std::thread([&] { EXPECT_EQ(zeros(), static_cast<std::ptrdiff_t>(kSize - 4096)); }).join();
  EXPECT_EQ(zeros(), static_cast<std::ptrdiff_t>(kSize - 4096));
  EXPECT_NE(messageOf(map->check()).find("found 4096 bytes, allowed 20580"), std::string::npos);
  // Grown back to its size, and with its old time stamp, it is still not what it was.
  std::filesystem::resize_file(path, kSize);
  EXPECT_NE(messageOf(map->check()), "ok");
}

TEST(MappedFile, MappingsThatGoMakeRoomForOthers) {
  const test::TemporaryDir folder;
  const std::string path = folder.write("w", "abc");
  for (int i = 0; i < 3000; ++i) ASSERT_EQ(mapped(path)->bytes().size(), 3u);
  std::vector<std::shared_ptr<const MappedFile>> many;
  for (;;) {
    auto map = MappedFile::map(RegularFile::open(path).value());
    if (!map.ok()) {
      EXPECT_NE(map.error().message().find("cannot be mapped"), std::string::npos);
      break;
    }
    many.push_back(map.value());
    ASSERT_LT(many.size(), 100'000u);
  }
}

}  // namespace
}  // namespace decodescope
