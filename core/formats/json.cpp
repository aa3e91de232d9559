#include "core/formats/json.h"

#include "core/base/file_bytes.h"
#include "core/base/utf8.h"
#include "core/formats/file_kind.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

namespace decodescope {
namespace json_detail {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

struct Slice {
  std::uint32_t begin = 0;
  std::uint32_t length = 0;
};

struct Node {
  JsonKind kind = JsonKind::null;
  std::uint32_t parent = kNone;
  std::uint32_t next = kNone;  // sibling
  Slice key;
  union {
    bool boolean;
    std::int64_t integer;
    double number;
    Slice string;
    Slice children;  // node of the first child (kNone without one), count
  };

  Node() : integer(0) {}
};

struct Tree {
  std::string file;
  std::string strings;
  std::vector<Node> nodes;

  std::string_view text(Slice slice) const {
    return std::string_view(strings).substr(slice.begin, slice.length);
  }
};

}  // namespace json_detail

namespace {

using json_detail::kNone;
using json_detail::Node;
using json_detail::Slice;
using json_detail::Tree;

constexpr std::size_t kDepthLimit = 64;
constexpr std::size_t kWordLimit = 4096;

std::string pathOf(const Tree& tree, std::uint32_t node) {
  std::vector<std::string> parts;
  while (node != kNone && tree.nodes[node].parent != kNone) {
    const std::uint32_t parent = tree.nodes[node].parent;
    if (tree.nodes[parent].kind == JsonKind::object) {
      const std::string_view key = tree.text(tree.nodes[node].key);
      const bool plain = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-';
      });
      std::string part(plain ? "." : "[");
      part.append(plain ? std::string(key) : quotedStart(key));
      if (!plain) part.append("]");
      parts.push_back(std::move(part));
    } else {
      std::size_t index = 0;
      for (std::uint32_t at = tree.nodes[parent].children.begin; at != node; at = tree.nodes[at].next)
        ++index;
      std::string part("[");
      part.append(std::to_string(index)).append("]");
      parts.push_back(std::move(part));
    }
    node = parent;
  }
  std::string path;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) path += *part;
  if (!path.empty() && path.front() == '.') path.erase(0, 1);
  return path;
}

std::string shownNumber(double value) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  std::string text(buffer, end);
  // 8.0 must not be shown as the integer that it is not.
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

std::string describe(const Tree& tree, const Node& node) {
  switch (node.kind) {
    case JsonKind::null:
      return "null";
    case JsonKind::boolean:
      return node.boolean ? "true" : "false";
    case JsonKind::integer:
      return std::to_string(node.integer);
    case JsonKind::number:
      return shownNumber(node.number);
    case JsonKind::string:
      return quotedStart(tree.text(node.string));
    case JsonKind::array:
      return "an array";
    case JsonKind::object:
      return "an object";
  }
  return {};
}

/// Values beyond which a text is refused: dense enough for every tokenizer that there is, and far less than
/// the number that a text of this size can hold (a tree takes 32 bytes a value).
std::size_t valueLimit(std::size_t textSize) {
  return 512 * 1024 + textSize / 10;
}

/// At least as many as the text has values, and no more than that in a well-formed text without empty
/// containers; `longest` becomes the length of the longest number or word.
std::size_t countValues(std::string_view text, std::size_t& longest) {
  std::size_t count = 1, word = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool inWord = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        c == '.' || c == '-' || c == '+';
    word = inWord ? word + 1 : 0;
    longest = std::max(longest, word);
    if (c == ',' || c == '[' || c == '{') ++count;
    if (c != '"') continue;
    for (++at; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] == '\\') ++at;
    }
  }
  return count;
}

/// Receives nlohmann's events and appends to a tree.
class TreeBuilder {
 public:
  TreeBuilder(Tree& tree, std::size_t textSize) : m_tree(tree), m_textSize(textSize) {}

  bool null() { return add(JsonKind::null) != kNone; }
  bool boolean(bool value) {
    const std::uint32_t node = add(JsonKind::boolean);
    m_tree.nodes[node].boolean = value;
    return true;
  }
  bool number_integer(std::int64_t value) {
    const std::uint32_t node = add(JsonKind::integer);
    m_tree.nodes[node].integer = value;
    return true;
  }
  bool number_unsigned(std::uint64_t value) {
    if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return number_integer(static_cast<std::int64_t>(value));
    }
    return number_float(static_cast<double>(value), {});
  }
  bool number_float(double value, const std::string&) {
    const std::uint32_t node = add(JsonKind::number);
    m_tree.nodes[node].number = value;
    return true;
  }
  bool string(std::string& value) {
    const std::uint32_t node = add(JsonKind::string);
    m_tree.nodes[node].string = store(value);
    return true;
  }
  bool binary(nlohmann::json::binary_t&) { return false; }  // JSON text has none
  bool start_object(std::size_t) { return open(JsonKind::object); }
  bool start_array(std::size_t) { return open(JsonKind::array); }
  bool key(std::string& name) {
    m_key = store(name);
    return true;
  }
  bool end_array() {
    m_open.pop_back();
    return true;
  }
  bool end_object() {
    const bool fine = checkDuplicates(m_open.back().node);
    m_open.pop_back();
    return fine;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& failure) {
    m_error = Error{};
    std::string_view what = failure.what();
    // nlohmann says "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while
    // parsing value - unexpected '}'; last read: '…'; expected …": the middle is what a person needs.
    if (const std::size_t dash = what.find(" - "); dash != std::string_view::npos)
      what.remove_prefix(dash + 3);
    if (const std::size_t bracket = what.find("] ");
        what.starts_with("[json.") && bracket != std::string_view::npos) {
      what.remove_prefix(bracket + 2);
    }
    constexpr std::string_view kExpected = "; expected ";
    if (const std::size_t expected = what.rfind(kExpected); expected != std::string_view::npos) {
      m_error.allowed = std::string(what.substr(expected + kExpected.size()));
      what = what.substr(0, expected);
    }
    if (const std::size_t rest = what.find("; last read"); rest != std::string_view::npos)
      what = what.substr(0, rest);
    m_error.what = "not valid JSON: " + replaceInvalidUtf8(what.substr(0, 120));
    m_error.offset = std::min(position > 0 ? position - 1 : 0, m_textSize);
    return false;
  }

  Error takeError() { return std::move(m_error); }

 private:
  struct OpenContainer {
    std::uint32_t node;
    std::uint32_t last = kNone;  // child
  };

  Slice store(const std::string& text) {
    const Slice slice{static_cast<std::uint32_t>(m_tree.strings.size()),
                      static_cast<std::uint32_t>(text.size())};
    m_tree.strings += text;
    return slice;
  }

  std::uint32_t add(JsonKind kind) {
    const auto index = static_cast<std::uint32_t>(m_tree.nodes.size());
    Node node;
    node.kind = kind;
    if (!m_open.empty()) {
      OpenContainer& container = m_open.back();
      Node& parent = m_tree.nodes[container.node];
      node.parent = container.node;
      if (parent.kind == JsonKind::object) node.key = m_key;
      if (container.last == kNone) {
        parent.children.begin = index;
      } else {
        m_tree.nodes[container.last].next = index;
      }
      ++parent.children.length;
      container.last = index;
    }
    m_tree.nodes.push_back(node);
    return index;
  }

  bool open(JsonKind kind) {
    if (m_open.size() >= kDepthLimit) {
      m_error = Error{};
      m_error.field = pathOf(m_tree, m_open.back().node);
      m_error.what = "nested too deeply";
      m_error.allowed = "at most " + std::to_string(kDepthLimit) + " levels";
      return false;
    }
    const std::uint32_t node = add(kind);
    m_tree.nodes[node].children = {kNone, 0};
    m_open.push_back({node});
    return true;
  }

  bool checkDuplicates(std::uint32_t object) {
    m_sorted.clear();
    for (std::uint32_t at = m_tree.nodes[object].children.begin; at != kNone; at = m_tree.nodes[at].next) {
      m_sorted.push_back(at);
    }
    const auto keyOf = [this](std::uint32_t node) { return m_tree.text(m_tree.nodes[node].key); };
    std::sort(m_sorted.begin(), m_sorted.end(),
              [&](std::uint32_t a, std::uint32_t b) { return keyOf(a) < keyOf(b); });
    const auto twin =
        std::adjacent_find(m_sorted.begin(), m_sorted.end(),
                           [&](std::uint32_t a, std::uint32_t b) { return keyOf(a) == keyOf(b); });
    if (twin == m_sorted.end()) return true;
    m_error = Error{};
    m_error.field = pathOf(m_tree, *twin);
    m_error.what = "name stands twice in its object";
    return false;
  }

  Tree& m_tree;
  std::size_t m_textSize;
  std::vector<OpenContainer> m_open;
  std::vector<std::uint32_t> m_sorted;
  Slice m_key;
  Error m_error;
};

}  // namespace

Result<JsonDocument> JsonDocument::parse(std::string_view text, std::string fileName) {
  // Offsets into the strings and node numbers are 32 bits wide; neither can outgrow the text.
  if (text.size() >= kNone) {
    Error error;
    error.file = std::move(fileName);
    error.what = "JSON text is too large";
    return error;
  }
  // nlohmann's reader takes it for the end of the text.
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos) {
    Error error;
    error.file = std::move(fileName);
    error.what = "not valid JSON: a zero byte";
    error.offset = zero;
    return error;
  }
  std::size_t longest = 0;
  const std::size_t values = countValues(text, longest);
  if (values > valueLimit(text.size()) || longest > kWordLimit) {
    Error error;
    error.file = std::move(fileName);
    const bool word = longest > kWordLimit;
    error.what = word ? "not valid JSON: a number or word is too long" : "JSON text has too many values";
    error.found = std::to_string(word ? longest : values);
    error.allowed = "at most " + std::to_string(word ? kWordLimit : valueLimit(text.size()));
    return error;
  }
  auto tree = std::make_shared<Tree>();
  tree->nodes.reserve(values);
  tree->file = std::move(fileName);
  TreeBuilder builder(*tree, text.size());
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) {
    Error error = builder.takeError();
    error.file = tree->file;
    return error;
  }
  return JsonDocument(std::move(tree));
}

Result<JsonDocument> JsonDocument::read(const std::string& path, std::uint64_t limit) {
  DECODESCOPE_TRY(const std::string text, readWholeFile(path, limit));
  if (std::string kind = describeWrongText(text); !kind.empty()) {
    Error error;
    error.file = path;
    error.what = "not JSON";
    error.found = std::move(kind);
    return error;
  }
  return parse(text, path);
}

JsonValue JsonDocument::root() const {
  return {m_tree.get(), 0};
}

JsonValue JsonChildren::Iterator::operator*() const {
  return {m_tree, m_node};
}

JsonChildren::Iterator& JsonChildren::Iterator::operator++() {
  m_node = m_tree->nodes[m_node].next;
  return *this;
}

JsonChildren::Iterator JsonChildren::end() const {
  return {m_tree, kNone};
}

JsonKind JsonValue::kind() const {
  return m_tree->nodes[m_node].kind;
}

std::string_view JsonValue::key() const {
  return m_tree->text(m_tree->nodes[m_node].key);
}

std::string JsonValue::path() const {
  return pathOf(*m_tree, m_node);
}

Error JsonValue::error(std::string what, std::string allowed) const {
  Error error;
  error.file = m_tree->file;
  error.field = path();
  error.what = std::move(what);
  error.found = describe(*m_tree, m_tree->nodes[m_node]);
  error.allowed = std::move(allowed);
  return error;
}

Error JsonValue::missing(std::string_view key) const {
  Error error;
  error.file = m_tree->file;
  error.field = path();
  if (!error.field.empty()) error.field += '.';
  error.field += key;
  error.what = "missing";
  return error;
}

Result<bool> JsonValue::asBool() const {
  if (kind() != JsonKind::boolean) return error("wrong type", "true or false");
  return m_tree->nodes[m_node].boolean;
}

Result<std::int64_t> JsonValue::asInteger(std::int64_t least, std::int64_t most) const {
  const std::string allowed = "an integer from " + std::to_string(least) + " to " + std::to_string(most);
  if (kind() == JsonKind::number) return error("not an integer in range", allowed);
  if (kind() != JsonKind::integer) return error("wrong type", allowed);
  const std::int64_t value = m_tree->nodes[m_node].integer;
  if (value < least || value > most) return error("out of range", allowed);
  return value;
}

Result<double> JsonValue::asNumber() const {
  const Node& node = m_tree->nodes[m_node];
  if (node.kind == JsonKind::integer) return static_cast<double>(node.integer);
  if (node.kind != JsonKind::number) return error("wrong type", "a number");
  return node.number;
}

Result<std::string_view> JsonValue::asString() const {
  if (kind() != JsonKind::string) return error("wrong type", "a string");
  return m_tree->text(m_tree->nodes[m_node].string);
}

Result<JsonChildren> JsonValue::asArray() const {
  if (kind() != JsonKind::array) return error("wrong type", "an array");
  const Slice children = m_tree->nodes[m_node].children;
  return JsonChildren(m_tree, children.begin, children.length);
}

Result<JsonChildren> JsonValue::asObject() const {
  if (kind() != JsonKind::object) return error("wrong type", "an object");
  const Slice children = m_tree->nodes[m_node].children;
  return JsonChildren(m_tree, children.begin, children.length);
}

std::optional<JsonValue> JsonValue::find(std::string_view key) const {
  if (kind() != JsonKind::object) return std::nullopt;
  for (std::uint32_t at = m_tree->nodes[m_node].children.begin; at != kNone; at = m_tree->nodes[at].next) {
    if (m_tree->text(m_tree->nodes[at].key) == key) return JsonValue(m_tree, at);
  }
  return std::nullopt;
}

std::optional<JsonValue> JsonValue::findNonNull(std::string_view key) const {
  std::optional<JsonValue> value = find(key);
  if (value && value->isNull()) value.reset();
  return value;
}

Result<JsonValue> JsonValue::at(std::string_view key) const {
  if (kind() != JsonKind::object) return error("wrong type", "an object");
  const std::optional<JsonValue> value = find(key);
  if (!value) return missing(key);
  return *value;
}

}  // namespace decodescope
