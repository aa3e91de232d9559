#include "core/train/bpe_trainer.h"

#include "core/base/result.h"

#include <cctype>
#include <cstdio>
#include <set>

namespace decodescope {
namespace {

bool isLetter(char c) {
  // Bytes of a multi-byte character count as letters: a unit never splits one.
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || (static_cast<unsigned char>(c) & 0x80u) != 0;
}

/// The characters of UTF-8 text.
std::vector<std::string> characters(std::string_view text) {
  std::vector<std::string> out;
  for (const char c : text) {
    const bool continues = (static_cast<unsigned char>(c) & 0xC0u) == 0x80u;
    if (continues && !out.empty()) {
      out.back() += c;
    } else {
      out.emplace_back(1, c);
    }
  }
  return out;
}

/// One space-separated word, cut into units.
template <class Visit>
void forEachUnit(std::string_view word, const Visit& visit) {
  std::size_t i = 0;
  std::string unit = kSpacePiece;
  if (!word.empty() && !isLetter(word[0])) {
    while (i < word.size() && !isLetter(word[i])) unit += word[i++];
    visit(unit);
    unit.clear();
  }
  while (i < word.size()) {
    if (isLetter(word[i])) {
      while (i < word.size() && isLetter(word[i])) unit += word[i++];
    } else {
      const bool possessive = word[i] == '\'' && i + 1 < word.size() && isLetter(word[i + 1]);
      unit += word[i++];
      while (i < word.size() && isLetter(word[i]) == possessive) unit += word[i++];
    }
    visit(unit);
    unit.clear();
  }
}

}  // namespace

void BpeTrainer::add(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    if (static_cast<unsigned char>(text[i]) <= ' ') {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && static_cast<unsigned char>(text[end]) > ' ') ++end;
    forEachUnit(text.substr(i, end - i), [this](const std::string& unit) { ++m_units[unit]; });
    i = end;
  }
}

BpeVocabulary BpeTrainer::train(int vocabSize) const {
  BpeVocabulary vocabulary;
  vocabulary.pieces = {"<unk>", "<s>", "</s>"};
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", static_cast<unsigned>(byte));
    vocabulary.pieces.emplace_back(name);
  }
  struct Unit {
    std::vector<std::string> parts;
    std::uint64_t count;
  };
  std::vector<Unit> units;
  std::set<std::string> alphabet;
  for (const auto& [text, count] : m_units) {
    units.push_back({characters(text), count});
    alphabet.insert(units.back().parts.begin(), units.back().parts.end());
  }
  vocabulary.pieces.insert(vocabulary.pieces.end(), alphabet.begin(), alphabet.end());
  DECODESCOPE_REQUIRE(static_cast<int>(vocabulary.pieces.size()) <= vocabSize);

  while (static_cast<int>(vocabulary.pieces.size()) < vocabSize) {
    std::map<std::pair<std::string, std::string>, std::uint64_t> pairs;
    for (const Unit& unit : units) {
      for (std::size_t i = 0; i + 1 < unit.parts.size(); ++i)
        pairs[{unit.parts[i], unit.parts[i + 1]}] += unit.count;
    }
    // The map is ordered, so the first of several equally frequent pairs wins. Two pairs may spell one piece
    // ("a"+"bc", "ab"+"c"): both merges are needed, the piece stands once.
    const std::pair<const std::pair<std::string, std::string>, std::uint64_t>* best = nullptr;
    for (const auto& pair : pairs) {
      if (best == nullptr || pair.second > best->second) best = &pair;
    }
    if (best == nullptr) break;
    const auto [left, right] = best->first;
    const std::string merged = left + right;
    vocabulary.merges.emplace_back(left, right);
    if (alphabet.insert(merged).second) vocabulary.pieces.push_back(merged);
    for (Unit& unit : units) {
      std::vector<std::string>& parts = unit.parts;
      for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        if (parts[i] != left || parts[i + 1] != right) continue;
        parts[i] = merged;
        parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    }
  }
  return vocabulary;
}

}  // namespace decodescope
