#pragma once

#include "core/base/result.h"

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace decodescope {

/// An option of a subcommand, as its help shows it.
struct OptionInfo {
  const char* name;   ///< "--steps"
  const char* value;  ///< "N"; "" for a flag
  const char* help;
};

/// The words of a command line, sorted into options and the rest. Bytes stay as they are: a prompt or a file
/// name need not be UTF-8 to get here.
class Arguments {
 public:
  /// Takes `--name value`, `--name=value` and flags; after a lone `--` everything is a word. Refuses options
  /// that are not in the table, missing values, and values of flags.
  static Result<Arguments> parse(std::span<const std::string> words, std::span<const OptionInfo> options);

  bool has(const std::string& name) const;
  /// The last one wins when it was given more than once.
  std::optional<std::string> value(const std::string& name) const;
  std::vector<std::string> values(const std::string& name) const;
  /// What is neither an option nor an option's value.
  const std::vector<std::string>& words() const { return m_words; }

 private:
  std::vector<std::pair<std::string, std::string>> m_options;
  std::vector<std::string> m_words;
};

/// A whole number in decimal between the bounds; the error names the option.
Result<long long> parseWhole(const std::string& option, const std::string& text, long long low,
                             long long high);
/// A finite number between the bounds.
Result<double> parseReal(const std::string& option, const std::string& text, double low, double high);
/// "on" or "off".
Result<bool> parseOnOff(const std::string& option, const std::string& text);
/// "1,5,9"; an empty text is an empty list. Numbers are 0 … 2^31−1.
Result<std::vector<int>> parseList(const std::string& option, const std::string& text);

/// The options of a help text, one a line, aligned.
std::string optionsHelp(std::span<const OptionInfo> options);

}  // namespace decodescope
