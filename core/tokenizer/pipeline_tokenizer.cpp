#include "core/tokenizer/pipeline_tokenizer.h"

#include "core/base/utf8.h"
#include "core/tokenizer/bpe.h"
#include "core/tokenizer/unicode_classes.h"

#include <algorithm>
#include <utility>

namespace decodescope {
namespace {

/// Takes up no room on the screen, or turns the direction of what follows.
bool isInvisible(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad || code == 0x61c ||
         (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || (code >= 0xfff9 && code <= 0xfffb);
}

/// Real tokens end far below; longer ones are cut where they are drawn.
constexpr std::size_t kShownBytes = 256;

std::string shownStart(std::string_view bytes) {
  if (bytes.size() <= kShownBytes) return showBytes(bytes);
  std::size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(bytes[end]) & 0xc0) == 0x80) --end;
  return showBytes(bytes.substr(0, end)) + "…";
}

std::string codeName(char32_t code) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string digits;
  for (; code != 0 || digits.size() < 4; code >>= 4) digits.insert(digits.begin(), kHex[code & 15]);
  return "<U+" + digits + ">";
}

}  // namespace

std::string showBytes(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size();) {
    const Utf8Unit unit = readUtf8(bytes, at);
    if (!unit.valid) {
      for (std::size_t i = 0; i < unit.length; ++i)
        out += byteToken(static_cast<std::uint8_t>(bytes[at + i]));
    } else if (unit.code == ' ') {
      out += "␣";
    } else if (unit.code == '\n') {
      out += "↵";
    } else if (unit.code == '\t') {
      out += "⇥";
    } else if (isInvisible(unit.code) || isUnicodeSpace(unit.code)) {
      out += codeName(unit.code);
    } else {
      out += bytes.substr(at, unit.length);
    }
    at += unit.length;
  }
  return out.empty() ? "<empty>" : out;
}

Result<std::shared_ptr<const PipelineTokenizer>> PipelineTokenizer::make(TokenizerParts parts) {
  auto tokenizer = std::shared_ptr<PipelineTokenizer>(new PipelineTokenizer(std::move(parts)));
  const Vocabulary& vocabulary = tokenizer->m_parts.model->vocabulary();
  std::vector<AddedToken>& added = tokenizer->m_parts.addedTokens;
  std::sort(added.begin(), added.end(), [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  int size = vocabulary.size();
  for (std::size_t i = 0; i < added.size(); ++i) {
    const AddedToken& token = added[i];
    Error error;
    error.field = "\"" + token.content + "\"";
    error.found = std::to_string(token.id.value);
    if (i > 0 && added[i - 1].id == token.id) {
      error.what = "added token's id is taken";
      error.allowed = "an id other than that of \"" + added[i - 1].content + "\"";
      return error;
    }
    const std::optional<TokenId> known = vocabulary.find(token.content);
    if (known && *known != token.id) {
      error.what = "added token has another id in the vocabulary";
      error.allowed = std::to_string(known->value);
      return error;
    }
    if (!known && vocabulary.contains(token.id)) {
      error.what = "added token's id is taken";
      error.allowed = "an id other than that of \"" + std::string(vocabulary.piece(token.id)) + "\"";
      return error;
    }
    size = std::max(size, token.id.value + 1);
    if (token.content.empty() || !token.searched) continue;
    if (token.normalized) {
      tokenizer->m_normalizedPatterns.push_back(
          {normalize(tokenizer->m_parts.normalizer, token.content), &token});
    } else {
      tokenizer->m_rawPatterns.push_back({token.content, &token});
    }
  }
  tokenizer->m_vocabSize = size;
  for (const std::vector<TokenId>* ids : {&tokenizer->m_parts.before, &tokenizer->m_parts.after}) {
    for (const TokenId id : *ids) {
      if (id.value >= 0 && id.value < size) continue;
      Error error;
      error.field = "post_processor";
      error.what = "token id out of range";
      error.found = std::to_string(id.value);
      error.allowed = "0 to " + std::to_string(size - 1);
      return error;
    }
  }
  return std::shared_ptr<const PipelineTokenizer>(std::move(tokenizer));
}

std::vector<PipelineTokenizer::Segment> PipelineTokenizer::cutOut(const std::vector<Pattern>& patterns,
                                                                  const TextPiece& piece) {
  const std::string_view text = piece.text;
  std::vector<Segment> segments;
  std::size_t begin = 0;
  const auto addText = [&](std::size_t end) {
    if (end > begin)
      segments.push_back(
          {nullptr, {std::string(text.substr(begin, end - begin)), piece.first && begin == 0}});
  };
  for (std::size_t at = 0; at < text.size() && !patterns.empty();) {
    const Pattern* best = nullptr;  // of those that begin here the longest
    for (const Pattern& pattern : patterns) {
      const bool here = text[at] == pattern.text.front() && text.substr(at).starts_with(pattern.text);
      if (here && (!best || pattern.text.size() > best->text.size())) best = &pattern;
    }
    if (!best) {
      ++at;
      continue;
    }
    std::size_t first = at;
    std::size_t end = at + best->text.size();
    if (best->token->stripLeft) {
      while (first > begin) {
        std::size_t previous = first - 1;
        while (previous > begin && (static_cast<unsigned char>(text[previous]) & 0xc0) == 0x80) --previous;
        if (!isUnicodeSpace(readUtf8(text, previous).code)) break;
        first = previous;
      }
    }
    if (best->token->stripRight) {
      while (end < text.size()) {
        const Utf8Unit unit = readUtf8(text, end);
        if (!isUnicodeSpace(unit.code)) break;
        end += unit.length;
      }
    }
    addText(first);
    segments.push_back({best->token, {}});
    begin = at = end;
  }
  addText(text.size());
  return segments;
}

Result<std::vector<TokenId>> PipelineTokenizer::encode(std::string_view text) const {
  if (const auto offset = firstInvalidUtf8(text)) {
    Error error;
    error.what = "text is not UTF-8";
    error.found = byteToken(static_cast<std::uint8_t>(text[*offset]));
    error.offset = *offset;
    return error;
  }
  std::vector<TokenId> ids = m_parts.before;
  for (Segment& segment : cutOut(m_rawPatterns, {std::string(text), true})) {
    if (segment.token) {
      ids.push_back(segment.token->id);
      continue;
    }
    const bool first = segment.piece.first;
    const TextPiece normalized{normalize(m_parts.normalizer, std::move(segment.piece.text)), first};
    for (Segment& inner : cutOut(m_normalizedPatterns, normalized)) {
      if (inner.token) {
        ids.push_back(inner.token->id);
        continue;
      }
      for (const TextPiece& piece : preTokenize(m_parts.preTokenizer, std::move(inner.piece))) {
        DECODESCOPE_CHECK(m_parts.model->encodePiece(piece.text, ids));
      }
    }
  }
  ids.insert(ids.end(), m_parts.after.begin(), m_parts.after.end());
  return ids;
}

const AddedToken* PipelineTokenizer::addedToken(TokenId id) const {
  const std::vector<AddedToken>& added = m_parts.addedTokens;
  const auto found =
      std::lower_bound(added.begin(), added.end(), id,
                       [](const AddedToken& token, TokenId wanted) { return token.id < wanted; });
  return found != added.end() && found->id == id ? &*found : nullptr;
}

std::string_view PipelineTokenizer::pieceOf(TokenId id) const {
  if (const AddedToken* added = addedToken(id)) return added->content;
  return m_parts.model->vocabulary().piece(id);
}

std::string PipelineTokenizer::decode(std::span<const TokenId> ids) const {
  std::vector<std::string> tokens;
  for (const TokenId id : ids) {
    if (isSpecial(id)) continue;
    if (!addedToken(id) && !m_parts.model->vocabulary().contains(id)) continue;
    tokens.emplace_back(pieceOf(id));
  }
  if (!m_parts.decoder.empty()) return decodeTokens(m_parts.decoder, std::move(tokens));
  std::string text;
  for (const std::string& token : tokens) text += (&token == tokens.data() ? "" : " ") + token;
  return text;
}

std::string PipelineTokenizer::shownPiece(TokenId id) const {
  if (const AddedToken* added = addedToken(id)) return shownStart(added->content);
  const Vocabulary& vocabulary = m_parts.model->vocabulary();
  if (!vocabulary.contains(id)) return "#" + std::to_string(id.value);
  return shownStart(tokenBytes(m_parts.decoder, std::string(vocabulary.piece(id))));
}

bool PipelineTokenizer::isSpecial(TokenId id) const {
  const AddedToken* added = addedToken(id);
  return added && added->special;
}

std::optional<TokenId> PipelineTokenizer::idOf(std::string_view piece) const {
  for (const AddedToken& added : m_parts.addedTokens) {
    if (added.content == piece) return added.id;
  }
  return m_parts.model->vocabulary().find(piece);
}

}  // namespace decodescope
