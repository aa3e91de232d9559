#pragma once

#include "core/base/result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace decodescope {

enum class JsonKind : std::uint8_t { null, boolean, integer, number, string, array, object };

namespace json_detail {
struct Tree;
}

class JsonValue;

/// The elements of an array or the members of an object, in file order.
class JsonChildren {
 public:
  class Iterator {
   public:
    Iterator(const json_detail::Tree* tree, std::uint32_t node) : m_tree(tree), m_node(node) {}
    JsonValue operator*() const;
    Iterator& operator++();
    bool operator==(const Iterator& other) const { return m_node == other.m_node; }

   private:
    const json_detail::Tree* m_tree;
    std::uint32_t m_node;
  };

  JsonChildren(const json_detail::Tree* tree, std::uint32_t first, std::uint32_t count)
      : m_tree(tree), m_first(first), m_count(count) {}
  Iterator begin() const { return {m_tree, m_first}; }
  Iterator end() const;
  std::size_t size() const { return m_count; }

 private:
  const json_detail::Tree* m_tree;
  std::uint32_t m_first;
  std::uint32_t m_count;
};

/// One value of a parsed document, which must outlive it. Accessors check kind and range; their errors carry
/// the file, the value's JSON path (`rope_scaling.type`, `model.merges[12]`), what was found and what is
/// allowed.
class JsonValue {
 public:
  JsonValue(const json_detail::Tree* tree, std::uint32_t node) : m_tree(tree), m_node(node) {}

  JsonKind kind() const;
  bool isNull() const { return kind() == JsonKind::null; }
  /// The name under which an object holds this value; empty elsewhere.
  std::string_view key() const;
  /// Empty for the document itself.
  std::string path() const;

  Result<bool> asBool() const;
  /// A number written without fraction or exponent, least ≤ n ≤ most.
  Result<std::int64_t> asInteger(std::int64_t least, std::int64_t most) const;
  /// Any number; finite.
  Result<double> asNumber() const;
  Result<std::string_view> asString() const;
  Result<JsonChildren> asArray() const;
  Result<JsonChildren> asObject() const;

  /// A member of this object; nothing when it is missing or this is not an object. Takes time in the number
  /// of members.
  std::optional<JsonValue> find(std::string_view key) const;
  /// Same, but a value of null counts as missing.
  std::optional<JsonValue> findNonNull(std::string_view key) const;
  /// A member that must be there.
  Result<JsonValue> at(std::string_view key) const;

  /// An error at this value; `found` describes the value.
  Error error(std::string what, std::string allowed = {}) const;
  /// An error about a member of this object that is not there.
  Error missing(std::string_view key) const;

 private:
  const json_detail::Tree* m_tree;
  std::uint32_t m_node;
};

/// A parsed JSON text: a compact tree (32 bytes a value beside the strings) read strictly after RFC 8259.
/// Refused are duplicate names, nesting beyond 64, what is not UTF-8, numbers beyond the range of double,
/// anything after the value, and more values than 2^19 and a tenth of the text's bytes. Integers keep their
/// exact value from −2^63 to 2^63 − 1.
class JsonDocument {
 public:
  /// Syntax errors name the byte. `fileName` stands in every error message.
  static Result<JsonDocument> parse(std::string_view text, std::string fileName);
  /// Reads and parses a file of at most `limit` bytes.
  static Result<JsonDocument> read(const std::string& path, std::uint64_t limit);

  JsonValue root() const;

 private:
  explicit JsonDocument(std::shared_ptr<const json_detail::Tree> tree) : m_tree(std::move(tree)) {}

  std::shared_ptr<const json_detail::Tree> m_tree;
};

}  // namespace decodescope
