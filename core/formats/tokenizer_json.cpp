#include "core/formats/tokenizer_json.h"

#include "core/formats/json.h"
#include "core/tokenizer/bpe.h"
#include "core/tokenizer/pipeline_tokenizer.h"
#include "core/tokenizer/text_steps.h"
#include "core/tokenizer/word_level.h"

#include <algorithm>
#include <utility>

namespace decodescope {
namespace {

constexpr std::uint64_t kFileLimit = 256 << 20;
constexpr int kIdLimit = 1 << 24;
constexpr std::size_t kAddedLimit = 65536;
constexpr std::size_t kAddedLengthLimit = 4096;
/// Steps of a normalizer, a pre-tokenizer … : each is work for every text.
constexpr std::size_t kStepLimit = 16;
/// Of a post-processor's template.
constexpr std::size_t kTemplateLimit = 1024;

/// An error of the tokenizer's own, placed in the file.
Error placed(const JsonValue& where, Error error) {
  Error context = where.error({});
  error.file = std::move(context.file);
  error.field = error.field.empty() ? context.field : context.field + ": " + error.field;
  return error;
}

Result<std::string> textMember(const JsonValue& object, std::string_view key) {
  DECODESCOPE_TRY(const JsonValue value, object.at(key));
  DECODESCOPE_TRY(const std::string_view text, value.asString());
  return std::string(text);
}

Result<bool> flagMember(const JsonValue& object, std::string_view key, bool fallback) {
  const auto value = object.findNonNull(key);
  if (!value) return fallback;
  return value->asBool();
}

Result<TokenId> asTokenId(const JsonValue& value) {
  DECODESCOPE_TRY(const std::int64_t id, value.asInteger(0, kIdLimit - 1));
  return TokenId{static_cast<int>(id)};
}

Error tooMany(const JsonValue& where, std::size_t most) {
  return where.error("too many of them", "at most " + std::to_string(most));
}

/// Calls visit(component, its type) for a component or, in order, for those of a (nested) Sequence. `steps`
/// counts them.
template <class Visit>
Result<void> visitComponents(const JsonValue& component, std::string_view listKey, std::size_t& steps,
                             Visit&& visit) {
  if (component.isNull()) return {};
  DECODESCOPE_TRY(const JsonValue typeValue, component.at("type"));
  DECODESCOPE_TRY(const std::string_view type, typeValue.asString());
  if (type != "Sequence") {
    if (++steps > kStepLimit) return tooMany(component, kStepLimit);
    return visit(component, typeValue, type);
  }
  DECODESCOPE_TRY(const JsonValue list, component.at(listKey));
  DECODESCOPE_TRY(const JsonChildren items, list.asArray());
  if (items.size() > kStepLimit) return tooMany(list, kStepLimit);
  for (const JsonValue item : items) DECODESCOPE_CHECK(visitComponents(item, listKey, steps, visit));
  return {};
}

template <class Visit>
Result<void> visitComponents(const JsonValue& component, std::string_view listKey, Visit&& visit) {
  std::size_t steps = 0;
  return visitComponents(component, listKey, steps, visit);
}

/// How much longer steps make a text, one after the other: a few that replace a letter by a thousand would
/// make a word fill all memory.
class Growth {
 public:
  /// Replaces `from` bytes by `to`.
  Result<void> replace(const JsonValue& step, std::size_t from, std::size_t to) {
    const std::size_t factor = std::max<std::size_t>(1, (to + from - 1) / from);
    if (factor > kMost / m_factor)
      return step.error("makes texts too much longer", std::to_string(kMost) + " times, all steps together");
    m_factor *= factor;
    return {};
  }
  Result<void> add(const JsonValue& step, std::size_t bytes) {
    if (bytes > kMostAdded - m_added)
      return step.error("adds too much", std::to_string(kMostAdded) + " bytes, all steps together");
    m_added += bytes;
    return {};
  }

 private:
  static constexpr std::size_t kMost = 16, kMostAdded = 64;
  std::size_t m_factor = 1, m_added = 0;
};

/// The literal text of a pattern; regular expressions are refused.
Result<std::string> literalPattern(const JsonValue& component) {
  DECODESCOPE_TRY(const JsonValue pattern, component.at("pattern"));
  if (const auto regex = pattern.find("Regex"))
    return regex->error("regular expressions are not supported", "String");
  DECODESCOPE_TRY(std::string text, textMember(pattern, "String"));
  if (text.empty()) return pattern.find("String")->error("pattern is empty");
  return text;
}

Result<std::vector<NormalizerStep>> readNormalizer(const JsonValue& value) {
  std::vector<NormalizerStep> steps;
  Growth growth;
  const auto visit = [&](const JsonValue& component, const JsonValue& typeValue,
                         std::string_view type) -> Result<void> {
    NormalizerStep step;
    if (type == "Prepend") {
      step.kind = NormalizerStep::Kind::prepend;
      DECODESCOPE_TRY(step.content, textMember(component, "prepend"));
      DECODESCOPE_CHECK(growth.add(component, step.content.size()));
    } else if (type == "Replace") {
      step.kind = NormalizerStep::Kind::replace;
      DECODESCOPE_TRY(step.pattern, literalPattern(component));
      DECODESCOPE_TRY(step.content, textMember(component, "content"));
      DECODESCOPE_CHECK(growth.replace(component, step.pattern.size(), step.content.size()));
    } else if (type == "NFC") {
      step.kind = NormalizerStep::Kind::nfc;
    } else {
      return typeValue.error("normalizer is not supported", "Prepend, Replace, NFC, Sequence");
    }
    steps.push_back(std::move(step));
    return {};
  };
  DECODESCOPE_CHECK(visitComponents(value, "normalizers", visit));
  return steps;
}

/// Metaspace's settings, in its newer and its older spelling.
Result<void> readMetaspace(const JsonValue& component, PreTokenizerStep& step) {
  DECODESCOPE_TRY(step.replacement, textMember(component, "replacement"));
  if (step.replacement.empty()) return component.find("replacement")->error("is empty");
  DECODESCOPE_TRY(step.split, flagMember(component, "split", true));
  step.prepend = PreTokenizerStep::Prepend::always;
  if (const auto scheme = component.findNonNull("prepend_scheme")) {
    DECODESCOPE_TRY(const std::string_view name, scheme->asString());
    if (name == "first") {
      step.prepend = PreTokenizerStep::Prepend::first;
    } else if (name == "never") {
      step.prepend = PreTokenizerStep::Prepend::never;
    } else if (name != "always") {
      return scheme->error("unknown scheme", "\"always\", \"first\", \"never\"");
    }
    return {};
  }
  DECODESCOPE_TRY(const bool prefix, flagMember(component, "add_prefix_space", true));
  if (!prefix) step.prepend = PreTokenizerStep::Prepend::never;
  return {};
}

/// A Split that keeps every match as a piece: the known patterns match everything, so that nothing lies
/// between.
Result<void> readSplit(const JsonValue& component, PreTokenizerStep& step) {
  DECODESCOPE_TRY(const JsonValue behavior, component.at("behavior"));
  DECODESCOPE_TRY(const std::string_view kept, behavior.asString());
  DECODESCOPE_TRY(const bool invert, flagMember(component, "invert", false));
  if (kept != "Isolated" && !(kept == "Removed" && invert))
    return behavior.error("setting is not supported", "\"Isolated\", or \"Removed\" with invert");
  DECODESCOPE_TRY(const JsonValue pattern, component.at("pattern"));
  DECODESCOPE_TRY(const JsonValue regex, pattern.at("Regex"));
  DECODESCOPE_TRY(const std::string_view text, regex.asString());
  const std::optional<SplitPattern> known = splitPatternOf(text);
  if (!known) return regex.error("pattern is not supported", "the patterns of GPT-2, Llama 3 and Qwen2");
  step.splitPattern = *known;
  return {};
}

Result<std::vector<PreTokenizerStep>> readPreTokenizer(const JsonValue& value) {
  std::vector<PreTokenizerStep> steps;
  Growth growth;
  const auto visit = [&](const JsonValue& component, const JsonValue& typeValue,
                         std::string_view type) -> Result<void> {
    PreTokenizerStep step;
    if (type == "WhitespaceSplit") {
      step.kind = PreTokenizerStep::Kind::whitespaceSplit;
    } else if (type == "Whitespace") {
      step.kind = PreTokenizerStep::Kind::whitespace;
    } else if (type == "Metaspace") {
      step.kind = PreTokenizerStep::Kind::metaspace;
      DECODESCOPE_CHECK(readMetaspace(component, step));
      DECODESCOPE_CHECK(growth.replace(component, 1, step.replacement.size()));
    } else if (type == "ByteLevel") {
      DECODESCOPE_CHECK(growth.replace(component, 1, 2));
      step.kind = PreTokenizerStep::Kind::byteLevel;
      DECODESCOPE_TRY(const bool prefix, flagMember(component, "add_prefix_space", true));
      step.prepend = prefix ? PreTokenizerStep::Prepend::always : PreTokenizerStep::Prepend::never;
      DECODESCOPE_TRY(step.split, flagMember(component, "use_regex", true));
    } else if (type == "Split") {
      step.kind = PreTokenizerStep::Kind::pattern;
      DECODESCOPE_CHECK(readSplit(component, step));
    } else if (type == "Digits") {
      step.kind = PreTokenizerStep::Kind::digits;
      DECODESCOPE_TRY(step.split, flagMember(component, "individual_digits", false));
    } else {
      return typeValue.error("pre-tokenizer is not supported",
                             "Metaspace, WhitespaceSplit, Whitespace, Digits, Split, ByteLevel, Sequence");
    }
    steps.push_back(std::move(step));
    return {};
  };
  DECODESCOPE_CHECK(visitComponents(value, "pretokenizers", visit));
  return steps;
}

Result<std::vector<DecoderStep>> readDecoder(const JsonValue& value) {
  std::vector<DecoderStep> steps;
  Growth growth;
  const auto visit = [&](const JsonValue& component, const JsonValue& typeValue,
                         std::string_view type) -> Result<void> {
    DecoderStep step;
    if (type == "Replace") {
      step.kind = DecoderStep::Kind::replace;
      DECODESCOPE_TRY(step.pattern, literalPattern(component));
      DECODESCOPE_TRY(step.content, textMember(component, "content"));
      DECODESCOPE_CHECK(growth.replace(component, step.pattern.size(), step.content.size()));
    } else if (type == "ByteFallback") {
      step.kind = DecoderStep::Kind::byteFallback;
    } else if (type == "Fuse") {
      step.kind = DecoderStep::Kind::fuse;
    } else if (type == "Strip") {
      step.kind = DecoderStep::Kind::strip;
      DECODESCOPE_TRY(step.content, textMember(component, "content"));
      if (step.content.empty()) return component.find("content")->error("is empty");
      DECODESCOPE_TRY(const JsonValue start, component.at("start"));
      DECODESCOPE_TRY(const std::int64_t startCount, start.asInteger(0, 1 << 20));
      DECODESCOPE_TRY(const JsonValue stop, component.at("stop"));
      DECODESCOPE_TRY(const std::int64_t stopCount, stop.asInteger(0, 1 << 20));
      step.start = static_cast<int>(startCount);
      step.stop = static_cast<int>(stopCount);
    } else if (type == "Metaspace") {
      step.kind = DecoderStep::Kind::metaspace;
      PreTokenizerStep settings;
      DECODESCOPE_CHECK(readMetaspace(component, settings));
      step.pattern = settings.replacement;
      step.start = settings.prepend == PreTokenizerStep::Prepend::never ? 0 : 1;
    } else if (type == "ByteLevel") {
      step.kind = DecoderStep::Kind::byteLevel;
    } else {
      return typeValue.error("decoder is not supported",
                             "Replace, ByteFallback, Fuse, Strip, Metaspace, ByteLevel, Sequence");
    }
    steps.push_back(std::move(step));
    return {};
  };
  DECODESCOPE_CHECK(visitComponents(value, "decoders", visit));
  return steps;
}

Result<void> readTemplate(const JsonValue& component, TokenizerParts& parts) {
  DECODESCOPE_TRY(const JsonValue single, component.at("single"));
  DECODESCOPE_TRY(const JsonChildren items, single.asArray());
  if (items.size() > kTemplateLimit) return tooMany(single, kTemplateLimit);
  DECODESCOPE_TRY(const JsonValue specials, component.at("special_tokens"));
  DECODESCOPE_TRY(const JsonChildren members, specials.asObject());
  if (members.size() > kTemplateLimit) return tooMany(specials, kTemplateLimit);
  std::vector<TokenId> before;
  std::vector<TokenId> after;
  int texts = 0;
  for (const JsonValue item : items) {
    if (const auto sequence = item.find("Sequence")) {
      DECODESCOPE_TRY(const JsonValue id, sequence->at("id"));
      DECODESCOPE_TRY(const std::string_view name, id.asString());
      if (name != "A") return id.error("a template for one text has no other", "\"A\"");
      ++texts;
      continue;
    }
    DECODESCOPE_TRY(const JsonValue special, item.at("SpecialToken"));
    DECODESCOPE_TRY(const JsonValue id, special.at("id"));
    DECODESCOPE_TRY(const std::string_view name, id.asString());
    const auto token = specials.find(name);
    if (!token) return id.error("not among special_tokens");
    DECODESCOPE_TRY(const JsonValue idsValue, token->at("ids"));
    DECODESCOPE_TRY(const JsonChildren ids, idsValue.asArray());
    if (ids.size() > kTemplateLimit - parts.before.size() - before.size() - parts.after.size() - after.size())
      return tooMany(idsValue, kTemplateLimit);
    for (const JsonValue value : ids) {
      DECODESCOPE_TRY(const TokenId tokenId, asTokenId(value));
      (texts == 0 ? before : after).push_back(tokenId);
    }
  }
  if (texts != 1) return single.error("must hold the text exactly once");
  // The templates of a sequence wrap one another, the first innermost.
  parts.before.insert(parts.before.begin(), before.begin(), before.end());
  parts.after.insert(parts.after.end(), after.begin(), after.end());
  return {};
}

Result<void> readPostProcessor(const JsonValue& value, TokenizerParts& parts) {
  return visitComponents(
      value, "processors",
      [&](const JsonValue& component, const JsonValue& typeValue, std::string_view type) -> Result<void> {
        if (type == "TemplateProcessing") return readTemplate(component, parts);
        if (type == "ByteLevel") return {};  // it moves offsets only
        return typeValue.error("post-processor is not supported", "TemplateProcessing, ByteLevel, Sequence");
      });
}

Result<std::vector<AddedToken>> readAddedTokens(const JsonValue& value) {
  std::vector<AddedToken> tokens;
  DECODESCOPE_TRY(const JsonChildren items, value.asArray());
  if (items.size() > kAddedLimit) return tooMany(value, kAddedLimit);
  tokens.reserve(items.size());
  for (const JsonValue item : items) {
    AddedToken token;
    DECODESCOPE_TRY(const JsonValue id, item.at("id"));
    DECODESCOPE_TRY(token.id, asTokenId(id));
    DECODESCOPE_TRY(token.content, textMember(item, "content"));
    if (token.content.size() > kAddedLengthLimit)
      return item.find("content")->error("is too long",
                                         "at most " + std::to_string(kAddedLengthLimit) + " bytes");
    DECODESCOPE_TRY(token.special, flagMember(item, "special", false));
    DECODESCOPE_TRY(token.normalized, flagMember(item, "normalized", !token.special));
    DECODESCOPE_TRY(token.stripLeft, flagMember(item, "lstrip", false));
    DECODESCOPE_TRY(token.stripRight, flagMember(item, "rstrip", false));
    DECODESCOPE_TRY(const bool singleWord, flagMember(item, "single_word", false));
    if (singleWord) return item.find("single_word")->error("setting is not supported", "false");
    tokens.push_back(std::move(token));
  }
  return tokens;
}

Result<Vocabulary> readVocabulary(const JsonValue& model) {
  DECODESCOPE_TRY(const JsonValue value, model.at("vocab"));
  DECODESCOPE_TRY(const JsonChildren members, value.asObject());
  if (members.size() == 0) return value.error("vocabulary is empty");
  std::vector<Vocabulary::Entry> entries;
  entries.reserve(members.size());
  for (const JsonValue member : members) {
    DECODESCOPE_TRY(const TokenId id, asTokenId(member));
    entries.push_back({member.key(), id.value});
  }
  Result<Vocabulary> vocabulary = Vocabulary::make(entries);
  if (!vocabulary.ok()) return placed(value, vocabulary.error());
  return vocabulary;
}

/// Written as "a b" or as ["a", "b"].
Result<BpeModel::Merge> readMerge(const JsonValue& value, const Vocabulary& vocabulary) {
  const auto read = [&]() -> Result<BpeModel::Merge> {
    if (value.kind() == JsonKind::string) {
      DECODESCOPE_TRY(const std::string_view line, value.asString());
      return parseMerge(vocabulary, line);
    }
    if (value.kind() != JsonKind::array) return value.error("wrong type", "\"a b\" or [\"a\", \"b\"]");
    DECODESCOPE_TRY(const JsonChildren halves, value.asArray());
    if (halves.size() != 2) return value.error("merge does not have two halves", "[\"a\", \"b\"]");
    auto half = halves.begin();
    DECODESCOPE_TRY(const std::string_view left, (*half).asString());
    ++half;
    DECODESCOPE_TRY(const std::string_view right, (*half).asString());
    return makeMerge(vocabulary, left, right);
  };
  auto merge = read();
  if (merge.ok()) return merge;
  Error error = merge.error();
  if (error.file.empty()) error = value.error(error.what, error.allowed);
  return error;
}

Result<void> refuseText(const JsonValue& model, std::string_view key) {
  const auto value = model.findNonNull(key);
  if (!value) return {};
  DECODESCOPE_TRY(const std::string_view text, value->asString());
  if (!text.empty()) return value->error("setting is not supported", "null");
  return {};
}

Result<std::optional<TokenId>> readUnknown(const JsonValue& model, const Vocabulary& vocabulary) {
  const auto value = model.findNonNull("unk_token");
  if (!value) return std::optional<TokenId>{};
  DECODESCOPE_TRY(const std::string_view name, value->asString());
  return vocabulary.find(name);
}

Result<std::unique_ptr<const TokenModel>> readBpe(const JsonValue& model) {
  DECODESCOPE_TRY(Vocabulary vocabulary, readVocabulary(model));
  BpeOptions options;
  DECODESCOPE_TRY(options.unknown, readUnknown(model, vocabulary));
  if (const auto unknown = model.findNonNull("unk_token"); unknown && !options.unknown) {
    return unknown->error("not in the vocabulary", "a token of model.vocab or null");
  }
  DECODESCOPE_TRY(options.fuseUnknown, flagMember(model, "fuse_unk", false));
  DECODESCOPE_TRY(options.byteFallback, flagMember(model, "byte_fallback", false));
  DECODESCOPE_TRY(options.ignoreMerges, flagMember(model, "ignore_merges", false));
  DECODESCOPE_CHECK(refuseText(model, "continuing_subword_prefix"));
  DECODESCOPE_CHECK(refuseText(model, "end_of_word_suffix"));
  if (const auto dropout = model.findNonNull("dropout")) {
    DECODESCOPE_TRY(const double rate, dropout->asNumber());
    if (rate != 0.0) return dropout->error("setting is not supported", "null");
  }
  DECODESCOPE_TRY(const JsonValue list, model.at("merges"));
  DECODESCOPE_TRY(const JsonChildren items, list.asArray());
  std::vector<BpeModel::Merge> merges;
  merges.reserve(items.size());
  for (const JsonValue item : items) {
    DECODESCOPE_TRY(const BpeModel::Merge merge, readMerge(item, vocabulary));
    merges.push_back(merge);
  }
  return std::unique_ptr<const TokenModel>(
      std::make_unique<BpeModel>(std::move(vocabulary), merges, options));
}

Result<std::unique_ptr<const TokenModel>> readWordLevel(const JsonValue& model) {
  DECODESCOPE_TRY(Vocabulary vocabulary, readVocabulary(model));
  DECODESCOPE_TRY(const std::optional<TokenId> unknown, readUnknown(model, vocabulary));
  return std::unique_ptr<const TokenModel>(std::make_unique<WordLevelModel>(std::move(vocabulary), unknown));
}

Result<std::unique_ptr<const TokenModel>> readModel(const JsonValue& model) {
  std::string_view type;
  if (const auto typeValue = model.find("type")) {
    DECODESCOPE_TRY(type, typeValue->asString());
    if (type != "BPE" && type != "WordLevel")
      return typeValue->error("tokenizer is not supported", "BPE, WordLevel");
  } else if (model.find("merges")) {
    type = "BPE";  // files from before the member existed
  } else {
    return model.missing("type");
  }
  return type == "BPE" ? readBpe(model) : readWordLevel(model);
}

Result<std::shared_ptr<const Tokenizer>> build(const JsonDocument& document) {
  const JsonValue root = document.root();
  TokenizerParts parts;
  DECODESCOPE_TRY(const JsonValue model, root.at("model"));
  DECODESCOPE_TRY(parts.model, readModel(model));
  if (const auto added = root.findNonNull("added_tokens")) {
    DECODESCOPE_TRY(parts.addedTokens, readAddedTokens(*added));
  }
  if (const auto normalizer = root.find("normalizer")) {
    DECODESCOPE_TRY(parts.normalizer, readNormalizer(*normalizer));
  }
  if (const auto preTokenizer = root.find("pre_tokenizer")) {
    DECODESCOPE_TRY(parts.preTokenizer, readPreTokenizer(*preTokenizer));
  }
  if (const auto postProcessor = root.find("post_processor")) {
    DECODESCOPE_CHECK(readPostProcessor(*postProcessor, parts));
  }
  if (const auto decoder = root.find("decoder")) {
    DECODESCOPE_TRY(parts.decoder, readDecoder(*decoder));
  }
  auto tokenizer = PipelineTokenizer::make(std::move(parts));
  if (!tokenizer.ok()) {
    Error error = placed(root, tokenizer.error());
    error.field = tokenizer.error().field;
    return error;
  }
  return std::shared_ptr<const Tokenizer>(std::move(tokenizer).value());
}

}  // namespace

Result<std::shared_ptr<const Tokenizer>> readTokenizerJson(const std::string& path) {
  DECODESCOPE_TRY(const JsonDocument document, JsonDocument::read(path, kFileLimit));
  return build(document);
}

Result<std::shared_ptr<const Tokenizer>> parseTokenizerJson(std::string_view text,
                                                            const std::string& fileName) {
  DECODESCOPE_TRY(const JsonDocument document, JsonDocument::parse(text, fileName));
  return build(document);
}

}  // namespace decodescope
