#pragma once

#include "core/base/result.h"
#include "core/decode/run_settings.h"

#include <optional>
#include <string>
#include <vector>

namespace decodescope {

/// What becomes different in a run's settings; empty parts stay as they are.
struct SettingsPatch {
  std::optional<bool> kvCache = {};
  std::optional<double> temperature = {};
  std::optional<int> topK = {};
  std::optional<double> topP = {};
  std::optional<std::uint64_t> seed = {};
  /// What is struck out of the attention, all of it; whether there is a mask is not touched.
  std::optional<AttentionRules> strikes = {};

  bool isEmpty() const;
  void applyTo(RunSettings& settings) const;

  friend bool operator==(const SettingsPatch&, const SettingsPatch&) = default;
};

/// The patch from one to the other; `ignoreEos` and the mask are left out.
SettingsPatch patchBetween(const RunSettings& before, const RunSettings& after);

/// A patch that is in force from a step on.
struct SettingsChange {
  StepIndex from{1};
  SettingsPatch patch;

  friend bool operator==(const SettingsChange&, const SettingsChange&) = default;
};

/// "kv_cache=off,temperature=0.7": words that parsePatch() reads back exactly.
std::string patchText(const SettingsPatch& patch);
/// Keys kv_cache, temperature, top_k, top_p, seed and strike. Errors name the key.
Result<SettingsPatch> parsePatch(const std::string& text);

/// "4:kv_cache=off".
std::string changeText(const SettingsChange& change);
Result<SettingsChange> parseChange(const std::string& text);

/// What is struck out: "L0H3@7" is query head 3 of layer 0 for queries from position 7 on, "L0G1P4@7" the row
/// of position 4 of key/value head 1; "@7" is left out where it is 0, several are joined by "+", and "none"
/// is nothing at all.
std::string strikesText(const AttentionRules& rules);
Result<AttentionRules> parseStrikes(const std::string& text);

/// The number in the shortest form that reads back exactly.
std::string shortestText(double number);

}  // namespace decodescope
