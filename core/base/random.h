#pragma once

#include <cstdint>

namespace decodescope {

/// A small seeded generator whose stream is the same on every machine and compiler:
/// xoshiro256++ (Blackman and Vigna 2019), its state filled by splitmix64 from the seed.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  std::uint64_t next();
  /// Uniform in [0, 1): the upper 53 bits of next() over 2^53.
  double uniform();
  /// Uniform in 0 … bound−1, without bias. Needs bound ≥ 1.
  std::uint64_t below(std::uint64_t bound);
  /// Normal(0, 1) by Box and Muller; one value a call.
  double normal();

  struct State {
    std::uint64_t s[4];
  };
  State state() const { return m_state; }
  void setState(const State& state) { m_state = state; }

 private:
  State m_state;
};

}  // namespace decodescope
