#include "core/tokenizer/split_pattern.h"

#include "core/base/utf8.h"
#include "core/tokenizer/unicode_classes.h"

#include <iterator>

namespace decodescope {
namespace {

struct PatternRow {
  SplitPattern pattern;
  std::string_view regex;
};
constexpr PatternRow kPatterns[] = {
    {SplitPattern::gpt2, R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"},
    {SplitPattern::llama3,
     R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
     R"(\s*[\r\n]+|\s+(?!\S)|\s+)"},
    {SplitPattern::qwen2,
     R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
     R"(\s*[\r\n]+|\s+(?!\S)|\s+)"},
};

enum class Kind { space, letter, number, other };

Kind kindOf(char32_t code) {
  if (isUnicodeSpace(code)) return Kind::space;
  if (isUnicodeLetter(code)) return Kind::letter;
  return isUnicodeNumber(code) ? Kind::number : Kind::other;
}

bool isLineBreak(char32_t code) {
  return code == '\n' || code == '\r';
}

/// Reads one piece after another off a text.
class Cutter {
 public:
  Cutter(SplitPattern pattern, std::string_view text) : m_pattern(pattern), m_text(text) {}

  std::size_t pieceEnd(std::size_t at) const {
    return m_pattern == SplitPattern::gpt2 ? gpt2End(at) : llama3End(at);
  }

 private:
  Kind kindAt(std::size_t at) const { return kindOf(readUtf8(m_text, at).code); }

  /// Where the run of one kind that begins at `at` ends, after at most `most` characters.
  std::size_t endOfRun(std::size_t at, Kind kind, std::size_t most = ~std::size_t{0}) const {
    for (; at < m_text.size() && most > 0; --most) {
      const Utf8Unit unit = readUtf8(m_text, at);
      if (kindOf(unit.code) != kind) break;
      at += unit.length;
    }
    return at;
  }

  /// Where a 's, 't, 're, 've, 'm, 'll or 'd ends; `at` when none begins there.
  std::size_t contractionEnd(std::size_t at, bool ignoreCase) const {
    static constexpr std::string_view kContractions[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
    if (m_text[at] != '\'') return at;
    for (const std::string_view contraction : kContractions) {
      const std::string_view found = m_text.substr(at, contraction.size());
      bool same = found.size() == contraction.size();
      for (std::size_t i = 1; same && i < found.size(); ++i) {
        const char c = found[i];
        const char lower = ignoreCase && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        same = lower == contraction[i];
      }
      if (same) return at + contraction.size();
    }
    constexpr std::string_view kLongS = "'\xc5\xbf";  // ſ, the other letter that folds to s
    if (ignoreCase && m_text.substr(at).starts_with(kLongS)) return at + kLongS.size();
    return at;
  }

  /// \s+(?!\S)|\s+ leaves the last space to what follows, unless it is the only one.
  std::size_t spacesEnd(std::size_t at) const {
    const std::size_t end = endOfRun(at, Kind::space);
    if (end == m_text.size()) return end;
    std::size_t last = at;
    for (std::size_t i = at; i < end; i += readUtf8(m_text, i).length) last = i;
    return last > at ? last : end;
  }

  std::size_t gpt2End(std::size_t at) const {
    if (const std::size_t end = contractionEnd(at, false); end > at) return end;
    const Kind kind = kindAt(at);
    if (kind != Kind::space) return endOfRun(at, kind);
    if (m_text[at] == ' ' && at + 1 < m_text.size()) {
      const Kind next = kindAt(at + 1);
      if (next != Kind::space) return endOfRun(at + 1, next);
    }
    return spacesEnd(at);
  }

  std::size_t llama3End(std::size_t at) const {
    if (const std::size_t end = contractionEnd(at, true); end > at) return end;
    const Utf8Unit first = readUtf8(m_text, at);
    const Kind kind = kindOf(first.code);
    const std::size_t second = at + first.length;
    if (kind == Kind::letter) return endOfRun(at, Kind::letter);
    const bool mayLead = kind != Kind::number && !isLineBreak(first.code);
    if (mayLead && second < m_text.size() && kindAt(second) == Kind::letter)
      return endOfRun(second, Kind::letter);
    if (kind == Kind::number) return endOfRun(at, kind, m_pattern == SplitPattern::llama3 ? 3 : 1);
    const std::size_t others = m_text[at] == ' ' ? second : at;
    if (others < m_text.size() && kindAt(others) == Kind::other) {
      std::size_t end = endOfRun(others, Kind::other);
      while (end < m_text.size() && isLineBreak(static_cast<unsigned char>(m_text[end]))) ++end;
      return end;
    }
    // White space up to its last line break, if it has one.
    const std::size_t end = endOfRun(at, Kind::space);
    const std::size_t lineBreak = m_text.substr(at, end - at).find_last_of("\r\n");
    return lineBreak != std::string_view::npos ? at + lineBreak + 1 : spacesEnd(at);
  }

  SplitPattern m_pattern;
  std::string_view m_text;
};

}  // namespace

std::string_view splitRegex(SplitPattern pattern) {
  for (const PatternRow& row : kPatterns) {
    if (row.pattern == pattern) return row.regex;
  }
  return {};
}

std::optional<SplitPattern> splitPatternOf(std::string_view regex) {
  for (const PatternRow& row : kPatterns) {
    if (row.regex == regex) return row.pattern;
  }
  return std::nullopt;
}

std::vector<std::size_t> pieceLengths(SplitPattern pattern, std::string_view text) {
  const Cutter cutter(pattern, text);
  std::vector<std::size_t> lengths;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = cutter.pieceEnd(at);
    lengths.push_back(end - at);
    at = end;
  }
  return lengths;
}

}  // namespace decodescope
