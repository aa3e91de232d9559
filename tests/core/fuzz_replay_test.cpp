// The fuzz targets without a fuzzer: their seeds, what fuzzing once found (fuzz/found/), and simple damage to
// both.
#include "core/base/random.h"
#include "tests/fuzz/targets.h"
#include "tests/support/paths.h"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>

namespace decodescope {
namespace {

class FuzzReplay : public testing::TestWithParam<const char*> {};

std::vector<std::string> inputsOf(const test::FuzzTarget& target) {
  std::vector<std::string> inputs = target.seeds();
  const std::filesystem::path found = test::testPath(std::string("fuzz/found/") + target.name);
  if (!std::filesystem::exists(found)) return inputs;
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(found)) paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) inputs.push_back(test::readAll(path));
  return inputs;
}

TEST_P(FuzzReplay, SeedsAndDamagedSeedsAreSurvived) {
  const test::FuzzTarget* target = test::findFuzzTarget(GetParam());
  ASSERT_TRUE(target);
  Random random(7);
  target->run({});
  for (const std::string& input : inputsOf(*target)) {
    target->run(input);
    if (input.empty()) continue;
    for (int i = 0; i < 60; ++i) {
      std::string damaged = input;
      const auto place = static_cast<std::size_t>(random.below(damaged.size()));
      switch (i % 4) {
        case 0:
          damaged.resize(place);
          break;
        case 1:
          damaged[place] = static_cast<char>(random.below(256));
          break;
        case 2:
          damaged.erase(place, 1 + static_cast<std::size_t>(random.below(8)));
          break;
        case 3:
          damaged.insert(place, damaged.substr(static_cast<std::size_t>(random.below(damaged.size())), 16));
          break;
      }
      target->run(damaged);
    }
  }
}

std::vector<const char*> targetNames() {
  std::vector<const char*> names;
  for (const test::FuzzTarget& target : test::fuzzTargets()) names.push_back(target.name);
  return names;
}
std::string targetName(const testing::TestParamInfo<const char*>& tested) {
  return tested.param;
}
INSTANTIATE_TEST_SUITE_P(All, FuzzReplay, testing::ValuesIn(targetNames()), targetName);

}  // namespace
}  // namespace decodescope
