#include "core/decode/settings_change.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

constexpr const char* kKeys = "kv_cache, temperature, top_k, top_p, seed, strike";
constexpr const char* kStrike =
    "for example L0H3@7 (layer, query head, from) or L0G1P4@7, joined by +, or none";

Error patchError(const std::string& key, const char* what, const std::string& found,
                 const std::string& allowed) {
  return Error{.field = key, .what = what, .found = found, .allowed = allowed};
}

template <class Number>
std::optional<Number> numberOf(const std::string& text) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::string fromText(Position from) {
  return from.value == 0 ? std::string() : "@" + std::to_string(from.value);
}

/// "L0G1P4@7" as its letters' numbers, in the order of `letters`; nothing when it is not of that form.
template <std::size_t N>
std::optional<std::array<int, N>> lettered(const std::string& text, const char (&letters)[N + 1]) {
  std::array<int, N> numbers{};
  const char* at = text.data();
  const char* end = at + text.size();
  for (std::size_t i = 0; i < N; ++i) {
    if (letters[i] == '@' && at == end) return numbers;
    if (at == end || *at != letters[i]) return std::nullopt;
    const auto read = std::from_chars(at + 1, end, numbers[i]);
    if (read.ec != std::errc{} || numbers[i] < 0) return std::nullopt;
    at = read.ptr;
  }
  return at == end ? std::optional(numbers) : std::nullopt;
}

Result<void> parseEntry(const std::string& key, const std::string& value, SettingsPatch& patch) {
  constexpr const char* kPositive = "a number from 0 up";
  if (key == "kv_cache") {
    if (value != "on" && value != "off") return patchError(key, "is neither on nor off", value, "on, off");
    patch.kvCache = value == "on";
  } else if (key == "temperature") {
    patch.temperature = numberOf<double>(value);
    if (!patch.temperature || !(*patch.temperature >= 0) || !std::isfinite(*patch.temperature))
      return patchError(key, "is none", value, kPositive);
  } else if (key == "top_k") {
    patch.topK = numberOf<int>(value);
    if (!patch.topK || *patch.topK < 0) return patchError(key, "is none", value, kPositive);
  } else if (key == "top_p") {
    patch.topP = numberOf<double>(value);
    if (!patch.topP || !(*patch.topP > 0 && *patch.topP <= 1))
      return patchError(key, "is none", value, "above 0, up to 1");
  } else if (key == "seed") {
    patch.seed = numberOf<std::uint64_t>(value);
    if (!patch.seed) return patchError(key, "is none", value, kPositive);
  } else if (key == "strike") {
    DECODESCOPE_TRY(patch.strikes, parseStrikes(value));
  } else {
    return patchError(key, "is no setting", key, kKeys);
  }
  return {};
}

}  // namespace

std::string shortestText(double number) {
  char text[40];
  return std::string(text, std::to_chars(text, text + sizeof text, number).ptr);
}

bool SettingsPatch::isEmpty() const {
  return !kvCache && !temperature && !topK && !topP && !seed && !strikes;
}

void SettingsPatch::applyTo(RunSettings& settings) const {
  if (kvCache) settings.kvCache = *kvCache;
  if (temperature) settings.sampling.temperature = *temperature;
  if (topK) settings.sampling.topK = *topK;
  if (topP) settings.sampling.topP = *topP;
  if (seed) settings.sampling.seed = *seed;
  if (strikes) {
    settings.rules.struckHeads = strikes->struckHeads;
    settings.rules.struckRows = strikes->struckRows;
  }
}

SettingsPatch patchBetween(const RunSettings& before, const RunSettings& after) {
  SettingsPatch patch;
  if (before.kvCache != after.kvCache) patch.kvCache = after.kvCache;
  const SamplingSettings &a = before.sampling, &b = after.sampling;
  if (a.temperature != b.temperature) patch.temperature = b.temperature;
  if (a.topK != b.topK) patch.topK = b.topK;
  if (a.topP != b.topP) patch.topP = b.topP;
  if (a.seed != b.seed) patch.seed = b.seed;
  AttentionRules strikes = after.rules;
  strikes.causalMask = before.rules.causalMask;
  if (strikes != before.rules) {
    strikes.causalMask = true;
    patch.strikes = strikes;
  }
  return patch;
}

std::string patchText(const SettingsPatch& patch) {
  std::string text;
  const auto add = [&](const char* key, const std::string& value) {
    text += (text.empty() ? "" : ",") + std::string(key) + "=" + value;
  };
  if (patch.kvCache) add("kv_cache", *patch.kvCache ? "on" : "off");
  if (patch.temperature) add("temperature", shortestText(*patch.temperature));
  if (patch.topK) add("top_k", std::to_string(*patch.topK));
  if (patch.topP) add("top_p", shortestText(*patch.topP));
  if (patch.seed) add("seed", std::to_string(*patch.seed));
  if (patch.strikes) add("strike", strikesText(*patch.strikes));
  return text;
}

Result<SettingsPatch> parsePatch(const std::string& text) {
  SettingsPatch patch;
  for (const std::string& entry : split(text, ',')) {
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos) return patchError(entry, "is no KEY=VALUE", entry, kKeys);
    DECODESCOPE_CHECK(parseEntry(entry.substr(0, equals), entry.substr(equals + 1), patch));
  }
  return patch;
}

std::string changeText(const SettingsChange& change) {
  return std::to_string(change.from.value) + ":" + patchText(change.patch);
}

Result<SettingsChange> parseChange(const std::string& text) {
  const std::size_t colon = text.find(':');
  const auto step = numberOf<int>(text.substr(0, colon));
  if (colon == std::string::npos || !step || *step < 1)
    return patchError("", "is no STEP:KEY=VALUE", text, "for example 4:kv_cache=off");
  SettingsChange change;
  change.from = StepIndex{*step};
  DECODESCOPE_TRY(change.patch, parsePatch(text.substr(colon + 1)));
  return change;
}

std::string strikesText(const AttentionRules& rules) {
  std::string text;
  const auto add = [&](const std::string& word) { text += (text.empty() ? "" : "+") + word; };
  for (const AttentionRules::StruckHead& s : rules.struckHeads)
    add("L" + std::to_string(s.layer.value) + "H" + std::to_string(s.head.value) + fromText(s.from));
  for (const AttentionRules::StruckRow& s : rules.struckRows)
    add("L" + std::to_string(s.layer.value) + "G" + std::to_string(s.head.value) + "P" +
        std::to_string(s.position.value) + fromText(s.from));
  return text.empty() ? "none" : text;
}

Result<AttentionRules> parseStrikes(const std::string& text) {
  AttentionRules rules;
  if (text == "none") return rules;
  for (const std::string& word : split(text, '+')) {
    if (const auto head = lettered<3>(word, "LH@")) {
      rules.struckHeads.push_back({LayerIndex{(*head)[0]}, HeadIndex{(*head)[1]}, Position{(*head)[2]}});
    } else if (const auto row = lettered<4>(word, "LGP@")) {
      rules.struckRows.push_back(
          {LayerIndex{(*row)[0]}, KvHeadIndex{(*row)[1]}, Position{(*row)[2]}, Position{(*row)[3]}});
    } else {
      return patchError("strike", "names neither a head nor a row", word, kStrike);
    }
  }
  return rules;
}

}  // namespace decodescope
