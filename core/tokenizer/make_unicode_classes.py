#!/usr/bin/env python3
"""Prints the table of core/tokenizer/unicode_classes.cpp from the Unicode data that Python carries."""
import sys
import unicodedata

LETTER, NUMBER, WORD = 1, 2, 4
# Alphabetic by Other_Alphabetic alone (PropList.txt), not by category; and the two joiners, which \w contains.
OTHER_WORD = [(0x24B6, 0x24E9), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189), (0x200C, 0x200D)]


def classes(code):
    category = unicodedata.category(chr(code))
    bits = 0
    if category[0] == "L":
        bits |= LETTER | WORD
    if category[0] == "N":
        bits |= NUMBER
    if category[0] == "M" or category in ("Nd", "Nl", "Pc") or any(a <= code <= b for a, b in OTHER_WORD):
        bits |= WORD
    return bits


ranges = []
for code in range(sys.maxunicode + 1):
    bits = classes(code)
    if not bits:
        continue
    if ranges and ranges[-1][1] == code - 1 and ranges[-1][2] == bits:
        ranges[-1][1] = code
    else:
        ranges.append([code, code, bits])
print(f"// Unicode {unicodedata.unidata_version}, {len(ranges)} ranges.")
line = "   "
for first, last, bits in ranges:
    item = " {0x%x,0x%x,%d}," % (first, last, bits)
    if len(line) + len(item) > 110:
        print(line)
        line = "   "
    line += item
print(line)
