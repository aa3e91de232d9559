#include "app/cli/arguments.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

std::string shortest(double number) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  return {text, end};
}

std::string between(const std::string& low, const std::string& high) {
  return low + " … " + high;
}

}  // namespace

Result<Arguments> Arguments::parse(std::span<const std::string> words, std::span<const OptionInfo> options) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      arguments.m_words.insert(arguments.m_words.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                               words.end());
      break;
    }
    if (word.size() < 2 || word[0] != '-') {
      arguments.m_words.push_back(word);
      continue;
    }
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const auto info =
        std::find_if(options.begin(), options.end(), [&](const OptionInfo& o) { return name == o.name; });
    if (info == options.end()) return Error{.field = name, .what = "there is no such option"};
    const bool takesValue = *info->value != '\0';
    if (!takesValue) {
      if (equals != std::string::npos) return Error{.field = name, .what = "takes no value"};
      arguments.m_options.emplace_back(name, "");
    } else if (equals != std::string::npos) {
      arguments.m_options.emplace_back(name, word.substr(equals + 1));
    } else if (i + 1 < words.size()) {
      arguments.m_options.emplace_back(name, words[++i]);
    } else {
      return Error{.field = name, .what = "needs a value", .allowed = info->value};
    }
  }
  return arguments;
}

bool Arguments::has(const std::string& name) const {
  return value(name).has_value();
}

std::optional<std::string> Arguments::value(const std::string& name) const {
  for (auto it = m_options.rbegin(); it != m_options.rend(); ++it) {
    if (it->first == name) return it->second;
  }
  return std::nullopt;
}

std::vector<std::string> Arguments::values(const std::string& name) const {
  std::vector<std::string> found;
  for (const auto& [option, value] : m_options) {
    if (option == name) found.push_back(value);
  }
  return found;
}

Result<long long> parseWhole(const std::string& option, const std::string& text, long long low,
                             long long high) {
  long long number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || failure == std::errc::invalid_argument || end != text.data() + text.size())
    return Error{.field = option,
                 .what = "is not a whole number",
                 .found = text,
                 .allowed = between(std::to_string(low), std::to_string(high))};
  if (failure != std::errc{} || number < low || number > high)
    return Error{.field = option,
                 .what = "is out of range",
                 .found = text,
                 .allowed = between(std::to_string(low), std::to_string(high))};
  return number;
}

Result<double> parseReal(const std::string& option, const std::string& text, double low, double high) {
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || failure == std::errc::invalid_argument || end != text.data() + text.size())
    return Error{.field = option,
                 .what = "is not a number",
                 .found = text,
                 .allowed = between(shortest(low), shortest(high))};
  if (failure != std::errc{} || !std::isfinite(number) || number < low || number > high)
    return Error{.field = option,
                 .what = "is out of range",
                 .found = text,
                 .allowed = between(shortest(low), shortest(high))};
  return number;
}

Result<bool> parseOnOff(const std::string& option, const std::string& text) {
  if (text == "on") return true;
  if (text == "off") return false;
  return Error{.field = option, .what = "is neither on nor off", .found = text, .allowed = "on, off"};
}

Result<std::vector<int>> parseList(const std::string& option, const std::string& text) {
  std::vector<int> numbers;
  for (std::size_t at = 0; !text.empty() && at <= text.size();) {
    const auto comma = std::min(text.find(',', at), text.size());
    DECODESCOPE_TRY(const long long number,
                    parseWhole(option, text.substr(at, comma - at), 0, std::numeric_limits<int>::max()));
    numbers.push_back(static_cast<int>(number));
    at = comma + 1;
  }
  return numbers;
}

std::string optionsHelp(std::span<const OptionInfo> options) {
  const auto left = [](const OptionInfo& option) {
    return *option.value == '\0' ? std::string(option.name) : std::string(option.name) + " " + option.value;
  };
  std::size_t width = 0;
  for (const OptionInfo& option : options) width = std::max(width, left(option).size());
  std::string help;
  for (const OptionInfo& option : options) {
    const std::string name = left(option);
    help += "  " + name + std::string(width - name.size() + 2, ' ') + option.help + "\n";
  }
  return help;
}

}  // namespace decodescope
