#include "tests/support/npy_file.h"

#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <regex>

namespace decodescope::test {

NpyFile readNpy(const std::string& path) {
  NpyFile file;
  std::ifstream in(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (bytes.size() < 10 || bytes.compare(0, 8, std::string("\x93NUMPY\x01\x00", 8)) != 0) {
    ADD_FAILURE() << path << " is no .npy file of version 1.0";
    return file;
  }
  const std::size_t length =
      static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
  const std::string header = bytes.substr(10, length);
  static const std::regex kHeader(
      R"(\{'descr': '(<[fi]4)', 'fortran_order': False, 'shape': \(([0-9, ]*)\), \} *\n)");
  std::smatch parts;
  if (!std::regex_match(header, parts, kHeader)) {
    ADD_FAILURE() << path << " has the header " << header;
    return file;
  }
  file.type = parts[1];
  const std::string extents = parts[2];
  static const std::regex kNumber("[0-9]+");
  std::size_t count = 1;
  for (std::sregex_iterator it(extents.begin(), extents.end(), kNumber), end; it != end; ++it) {
    file.shape.push_back(std::stoll(it->str()));
    count *= static_cast<std::size_t>(file.shape.back());
  }
  const std::size_t begin = 10 + length;
  EXPECT_EQ(begin % 64, 0u) << path;
  if (bytes.size() != begin + 4 * count) {
    ADD_FAILURE() << path << " holds " << bytes.size() - begin << " bytes of numbers, not " << 4 * count;
    return file;
  }
  if (file.type == "<f4") {
    file.floats.resize(count);
    if (count > 0) std::memcpy(file.floats.data(), bytes.data() + begin, 4 * count);
  } else {
    file.ints.resize(count);
    if (count > 0) std::memcpy(file.ints.data(), bytes.data() + begin, 4 * count);
  }
  return file;
}

}  // namespace decodescope::test
