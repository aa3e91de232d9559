#include "core/explain/arithmetic.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace decodescope {
namespace {

bool isLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

/// How long the name or number at the beginning is; 0 when there is none.
std::size_t nameLength(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && (isLetter(text[n]) || (n > 0 && isDigit(text[n])))) ++n;
  return n;
}

std::size_t numberLength(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && (isDigit(text[n]) || text[n] == '.')) ++n;
  return n;
}

/// By recursive descent; a failure anywhere makes all of it nothing.
class Evaluation {
 public:
  Evaluation(std::string_view text, const std::function<std::optional<double>(std::string_view)>& valueOf)
      : m_rest(text), m_valueOf(valueOf) {}

  std::optional<double> whole() {
    const double value = sum();
    skipBlanks();
    if (m_failed || !m_rest.empty()) return std::nullopt;
    return value;
  }

 private:
  static constexpr int kDeepest = 64;

  void skipBlanks() {
    while (!m_rest.empty() && m_rest.front() == ' ') m_rest.remove_prefix(1);
  }

  bool take(char c) {
    skipBlanks();
    if (m_rest.empty() || m_rest.front() != c) return false;
    m_rest.remove_prefix(1);
    return true;
  }

  double fail() {
    m_failed = true;
    return 0;
  }

  double sum() {
    double value = product();
    while (!m_failed) {
      if (take('+')) {
        value += product();
      } else if (take('-')) {
        value -= product();
      } else {
        break;
      }
    }
    return value;
  }

  double product() {
    double value = factor();
    while (!m_failed) {
      if (take('*')) {
        value *= factor();
      } else if (take('/')) {
        value /= factor();
      } else {
        break;
      }
    }
    return value;
  }

  double factor() {
    if (++m_depth > kDeepest) return fail();
    const double value = unguardedFactor();
    --m_depth;
    return value;
  }

  double unguardedFactor() {
    if (take('(')) {
      const double value = sum();
      return take(')') ? value : fail();
    }
    skipBlanks();
    if (const std::size_t n = nameLength(m_rest)) {
      const std::string_view name = m_rest.substr(0, n);
      m_rest.remove_prefix(n);
      if (take('(')) return call(name);
      const std::optional<double> value = m_valueOf(name);
      return value ? *value : fail();
    }
    const std::size_t n = numberLength(m_rest);
    double value = 0;
    const auto [end, error] = std::from_chars(m_rest.data(), m_rest.data() + n, value);
    if (n == 0 || error != std::errc() || end != m_rest.data() + n) return fail();
    m_rest.remove_prefix(n);
    return value;
  }

  double call(std::string_view name) {
    const double first = sum();
    if (name == "sqrt") return take(')') ? std::sqrt(first) : fail();
    if (name != "min" || !take(',')) return fail();
    const double second = sum();
    return take(')') ? std::min(first, second) : fail();
  }

  std::string_view m_rest;
  const std::function<std::optional<double>(std::string_view)>& m_valueOf;
  int m_depth = 0;
  bool m_failed = false;
};

}  // namespace

std::optional<double> evaluateArithmetic(
    std::string_view expression, const std::function<std::optional<double>(std::string_view)>& valueOf) {
  return Evaluation(expression, valueOf).whole();
}

std::string writtenArithmetic(std::string_view expression,
                              const std::function<std::string(std::string_view)>& textOf) {
  std::string text;
  while (!expression.empty()) {
    if (const std::size_t n = nameLength(expression)) {
      const std::string_view name = expression.substr(0, n);
      text += name == "sqrt" ? "√" : name == "min" ? "min" : textOf(name);
      expression.remove_prefix(n);
      continue;
    }
    const char c = expression.front();
    text += c == '*' ? std::string("·") : c == '-' ? std::string("−") : std::string(1, c);
    expression.remove_prefix(1);
  }
  return text;
}

std::string arithmeticNumber(double value) {
  char text[40];
  if (value != std::round(value) || std::abs(value) >= 1e15) {
    std::snprintf(text, sizeof(text), "%.6g", value);
  } else {
    std::snprintf(text, sizeof(text), "%.0f", value);
  }
  std::string number = text;
  const bool isWhole = std::all_of(number.begin() + (value < 0), number.end(), isDigit);
  if (isWhole && number.size() > 4) {
    for (auto at = static_cast<int>(number.size()) - 3; at > (value < 0 ? 1 : 0); at -= 3)
      number.insert(static_cast<std::size_t>(at), ",");
  }
  if (number.front() == '-') number.replace(0, 1, "−");
  return number;
}

}  // namespace decodescope
