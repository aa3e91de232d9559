#include "core/tokenizer/text_steps.h"

#include "core/base/utf8.h"
#include "core/tokenizer/bpe.h"
#include "core/tokenizer/byte_level.h"
#include "core/tokenizer/unicode_classes.h"
#include "core/tokenizer/unicode_nfc.h"

#include <algorithm>
#include <utility>

namespace decodescope {
namespace {

/// Cuts by the class of the characters: neighbours of one class stay together, class 0 is dropped.
template <class Classify>
void cutByClass(const TextPiece& piece, Classify&& classOf, std::vector<TextPiece>& out) {
  const std::string& text = piece.text;
  int current = 0;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const Utf8Unit unit = at < text.size() ? readUtf8(text, at) : Utf8Unit{0, 1, true};
    const int next = at < text.size() ? classOf(unit.code) : 0;
    if (next != current) {
      if (current != 0) out.push_back({text.substr(begin, at - begin), piece.first && begin == 0});
      begin = at;
      current = next;
    }
    at += unit.length;
  }
}

void cutMetaspace(const PreTokenizerStep& step, const TextPiece& piece, std::vector<TextPiece>& out) {
  std::string text = replaceAll(piece.text, " ", step.replacement);
  const bool wanted = step.prepend == PreTokenizerStep::Prepend::always ||
                      (step.prepend == PreTokenizerStep::Prepend::first && piece.first);
  if (wanted && !text.starts_with(step.replacement)) text.insert(0, step.replacement);
  if (!step.split) {
    out.push_back({std::move(text), piece.first});
    return;
  }
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(step.replacement, begin + 1), text.size());
    out.push_back({text.substr(begin, end - begin), piece.first && begin == 0});
    begin = end;
  }
}

void cutByPattern(SplitPattern pattern, const TextPiece& piece, std::vector<TextPiece>& out) {
  std::size_t begin = 0;
  for (const std::size_t length : pieceLengths(pattern, piece.text)) {
    out.push_back({piece.text.substr(begin, length), piece.first && begin == 0});
    begin += length;
  }
}

void cutDigits(bool eachAlone, const TextPiece& piece, std::vector<TextPiece>& out) {
  const auto isNumber = [&](std::size_t at) { return isUnicodeNumber(readUtf8(piece.text, at).code); };
  std::size_t begin = 0;
  for (std::size_t at = 0; at < piece.text.size();) {
    const std::size_t next = at + readUtf8(piece.text, at).length;
    const bool number = isNumber(at);
    const bool ends = next == piece.text.size() || isNumber(next) != number || (number && eachAlone);
    if (ends) {
      out.push_back({piece.text.substr(begin, next - begin), piece.first && begin == 0});
      begin = next;
    }
    at = next;
  }
}

void cutByteLevel(const PreTokenizerStep& step, TextPiece piece, std::vector<TextPiece>& out) {
  if (step.prepend != PreTokenizerStep::Prepend::never && !piece.text.starts_with(' '))
    piece.text.insert(0, " ");
  if (!step.split) {
    out.push_back({bytesToVisible(piece.text), piece.first});
    return;
  }
  std::vector<TextPiece> cut;
  cutByPattern(SplitPattern::gpt2, piece, cut);
  for (const TextPiece& part : cut) out.push_back({bytesToVisible(part.text), part.first});
}

std::vector<std::string> decodeBytes(const std::vector<std::string>& tokens) {
  std::vector<std::string> out;
  std::string bytes;
  const auto flush = [&] {
    if (bytes.empty()) return;
    if (firstInvalidUtf8(bytes)) {
      const std::size_t count = bytes.size();
      bytes.clear();
      for (std::size_t i = 0; i < count; ++i) appendUtf8(bytes, 0xfffd);
    }
    out.push_back(std::exchange(bytes, {}));
  };
  for (const std::string& token : tokens) {
    if (const auto byte = byteOfToken(token)) {
      bytes += static_cast<char>(*byte);
    } else {
      flush();
      out.push_back(token);
    }
  }
  flush();
  return out;
}

std::string fuse(const std::vector<std::string>& tokens) {
  std::string text;
  for (const std::string& token : tokens) text += token;
  return text;
}

void strip(const DecoderStep& step, std::string& token) {
  std::string_view rest = token;
  for (int i = 0; i < step.start && rest.starts_with(step.content); ++i)
    rest.remove_prefix(step.content.size());
  for (int i = 0; i < step.stop && rest.ends_with(step.content); ++i) rest.remove_suffix(step.content.size());
  if (rest.size() < token.size()) token = std::string(rest);
}

}  // namespace

std::string replaceAll(std::string_view text, std::string_view pattern, std::string_view content) {
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  for (std::size_t hit; (hit = text.find(pattern, at)) != std::string_view::npos; at = hit + pattern.size()) {
    out += text.substr(at, hit - at);
    out += content;
  }
  return out += text.substr(at);
}

std::string normalize(const std::vector<NormalizerStep>& steps, std::string text) {
  for (const NormalizerStep& step : steps) {
    if (text.empty()) break;
    switch (step.kind) {
      case NormalizerStep::Kind::prepend:
        text.insert(0, step.content);
        break;
      case NormalizerStep::Kind::replace:
        text = replaceAll(text, step.pattern, step.content);
        break;
      case NormalizerStep::Kind::nfc:
        text = toNfc(text);
        break;
    }
  }
  return text;
}

std::vector<TextPiece> preTokenize(const std::vector<PreTokenizerStep>& steps, TextPiece text) {
  std::vector<TextPiece> pieces;
  if (text.text.empty()) return pieces;
  pieces.push_back(std::move(text));
  for (const PreTokenizerStep& step : steps) {
    std::vector<TextPiece> cut;
    for (TextPiece& piece : pieces) {
      switch (step.kind) {
        case PreTokenizerStep::Kind::whitespaceSplit:
          cutByClass(
              piece, [](char32_t code) { return isUnicodeSpace(code) ? 0 : 1; }, cut);
          break;
        case PreTokenizerStep::Kind::whitespace:
          cutByClass(
              piece, [](char32_t code) { return isUnicodeWord(code)    ? 1
                                                : isUnicodeSpace(code) ? 0
                                                                       : 2; },
              cut);
          break;
        case PreTokenizerStep::Kind::metaspace:
          cutMetaspace(step, piece, cut);
          break;
        case PreTokenizerStep::Kind::digits:
          cutDigits(step.split, piece, cut);
          break;
        case PreTokenizerStep::Kind::pattern:
          cutByPattern(step.splitPattern, piece, cut);
          break;
        case PreTokenizerStep::Kind::byteLevel:
          cutByteLevel(step, std::move(piece), cut);
          break;
      }
    }
    pieces = std::move(cut);
  }
  return pieces;
}

std::string decodeTokens(const std::vector<DecoderStep>& steps, std::vector<std::string> tokens) {
  for (const DecoderStep& step : steps) {
    switch (step.kind) {
      case DecoderStep::Kind::replace:
        for (std::string& token : tokens) token = replaceAll(token, step.pattern, step.content);
        break;
      case DecoderStep::Kind::byteFallback:
        tokens = decodeBytes(tokens);
        break;
      case DecoderStep::Kind::fuse:
        tokens = {fuse(tokens)};
        break;
      case DecoderStep::Kind::strip:
        for (std::string& token : tokens) strip(step, token);
        break;
      case DecoderStep::Kind::metaspace:
        for (std::size_t i = 0; i < tokens.size(); ++i) {
          tokens[i] = replaceAll(tokens[i], step.pattern, i == 0 && step.start != 0 ? "" : " ");
        }
        break;
      case DecoderStep::Kind::byteLevel:
        tokens = {replaceInvalidUtf8(visibleToBytes(tokens))};
        break;
    }
  }
  return fuse(tokens);
}

std::string tokenBytes(const std::vector<DecoderStep>& steps, std::string token) {
  for (const DecoderStep& step : steps) {
    switch (step.kind) {
      case DecoderStep::Kind::replace:
        token = replaceAll(token, step.pattern, step.content);
        break;
      case DecoderStep::Kind::byteFallback:
        if (const auto byte = byteOfToken(token)) token = std::string(1, static_cast<char>(*byte));
        break;
      case DecoderStep::Kind::metaspace:
        token = replaceAll(token, step.pattern, " ");
        break;
      case DecoderStep::Kind::byteLevel:
        token = visibleToBytes({token});
        break;
      case DecoderStep::Kind::fuse:
      case DecoderStep::Kind::strip:
        break;
    }
  }
  return token;
}

}  // namespace decodescope
