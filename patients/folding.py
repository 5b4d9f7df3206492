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


APOSTROPHES = (
    "`\u00b4\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u02ca\u02cb\u055a\u05f3\u07f4"
    "\u2018\u2019\u201a\u201b\u2032\u2035\ua78b\ua78c\uff07\uff40"
)
DASHES = "\u02d7\u2043\u2212"  # beside the category Pd
SPECIAL_LETTERS = {
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "\u0131": "i",
    "ħ": "h",
    "ŧ": "t",
    "ð": "d",
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
    **dict.fromkeys(APOSTROPHES, "'"),
    **dict.fromkeys(DASHES, "-"),
}
LETTERS = str.maketrans(SPECIAL_LETTERS)
FIRST_ACCENT_CLASS = 10  # lower combining classes are strokes, nuktas, voicing marks and viramas, which make letters


def fold_case(text: str) -> str:
    """For ids of another system, which ignores case and nothing else."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def fold_text(text: str) -> str:
    """Compatibility form and case folded; no accents and invisible characters; one kind of dash, apostrophe, space."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.translate(LETTERS)).casefold())
    return " ".join("".join(map(fold_letter, decomposed)).split())


def fold_letter(letter: str) -> str:
    if letter.isspace():
        return " "
    if is_invisible(letter) or unicodedata.combining(letter) >= FIRST_ACCENT_CLASS:
        return ""
    return "-" if unicodedata.category(letter) == "Pd" else SPECIAL_LETTERS.get(letter, letter)


def fold_name(text: str) -> str:
    """Words of a person's name, without apostrophes, dots and dashes: "O'Brien-Ruiz" to "obrien ruiz"."""
    return " ".join(re.sub(r"[-.,]", " ", fold_text(text).replace("'", "")).split())


def fold_mrn(text: str) -> str:
    """Equal for one medical record number: a run of dashes and spaces is one dash: "A  001" = "a-001"."""
    return re.sub(r"[- ]+", "-", fold_text(text)).strip("-")


MRN_SEPARATORS = " -./#:"  # an MRN is typed with and without them


def compact_mrn(text: str) -> str:
    """Without separators: equal for MRNs that are easily confused, such as "1-23" and "12-3"."""
    return fold_text(text).translate(str.maketrans("", "", MRN_SEPARATORS))


def is_same_name(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Of (given, family): the same words in any order, or the same names swapped or written in one word."""
    words = [sorted(fold_name(" ".join(name)).split()) for name in (one, other)]
    compact = [sorted(fold_name(part).replace(" ", "") for part in name) for name in (one, other)]
    return words[0] == words[1] or compact[0] == compact[1]
