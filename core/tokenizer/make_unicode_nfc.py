#!/usr/bin/env python3
"""Prints core/tokenizer/unicode_nfc_tables.inc from the Unicode data that Python carries."""
import sys
import unicodedata

HANGUL = range(0xAC00, 0xD7A4)  # composed by arithmetic


def show(title, items):
    print(title)
    line = "   "
    for item in items:
        if len(line) + len(item) + 1 > 110:
            print(line)
            line = "   "
        line += " " + item
    print(line)
    print("};")


pairs, ranges = [], []
for code in range(sys.maxunicode + 1):
    combining = unicodedata.combining(chr(code))
    if combining:
        if ranges and ranges[-1][1] == code - 1 and ranges[-1][2] == combining:
            ranges[-1][1] = code
        else:
            ranges.append([code, code, combining])
    fields = unicodedata.decomposition(chr(code)).split()
    if not fields or fields[0].startswith("<") or code in HANGUL:
        continue
    parts = [int(field, 16) for field in fields]
    composes = len(parts) == 2 and unicodedata.normalize("NFC", chr(parts[0]) + chr(parts[1])) == chr(code)
    pairs.append((code, parts[0], parts[1] if len(parts) == 2 else 0, int(composes)))
print(f"// Unicode {unicodedata.unidata_version}. Made by make_unicode_nfc.py.")
show(f"// {len(ranges)} ranges of one canonical combining class that is not 0.\nconstexpr CombiningRange kCombining[] = {{",
     ("{0x%x,0x%x,%d}," % tuple(r) for r in ranges))
show(f"// {len(pairs)} canonical decompositions: into one character (second 0) or two; whether NFC puts the two together.\n"
     "constexpr Decomposition kDecompositions[] = {", ("{0x%x,0x%x,0x%x,%d}," % p for p in pairs))
