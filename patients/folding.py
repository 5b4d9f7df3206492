"""Text folding: spellings that a reader takes for the same become equal, for uniqueness, duplicates and search.

Only Python folds. The database stores and compares what was folded here, because its own lower() differs by locale.
"""

from __future__ import annotations

import re
import unicodedata

INVISIBLE_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# Letters, marks and symbols that no font draws: fillers, variation selectors, the empty braille pattern.
BLANK_CHARACTERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U0001d159\U000e0000-\U000e0fff]"
)
JOINERS = "\u200c\u200d"
JOINING_SCRIPTS = {
    *("ARABIC", "SYRIAC", "MANDAIC", "NKO", "MONGOLIAN", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA"),
    *("TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "KHMER", "MYANMAR", "TIBETAN"),
}
VIRAMA = 9  # combining class; a joiner after a virama also ends a word


def is_invisible(letter: str) -> bool:
    return unicodedata.category(letter) in INVISIBLE_CATEGORIES or bool(BLANK_CHARACTERS.match(letter))


def has_visible_text(text: str) -> bool:
    """Whether at least one letter or digit of any script can be seen."""
    return any(unicodedata.category(letter)[0] in "LN" and not is_invisible(letter) for letter in text)


def has_invisible_characters(text: str) -> bool:
    """Controls, format and direction characters, fillers; not a joiner inside a word of a script that needs it."""
    return any(is_invisible(letter) and not is_needed_joiner(text, at) for at, letter in enumerate(text))


def is_needed_joiner(text: str, at: int) -> bool:
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if text[at] not in JOINERS or not is_of_joining_script(before):
        return False
    return is_of_joining_script(after) or unicodedata.combining(before) == VIRAMA


def is_of_joining_script(letter: str) -> bool:
    if not letter or unicodedata.category(letter)[0] not in "LM":
        return False
    return unicodedata.name(letter, "").split(" ")[0] in JOINING_SCRIPTS
