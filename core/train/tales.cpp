#include "core/train/tales.h"

#include "core/base/random.h"
#include "core/base/result.h"
#include "core/train/tale_grammar.h"

#include <array>
#include <string_view>
#include <utility>

namespace decodescope {
namespace {

constexpr std::size_t kSongLength = 8;

struct Character {
  std::string firstName;
  std::string title;    ///< "Captain", or empty
  std::string mention;  ///< what the tale calls it: the name, with its title if it has one
  std::string noun;     ///< "a little girl"
  bool female = false;
};

template <class Span>
const auto& pick(Random& random, const Span& from) {
  return from[static_cast<std::size_t>(random.below(from.size()))];
}

/// Mostly a name of the role's own third, so that the likeliest name of a second character is not the first
/// one's.
const char* drawName(Random& random, std::span<const char* const> names, std::size_t role) {
  if (random.below(5) == 0) return pick(random, names);
  const std::size_t count = (names.size() - role + 2) / 3;
  return names[role + 3 * static_cast<std::size_t>(random.below(count))];
}

/// role: 0 the main character, 1 the friend, 2 the third.
Character drawCharacter(Random& random, std::size_t role) {
  const TaleGrammar& grammar = taleGrammar();
  Character c;
  c.female = random.below(2) == 0;
  c.firstName = drawName(random, c.female ? grammar.girlNames : grammar.boyNames, role);
  c.mention = c.firstName;
  std::string kind = c.female ? "girl" : "boy";
  const std::uint64_t sort = random.below(10);
  if (sort < 5) {
    c.title = pick(random, c.female ? grammar.womanTitles : grammar.manTitles);
    c.mention = c.title + " " + c.firstName;
    kind = c.female ? "woman" : "man";
  } else if (sort < 8) {
    kind = pick(random, grammar.animals);
  }
  c.noun = std::string("@ ") + pick(random, grammar.traits) + " " + kind;
  return c;
}

/// A song for two voices that take turns, each climbing the scale of syllables from where it began: every
/// syllable is the one after the last but one. Whoever sings on must look exactly one token back.
std::string composeSong(Random& random) {
  const std::span<const char* const> scale = taleGrammar().syllables;
  const std::array<std::uint64_t, 2> voices{random.below(scale.size()), random.below(scale.size())};
  std::string song;
  for (std::size_t i = 0; i < kSongLength; ++i) {
    if (i > 0) song += ' ';
    song += scale[(voices[i % 2] + i / 2) % scale.size()];
  }
  return song;
}

/// One tale's cast and things, and the expansion of templates with them.
class Teller {
 public:
  explicit Teller(std::uint64_t seed) : m_random(seed) {
    const TaleGrammar& grammar = taleGrammar();
    for (std::size_t i = 0; i < m_cast.size(); ++i) {
      do {
        m_cast[i] = drawCharacter(m_random, i);
      } while (taken(i));
    }
    std::array<std::string, 2> nouns;
    std::array<std::string, 2> colours;
    for (std::size_t i = 0; i < nouns.size(); ++i) {
      do {
        nouns[i] = pick(m_random, grammar.objects);
        colours[i] = pick(m_random, grammar.colours);
      } while (i == 1 && (nouns[1] == nouns[0] || colours[1] == colours[0]));
      m_objects[i] = colours[i] + " " + nouns[i];
    }
    m_handmade = std::string(pick(m_random, grammar.colours)) + " " + pick(m_random, grammar.handmade);
    m_song = composeSong(m_random);
    m_food = pick(m_random, grammar.foods);
    m_places[0] = pick(m_random, grammar.places);
    do {
      m_places[1] = pick(m_random, grammar.places);
    } while (m_places[1].noun == m_places[0].noun);
  }

  Tale tell() {
    const TaleGrammar& grammar = taleGrammar();
    const char* const opening = pick(m_random, grammar.openings);
    const char* const friends = pick(m_random, grammar.friends);
    const bool sings = m_random.below(5) != 0;
    const char* const song = sings ? pick(m_random, grammar.songs) : "";
    const char* const plot = pick(m_random, grammar.plots);
    const char* const refrain = sings ? pick(m_random, grammar.refrains) : "";
    const char* const ending = pick(m_random, grammar.endings);
    std::string raw;
    for (const char* const part : {opening, friends, song, plot, refrain, ending}) {
      if (*part == '\0') continue;
      if (!raw.empty()) raw += ' ';
      expand(part, raw);
    }
    Tale tale;
    tale.text = withArticles(raw);
    for (const Character& c : m_cast) tale.names.push_back(c.firstName);
    return tale;
  }

 private:
  bool taken(std::size_t i) const {
    for (std::size_t j = 0; j < i; ++j) {
      if (m_cast[j].firstName == m_cast[i].firstName) return true;
      if (!m_cast[i].title.empty() && m_cast[j].title == m_cast[i].title) return true;
    }
    return false;
  }

  /// Appends the template's expansion. Alternatives that were not chosen are skipped without drawing.
  void expand(std::string_view text, std::string& out) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '{') {
        const std::size_t end = text.find('}', i);
        out += slot(text.substr(i + 1, end - i - 1));
        i = end;
      } else if (text[i] == '[') {
        const std::vector<std::string_view> choices = alternatives(text, i);
        expand(pick(m_random, choices), out);
      } else {
        // An empty alternative leaves two spaces side by side.
        if (text[i] == ' ' && !out.empty() && out.back() == ' ') continue;
        out += text[i];
      }
    }
  }

  /// The alternatives of the bracket at `at`, which moves to its closing bracket.
  static std::vector<std::string_view> alternatives(std::string_view text, std::size_t& at) {
    std::vector<std::string_view> choices;
    std::size_t start = at + 1;
    int depth = 0;
    for (; at < text.size(); ++at) {
      if (text[at] == '[') ++depth;
      if (text[at] == ']') --depth;
      if (depth == 0 || (depth == 1 && text[at] == '|')) {
        choices.push_back(text.substr(start, at - start));
        start = at + 1;
      }
      if (depth == 0) break;
    }
    return choices;
  }

  std::string slot(std::string_view name) const {
    const char who = name[0];
    const std::string_view form = name.size() > 2 ? name.substr(2) : std::string_view{};
    if (who == 'o') return m_objects[0];
    if (who == 'p') return m_objects[1];
    if (who == 'm') return m_handmade;
    if (who == 'f') return m_food;
    if (who == 's') return m_song;
    if (who == 'X' || who == 'Y') {
      const TalePlace& place = m_places[who == 'X' ? 0 : 1];
      const std::string noun = std::string("the ") + place.noun;
      return form == "at" ? std::string(place.at) + " " + noun : noun;
    }
    DECODESCOPE_REQUIRE(who >= 'A' && who <= 'C');
    const Character& c = m_cast[static_cast<std::size_t>(who - 'A')];
    if (form.empty()) return c.mention;
    if (form == "he") return c.female ? "she" : "he";
    if (form == "He") return c.female ? "She" : "He";
    if (form == "him") return c.female ? "her" : "him";
    if (form == "his") return c.female ? "her" : "his";
    if (form == "His") return c.female ? "Her" : "His";
    if (form == "a") return c.noun;
    const std::string intro = c.noun + (c.title.empty() ? " named " : " called ") + c.mention;
    if (form == "intro") return intro;
    DECODESCOPE_REQUIRE(form == "intro.Cap");
    return "A" + intro;  // withArticles() reads "A@" as a capital article
  }

  static std::string withArticles(std::string_view raw) {
    std::string text;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] != '@') {
        text += raw[i];
        continue;
      }
      const bool capital = !text.empty() && text.back() == 'A';
      if (!capital) text += 'a';
      const char next = i + 2 < raw.size() ? raw[i + 2] : ' ';
      if (std::string_view("aeiou").find(next) != std::string_view::npos) text += 'n';
    }
    return text;
  }

  Random m_random;
  std::array<Character, 3> m_cast;
  std::array<std::string, 2> m_objects;
  std::string m_handmade;
  std::string m_song;
  std::string m_food;
  std::array<TalePlace, 2> m_places{};
};

}  // namespace

Tale makeTale(std::uint64_t seed, std::uint64_t index) {
  return Teller(seed * 0x9e3779b97f4a7c15u + index).tell();
}

const std::vector<std::string>& taleNames() {
  static const std::vector<std::string> names = [] {
    const TaleGrammar& grammar = taleGrammar();
    std::vector<std::string> all(grammar.girlNames.begin(), grammar.girlNames.end());
    all.insert(all.end(), grammar.boyNames.begin(), grammar.boyNames.end());
    return all;
  }();
  return names;
}

}  // namespace decodescope
