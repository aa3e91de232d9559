#include "core/formats/json.h"

#include "core/formats/json_writer.h"

#include <cmath>
#include <gtest/gtest.h>
#include <string>

namespace decodescope {
namespace {

std::string failure(std::string_view text) {
  const auto document = JsonDocument::parse(text, "f");
  return document.ok() ? "ok" : document.error().message();
}

TEST(Json, ReadsEveryKind) {
  const auto parsed = JsonDocument::parse(
      R"({"n":null,"t":true,"f":false,"i":-5,"big":9007199254740993,"d":2.5,"s":"a\"\u00e9\ud83c\udf88","a":[1,[2],{}],"o":{"x":1}})",
      "f");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  const JsonValue root = parsed.value().root();
  EXPECT_TRUE(root.at("n").value().isNull());
  EXPECT_TRUE(root.at("t").value().asBool().value());
  EXPECT_FALSE(root.at("f").value().asBool().value());
  EXPECT_EQ(root.at("i").value().asInteger(-5, 5).value(), -5);
  EXPECT_EQ(root.at("big").value().asInteger(0, INT64_MAX).value(), 9007199254740993);
  EXPECT_EQ(root.at("d").value().asNumber().value(), 2.5);
  EXPECT_EQ(root.at("i").value().asNumber().value(), -5.0);
  EXPECT_EQ(root.at("s").value().asString().value(), "a\"é🎈");
  const JsonChildren list = root.at("a").value().asArray().value();
  ASSERT_EQ(list.size(), 3u);
  auto item = list.begin();
  EXPECT_EQ((*item).asInteger(0, 9).value(), 1);
  ++item;
  EXPECT_EQ((*(*item).asArray().value().begin()).path(), "a[1][0]");
  ++item;
  EXPECT_EQ((*item).asObject().value().size(), 0u);
  EXPECT_EQ(root.at("o").value().at("x").value().path(), "o.x");
  EXPECT_EQ(root.at("o").value().at("x").value().key(), "x");
  EXPECT_FALSE(root.find("none"));
  EXPECT_FALSE(root.findNonNull("n"));
}

TEST(Json, SyntaxErrorsNameTheByte) {
  EXPECT_EQ(failure(""),
            "f: not valid JSON: unexpected end of input: allowed '[', '{', or a literal (at byte 0)");
  EXPECT_EQ(failure("{\"a\":1"), "f: not valid JSON: unexpected end of input: allowed '}' (at byte 6)");
  EXPECT_EQ(failure("[1,]"), "f: not valid JSON: unexpected ']': allowed '[', '{', or a literal (at byte 3)");
  EXPECT_EQ(failure("{} x"), "f: not valid JSON: invalid literal: allowed end of input (at byte 3)");
  EXPECT_EQ(failure("[1] [2]"), "f: not valid JSON: unexpected '[': allowed end of input (at byte 4)");
  EXPECT_EQ(failure("[01]"), "f: not valid JSON: unexpected number literal: allowed ']' (at byte 2)");
  EXPECT_EQ(failure("[NaN]"), "f: not valid JSON: invalid literal (at byte 1)");
  EXPECT_EQ(failure("{'a':1}"), "f: not valid JSON: invalid literal: allowed string literal (at byte 1)");
  EXPECT_EQ(failure("[\"a\nb\"]"),
            "f: not valid JSON: invalid string: control character U+000A (LF) must be escaped to "
            "\\u000A or \\n (at byte 3)");
  EXPECT_EQ(failure("[\"\xff\"]"), "f: not valid JSON: invalid string: ill-formed UTF-8 byte (at byte 2)");
  EXPECT_EQ(failure("[\"\\ud800\"]"),
            "f: not valid JSON: invalid string: surrogate U+D800..U+DBFF must be followed by U+DC00..U+DFFF "
            "(at byte 8)");
  EXPECT_EQ(failure("[1e999]"), "f: not valid JSON: number overflow parsing '1e999' (at byte 5)");
  EXPECT_EQ(failure("// c\n1"), "f: not valid JSON: invalid literal (at byte 0)");
  EXPECT_EQ(failure(std::string("{}\0x", 4)), "f: not valid JSON: a zero byte (at byte 2)");
}

TEST(Json, DuplicateNamesAndDeepNestingAreRefused) {
  EXPECT_EQ(failure(R"({"a":{"b":1,"c":2,"b":3}})"), "f: a.b: name stands twice in its object");
  EXPECT_EQ(failure(R"({"a":1,"\u0061":2})"), "f: a: name stands twice in its object");
  EXPECT_EQ(failure(std::string(64, '[') + std::string(64, ']')), "ok");
  EXPECT_EQ(failure(std::string(65, '[')).substr(0, 9), "f: [0][0]");
  const std::string deep = failure(std::string(100000, '['));
  EXPECT_EQ(deep.substr(deep.find(": nested")), ": nested too deeply: allowed at most 64 levels");
}

TEST(Json, MoreValuesThanTheirTextWarrantsAreRefused) {
  std::string text = "[0";
  for (int i = 1; i < 500'000; ++i) text += ",0";
  EXPECT_EQ(failure(text + "]"), "ok");
  for (int i = 0; i < 600'000; ++i) text += ",0";
  EXPECT_EQ(failure(text + "]"), "f: JSON text has too many values: found 1100001, allowed at most 744288");
  EXPECT_EQ(failure("[\"" + std::string(2'000'000, ',') + "\",\"\\\"[[[\"]"), "ok")
      << "in a string they are no values";
  EXPECT_EQ(failure("[" + std::string(4097, '1') + "]"),
            "f: not valid JSON: a number or word is too long: found 4097, allowed at most 4096");
}

TEST(Json, AccessorsSayWhereWhatAndWhatIsAllowed) {
  const auto parsed = JsonDocument::parse(
      R"({"a":{"weird key":["x",{"n":-1}]},"f":8.5,"w":8.0,"h":1e30,"u":18446744073709551615,"s":"abc"})",
      "f");
  ASSERT_TRUE(parsed.ok());
  const JsonValue root = parsed.value().root();
  const JsonValue list = root.at("a").value().at("weird key").value();
  EXPECT_EQ(list.asObject().error().message(),
            "f: a[\"weird key\"]: wrong type: found an array, allowed an object");
  const auto n = (*++list.asArray().value().begin()).at("n");
  EXPECT_EQ(n.value().asInteger(0, 9).error().message(),
            "f: a[\"weird key\"][1].n: out of range: found -1, allowed an integer from 0 to 9");
  EXPECT_EQ(root.at("missing").error().message(), "f: missing: missing");
  EXPECT_EQ(root.at("a").value().at("b").error().message(), "f: a.b: missing");
  EXPECT_EQ(root.at("s").value().at("b").error().message(),
            "f: s: wrong type: found \"abc\", allowed an object");
  const auto integer = [&](const char* key) {
    return root.at(key).value().asInteger(0, 9).error().message();
  };
  EXPECT_EQ(integer("f"), "f: f: not an integer in range: found 8.5, allowed an integer from 0 to 9");
  EXPECT_EQ(integer("w"), "f: w: not an integer in range: found 8.0, allowed an integer from 0 to 9");
  EXPECT_EQ(integer("h"), "f: h: not an integer in range: found 1e+30, allowed an integer from 0 to 9");
  EXPECT_EQ(integer("u"),
            "f: u: not an integer in range: found 18446744073709551616.0, allowed an integer from 0 to 9");
  EXPECT_EQ(integer("s"), "f: s: wrong type: found \"abc\", allowed an integer from 0 to 9");
  EXPECT_EQ(root.at("s").value().asNumber().error().message(),
            "f: s: wrong type: found \"abc\", allowed a number");
  EXPECT_EQ(root.at("f").value().asString().error().message(),
            "f: f: wrong type: found 8.5, allowed a string");
  EXPECT_EQ(root.at("f").value().asBool().error().message(),
            "f: f: wrong type: found 8.5, allowed true or false");
  EXPECT_EQ(root.at("f").value().asArray().error().message(),
            "f: f: wrong type: found 8.5, allowed an array");
}

TEST(Json, LongTextsAreCutInMessagesBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 70; ++i) text += "中";
  const auto parsed = JsonDocument::parse("[\"" + text + "\"]", "f");
  const std::string message = (*parsed.value().root().asArray().value().begin()).asBool().error().message();
  EXPECT_EQ(message, "f: [0]: wrong type: found \"" + text.substr(0, 180) + "…\", allowed true or false");
}

TEST(JsonWriter, WritesCompactAndIndented) {
  const auto build = [](JsonWriter json) {
    json.beginObject()
        .key("a")
        .value(1)
        .key("b")
        .beginArray()
        .value(1.0)
        .value("x\"\n\x01")
        .null()
        .endArray();
    json.key("c").beginObject().endObject().key("d").beginArray().endArray();
    json.key("e")
        .beginArray()
        .beginObject()
        .key("k")
        .value(true)
        .endObject()
        .beginArray()
        .value(2)
        .endArray()
        .endArray();
    return json.endObject().take();
  };
  EXPECT_EQ(build(JsonWriter()),
            R"({"a":1,"b":[1.0,"x\"\n\u0001",null],"c":{},"d":[],"e":[{"k":true},[2]]})");
  EXPECT_EQ(build(JsonWriter(JsonWriter::Style::indented)), R"({
  "a": 1,
  "b": [1.0, "x\"\n\u0001", null],
  "c": {},
  "d": [],
  "e": [
    {
      "k": true
    },
    [2]
  ]
}
)");
}

TEST(JsonWriter, NumbersReadBackExactly) {
  JsonWriter json;
  json.beginArray().value(1e-5f).value(0.1).value(1e300).value(-0.0).value(10000.0).value(INT64_MIN).value(
      SIZE_MAX);
  json.value(std::nan("")).value(1.0f / 0.0f).endArray();
  EXPECT_EQ(json.take(),
            "[1e-05,0.1,1e+300,-0.0,10000.0,-9223372036854775808,18446744073709551615,null,null]");
}

TEST(JsonWriter, BytesThatAreNotUtf8AreReplaced) {
  JsonWriter json;
  json.beginObject().key("k\xff").value("a\xe4").endObject();
  EXPECT_EQ(json.take(), "{\"k\uFFFD\":\"a\uFFFD\"}");
}

}  // namespace
}  // namespace decodescope
