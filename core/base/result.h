#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace decodescope {

/// An expected failure: what is wrong with which input, what was found and what is allowed.
/// Empty parts are left out of the message.
struct Error {
  std::string file = {};                     ///< the input's name, as the user gave it
  std::string field = {};                    ///< JSON path, tensor name, option name …
  std::string what = {};                     ///< what is wrong, in a few words
  std::string found = {};                    ///< what stands there
  std::string allowed = {};                  ///< what may stand there
  std::optional<std::uint64_t> offset = {};  ///< byte offset in the file

  /// One line: `FILE: FIELD: what is wrong: found X, allowed Y (at byte N)`.
  /// Control characters in any part are shown as \xNN, so that the line stays one line.
  std::string message() const;
};

/// A value or the reason why there is none. Cannot be ignored, never converts to bool by itself.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : m_state(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : m_state(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return m_state.index() == 0; }
  /// Needs ok().
  const T& value() const& { return std::get<0>(m_state); }
  T& value() & { return std::get<0>(m_state); }
  T&& value() && { return std::get<0>(std::move(m_state)); }
  /// Needs !ok().
  const Error& error() const& { return std::get<1>(m_state); }
  Error&& error() && { return std::get<1>(std::move(m_state)); }

 private:
  std::variant<T, Error> m_state;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : m_error(std::move(error)) {}

  [[nodiscard]] bool ok() const { return !m_error.has_value(); }
  const Error& error() const& { return *m_error; }
  Error&& error() && { return *std::move(m_error); }

 private:
  std::optional<Error> m_error;
};

/// Stops the program with a message: for broken invariants of our own, never for input.
[[noreturn]] void invariantBroken(const char* file, int line, const char* what);

}  // namespace decodescope

#define DECODESCOPE_CONCAT_(a, b) a##b
#define DECODESCOPE_CONCAT(a, b) DECODESCOPE_CONCAT_(a, b)

/// `DECODESCOPE_TRY(Foo foo, makeFoo())`: declares foo with the value, or returns the error.
#define DECODESCOPE_TRY(declaration, expression)                        \
  auto DECODESCOPE_CONCAT(tryResult_, __LINE__) = (expression);         \
  if (!DECODESCOPE_CONCAT(tryResult_, __LINE__).ok())                   \
    return std::move(DECODESCOPE_CONCAT(tryResult_, __LINE__)).error(); \
  declaration = std::move(DECODESCOPE_CONCAT(tryResult_, __LINE__)).value()

/// Same for Result<void>.
#define DECODESCOPE_CHECK(expression)                           \
  do {                                                          \
    auto tryResult_ = (expression);                             \
    if (!tryResult_.ok()) return std::move(tryResult_).error(); \
  } while (false)

/// Checks an invariant of our own in every build.
#define DECODESCOPE_REQUIRE(condition)                                                \
  do {                                                                                \
    if (!(condition)) ::decodescope::invariantBroken(__FILE__, __LINE__, #condition); \
  } while (false)
