#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace decodescope {

/// One small English tale.
struct Tale {
  std::string text;                ///< one paragraph, sentences separated by one space
  std::vector<std::string> names;  ///< the first names of its characters, each one word
};

/// Tale number `index` of the endless collection that belongs to `seed`: the same text on every machine.
///
/// A seeded grammar: plots made of sentence templates with nested alternatives, characters drawn from 64
/// names, each with a kind or a title ("a little girl named Lily", "Captain Finn"), objects, colours and
/// places. Names, titles and colours are drawn anew for every tale, so a later mention can only be foretold
/// by copying it from earlier in the tale; pronouns follow the name's gender, articles the next sound, verbs
/// their number. In most tales a song comes again and again, in which
/// each syllable follows from the last but one.
/// Between 60 and 300 words, 200 on average; letters, spaces and . , ! ? " ' only.
Tale makeTale(std::uint64_t seed, std::uint64_t index);

/// Every first name that a tale may use, girls' names first.
const std::vector<std::string>& taleNames();

}  // namespace decodescope
