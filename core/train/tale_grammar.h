#pragma once

#include <span>

namespace decodescope {

/// A place and the preposition that "at" takes with it.
struct TalePlace {
  const char* noun;
  const char* at;
};

/// The words and templates that makeTale() draws from.
///
/// In a template `[a|b|c]` is one of the alternatives (they nest; the last may be empty), and `{…}` a slot:
/// - {A} {B} {C}: a character's name as it is always mentioned: "Lily", "Captain Finn"
/// - {A.intro}: "a little girl named Lily", "a kind man called Captain Finn"; {A.a}: "a little girl"
/// - {A.he} {A.him} {A.his}, capital {A.He} {A.His}
/// - {o} {p}: an object with its colour: "red kite"; {m}: one that can be made; {f}: something to eat: "pear"
/// - {s}: the tale's song, eight syllables: "la du li dee lo dum lu fa"
/// - {X} {Y}: a place: "the park"; {X.at}: "in the park"
/// `@` stands for a or an, as the following word asks.
struct TaleGrammar {
  std::span<const char* const> girlNames;
  std::span<const char* const> boyNames;
  std::span<const char* const> animals;
  std::span<const char* const> womanTitles;
  std::span<const char* const> manTitles;
  std::span<const char* const> traits;
  std::span<const char* const> objects;
  std::span<const char* const> handmade;  ///< objects that somebody may make
  std::span<const char* const> colours;
  std::span<const char* const> foods;
  std::span<const TalePlace> places;
  std::span<const char* const> syllables;  ///< the scale of the songs
  std::span<const char* const> openings;
  std::span<const char* const> friends;  ///< introduce B
  std::span<const char* const> plots;
  std::span<const char* const> songs;     ///< in four tales of five, after the friend
  std::span<const char* const> refrains;  ///< and then again after the plot
  std::span<const char* const> endings;
};

const TaleGrammar& taleGrammar();

}  // namespace decodescope
