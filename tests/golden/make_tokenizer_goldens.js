// Makes tests/golden/tokenizers/: small tokenizer.json files of the kinds that real models have, and what Hugging Face's
// own library makes of many texts. Needs the npm package @anush008/tokenizers (the library built for Node).
// Run: node tests/golden/make_tokenizer_goldens.js
"use strict";
const fs = require("fs");
const path = require("path");
const { Tokenizer } = require("@anush008/tokenizers");

const OUT = path.join(__dirname, "tokenizers");
const SPACE = "\u2581";
const LLAMA3 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" +
  "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const QWEN2 = LLAMA3.replace("\\p{N}{1,3}", "\\p{N}");
const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

const CORPUS = "Once upon a time there was a little girl. The girl liked to play in the park, and it's 1234 o'clock.\n" +
  "The next day is bright. She'll say \"we're happy\"; they'd smile!\n\n  for (int i = 0; i < 10; ++i) x[i] += 2;\n" +
  "Der Mond ist aufgegangen. L'été é à ü ß. 中文字符 日本語 русский текст.\n";

const TEXTS = [
  "", " ", "  ", "a", "\n", "Once upon a time", " Once upon  a time ", "it's IT'S I'Ll we'RE y'all 'tis", "I'\u017f 'K",
  "12345 1 12 123 1234567", "x12y 3.14 -7", "a\n\nb", "a\r\n \n b", " \n \n\n x", "\t\tif (x) {\n\t\treturn;\n\t}", "tabs\t\tand  spaces   ",
  "!!! ?? ... \n\n end", "(a)[b]{c}", "_under_score", "\u00a0nbsp\u00a0 x", "\u3000\u3000wide", "\u2028line\u2029sep", "\u0085next", "中文字符，日本語。",
  "русский текст", "\u00e9 e\u0301 \u00c5 A\u030a \u212b", "\u1100\u1161\u11a8 \uac01 \uac00\u11a8", "q\u0323\u0307 q\u0307\u0323 \u0344", "\u0958 \u0915\u093c", "\ufb01 \u00bd \u2167",
  "👩‍👩‍👧 😀!", "naïve café coöperate", "\u0301leading mark", "a\u200db", "١٢٣ ४५६ 𝟙𝟚𝟛𝟜", "don''t ''s '' '", "<|begin_of_text|>hi<|eot|> there", "<s>not special</s>",
  "\u0000nul", "zebra zebra", " zebra", "\u{10ffff}", "end\r\nof\rlines\n", "price: $5,000.00 (50%)", "http://example.org/a_b?c=d&e=f#g", "ffi \u1e9b\u0323",
];

function randomTexts(count) {
  let state = 12345;
  const next = (n) => (state = (state * 1103515245 + 12345) % 2147483648) % n;
  const letters = Array.from(" \n\r\t'sStTrReEmMdDlLvV019.,!?-_é中\u0301\u00a0\u2028ſ½٣😀");
  const texts = [];
  for (let i = 0; i < count; ++i) {
    let text = "";
    for (let n = 1 + next(24); n > 0; --n) text += letters[next(letters.length)];
    texts.push(text);
  }
  return texts;
}

function byteCharacters() {
  const shown = [];
  let extra = 256;
  for (let b = 0; b < 256; ++b)
    shown.push(String.fromCodePoint((b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174 ? b : extra++));
  return shown;
}

/// The usual way to find merges: again and again the commonest pair.
function train(pieces, count) {
  let words = pieces.map((piece) => Array.from(piece));
  const merges = [];
  while (merges.length < count) {
    const counts = new Map();
    for (const word of words)
      for (let i = 0; i + 1 < word.length; ++i) {
        const pair = word[i] + "\u0000" + word[i + 1];
        counts.set(pair, (counts.get(pair) || 0) + 1);
      }
    const best = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0];
    if (!best || best[1] < 2) break;
    const [left, right] = best[0].split("\u0000");
    merges.push([left, right]);
    words = words.map((word) => {
      const joined = [];
      for (let i = 0; i < word.length; ++i) {
        if (i + 1 < word.length && word[i] === left && word[i + 1] === right) joined.push(word[i++] + right);
        else joined.push(word[i]);
      }
      return joined;
    });
  }
  return merges;
}

function special(id, content) {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

const BYTE_LEVEL = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
const split = (regex) => ({ type: "Sequence", pretokenizers: [{ type: "Split", pattern: { Regex: regex }, behavior: "Isolated", invert: false }, BYTE_LEVEL] });

function byteLevel(name, { preTokenizer, normalizer = null, ignoreMerges = false, specials = ["<|endoftext|>"], bos = null }) {
  const json = {
    version: "1.0", truncation: null, padding: null, added_tokens: [], normalizer, pre_tokenizer: preTokenizer, post_processor: null,
    decoder: { ...BYTE_LEVEL, add_prefix_space: true, use_regex: true },
    model: { type: "BPE", dropout: null, unk_token: null, continuing_subword_prefix: "", end_of_word_suffix: "", fuse_unk: false, byte_fallback: false,
      ignore_merges: ignoreMerges, vocab: {}, merges: [] },
  };
  const pieces = Tokenizer.fromString(JSON.stringify(json)).getPreTokenizer().preTokenizeString(CORPUS.repeat(2)).map((x) => x[0]);
  const merges = train(pieces, 400);
  const vocabulary = new Set([...byteCharacters(), ...merges.map(([a, b]) => a + b), "Ġzebra"]);
  let id = 0;
  for (const piece of vocabulary) json.model.vocab[piece] = id++;
  json.model.merges = merges.map(([a, b]) => a + " " + b);
  json.added_tokens = specials.map((content) => special(id++, content));
  if (bos) {
    const token = json.added_tokens.find((t) => t.content === bos);
    json.post_processor = { type: "Sequence", processors: [{ ...BYTE_LEVEL, use_regex: true }, { type: "TemplateProcessing",
      single: [{ SpecialToken: { id: bos, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [{ SpecialToken: { id: bos, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: bos, type_id: 1 } }, { Sequence: { id: "B", type_id: 1 } }],
      special_tokens: { [bos]: { id: bos, ids: [token.id], tokens: [bos] } } }] };
  }
  return write(name, json);
}

function sentencePiece(name, metaspace) {
  const words = CORPUS.repeat(2).split(/(?= )|\n/).map((word) => word.replaceAll(" ", SPACE));
  const merges = train(words, 300);
  const letters = [...new Set([...Array.from("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?'"), SPACE, ...merges.flat().filter((x) => Array.from(x).length === 1)])];
  const pieces = ["<unk>", "<s>", "</s>"];
  for (let b = 0; b < 256; ++b) pieces.push("<0x" + b.toString(16).toUpperCase().padStart(2, "0") + ">");
  for (const piece of [...letters, ...merges.map(([a, b]) => a + b)]) if (!pieces.includes(piece)) pieces.push(piece);
  const replace = (from, to) => ({ type: "Replace", pattern: { String: from }, content: to });
  write(name, {
    version: "1.0", truncation: null, padding: null, added_tokens: [special(0, "<unk>"), special(1, "<s>"), special(2, "</s>")],
    normalizer: metaspace ? null : { type: "Sequence", normalizers: [{ type: "Prepend", prepend: SPACE }, replace(" ", SPACE)] },
    pre_tokenizer: metaspace ? { type: "Metaspace", replacement: SPACE, prepend_scheme: "first", split: false } : null,
    post_processor: { type: "TemplateProcessing", single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
      special_tokens: { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] } } },
    decoder: { type: "Sequence", decoders: [replace(SPACE, " "), { type: "ByteFallback" }, { type: "Fuse" }, { type: "Strip", content: " ", start: 1, stop: 0 }] },
    model: { type: "BPE", dropout: null, unk_token: "<unk>", continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: true, byte_fallback: true,
      ignore_merges: false, vocab: Object.fromEntries(pieces.map((piece, i) => [piece, i])), merges: merges.map(([a, b]) => a + " " + b) },
  });
}

const pending = [];
function write(name, json) {
  const folder = path.join(OUT, name);
  fs.mkdirSync(folder, { recursive: true });
  const text = JSON.stringify(json, null, 0);
  fs.writeFileSync(path.join(folder, "tokenizer.json"), text + "\n");
  pending.push((async () => {
    const tokenizer = Tokenizer.fromString(text);
    const cases = [];
    for (const input of [...TEXTS, ...randomTexts(150)]) {
      const ids = Array.from((await tokenizer.encode(input)).getIds());
      cases.push({ text: input, ids, decoded: await tokenizer.decode(ids, true) });
    }
    fs.writeFileSync(path.join(folder, "cases.json"), "[\n" + cases.map((c) => JSON.stringify(c)).join(",\n") + "\n]\n");
  })());
}

byteLevel("llama3", { preTokenizer: split(LLAMA3), ignoreMerges: true, specials: ["<|begin_of_text|>", "<|eot|>"], bos: "<|begin_of_text|>" });
byteLevel("qwen2", { preTokenizer: split(QWEN2), normalizer: { type: "NFC" } });
byteLevel("gpt2", { preTokenizer: { ...BYTE_LEVEL, use_regex: true } });
byteLevel("gpt2-split", { preTokenizer: split(GPT2) });
byteLevel("smollm", { preTokenizer: { type: "Sequence", pretokenizers: [{ type: "Digits", individual_digits: true }, { ...BYTE_LEVEL, use_regex: true }] } });
sentencePiece("llama2", false);
sentencePiece("llama2-metaspace", true);
Promise.all(pending).then(() => console.log("done"));
