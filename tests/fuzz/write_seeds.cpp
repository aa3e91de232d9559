// Writes the seeds of every fuzz target into FOLDER/TARGET/, and prints the targets' names.
#include "tests/fuzz/targets.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: fuzz_seeds FOLDER\n");
    return 2;
  }
  for (const decodescope::test::FuzzTarget& target : decodescope::test::fuzzTargets()) {
    const std::filesystem::path folder = std::filesystem::path(arguments[1]) / target.name;
    std::filesystem::create_directories(folder);
    int number = 0;
    for (const std::string& seed : target.seeds()) {
      std::ofstream(folder / ("seed" + std::to_string(number++)), std::ios::binary) << seed;
    }
    std::printf("%s\n", target.name);
  }
  return 0;
}
