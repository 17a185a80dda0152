"""The rules for the names of organizations and users. No other module decides about them.

People read these names, and the voice webhook reads them aloud. So a name has nothing that cannot be seen
or spoken: no control, format, private use or unassigned character, no letter that is blank, and no pile
of combining marks. Names of every script are accepted, with the joiners that some scripts and emoji need.
The flags of England, Scotland and Wales are refused, because they consist of tag characters.

White space and the marks that spreadsheets leave around a name are not mistakes: `trimmed` removes them.
"""

import re
import unicodedata
from typing import Final

from localdial_server.domain.characters import named

MAX_LENGTH: Final = 200

# The marks, embeddings and isolates that say in which direction text runs. They change no name, and
# spreadsheets put them around Arabic and Hebrew words. Overrides are different: they disguise a name.
_DIRECTION_MARKS: Final = "\u061c\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
_JOINERS: Final = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
# Around a name: white space, and invisible characters that come with copied text. Within one, they are
# mistakes.
_AROUND: Final = r"[\s\u200b-\u200d\u2028\u2029\u202d\u202e\u2060\ufeff]"
_BEFORE: Final = re.compile(f"{_AROUND}+")
_AFTER: Final = re.compile(f"{_AROUND}+\\Z")

# Control, format, private use, surrogate, unassigned, and separators of lines and paragraphs.
_UNFIT: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
# Only emoji and only ideographs are added to these ranges, every year. Names have them before Python knows
# them as assigned. The last two code points of a plane are never assigned.
_MAY_BE_NEW: Final = re.compile("[\U0001f000-\U0001faff\U00020000-\U0002fffd\U00030000-\U0003fffd]")
# Letters, marks and symbols that have no ink: the joiner of combining marks, the fillers of Hangul, the
# inherent vowels of Khmer, and Braille without dots.
_BLANK: Final = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
# Variation selectors choose how the character before them looks, and are invisible by themselves.
_VARIATION_SELECTOR: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# Only symbols, digits and punctuation (as emoji) and uncased letters such as ideographs have variants.
_WITH_VARIANTS: Final = frozenset({"So", "Sm", "Sk", "Nd", "Po", "Pd", "Lo", "Cn"})
# The only cased letter that is an emoji.
_INFORMATION: Final = "\N{INFORMATION SOURCE}"
# Hebrew with vowels and accents has up to four on a letter, Tibetan up to seven.
_MAX_MARKS: Final = 8
_MARKS: Final = frozenset({"Mn", "Mc", "Me"})
# The combining class of the mark that joins consonants in Indian scripts.
_VIRAMA: Final = 9
# The directions of letters that are joined in writing, such as Arabic ones.
_CURSIVE: Final = frozenset({"AL", "R"})
# The parts of an emoji before a joiner, and after one.
_EMOJI: Final = frozenset({"So", "Sm", "Sk", "Mn"})


def trimmed(text: str) -> str:
    """Return the name without white space around it and without marks of direction.

    Accepts any text. Trimming twice changes nothing more.
    """
    plain = text.translate(dict.fromkeys(map(ord, _DIRECTION_MARKS)))
    before = _BEFORE.match(plain)
    start = before.end() if before else 0
    after = _AFTER.search(plain, start)
    end = after.start() if after else len(plain)
    # A word in Malayalam may end with a joiner.
    if start < end < len(plain) and plain[end] in _JOINERS and _is_virama(plain[end - 1]):
        end += 1
    return plain[start:end]


def why_unfit(text: str) -> str | None:
    """Return what is wrong with a name, as a requirement ("must …"); None if it is accepted.

    The name is judged as `trimmed` leaves it. It may be empty.
    """
    name = trimmed(text)
    if len(name) > MAX_LENGTH:
        return f"must have at most {MAX_LENGTH} characters; it has {len(name)}"
    marks = 0
    for index, character in enumerate(name):
        category = unicodedata.category(character)
        if character in _JOINERS:
            is_fit = _is_needed(name, index)
        elif _VARIATION_SELECTOR.match(character):
            is_fit = _has_variants(name[index - 1 : index])
        else:
            is_fit = category not in _UNFIT or (category == "Cn" and _MAY_BE_NEW.match(character) is not None)
        if not is_fit or character in _BLANK:
            return (
                f"must have only visible characters; character {index + 1} is {named(character)}: remove it"
            )
        marks = marks + 1 if category in _MARKS else 0
        if marks > _MAX_MARKS:
            return (
                f"must have at most {_MAX_MARKS} combining marks in a row; character {index + 1} is "
                f"{named(character)}: remove it"
            )
    if name and all(unicodedata.category(character) in _MARKS or character.isspace() for character in name):
        return f"must have a letter; it has only marks, such as {named(name[0])}"
    return None


def _is_needed(name: str, index: int) -> bool:
    """Return whether the joiner at `index` changes what is written, unlike one between Latin letters."""
    before, after = name[:index], name[index + 1 : index + 2]
    if not before:
        return False
    if _is_virama(before[-1]) or (after and _is_virama(after)):
        return True
    if unicodedata.category(before[-1]) in _EMOJI and after and unicodedata.category(after) in _EMOJI:
        return True
    letter = next((each for each in reversed(before) if unicodedata.category(each) not in _MARKS), " ")
    return (
        unicodedata.bidirectional(letter) in _CURSIVE and unicodedata.bidirectional(after or " ") in _CURSIVE
    )


def _has_variants(character: str) -> bool:
    """Return whether a variation selector may follow the character; False for an empty text."""
    if character in {"", _INFORMATION}:
        return bool(character)
    return unicodedata.category(character) in _WITH_VARIANTS


def _is_virama(character: str) -> bool:
    return unicodedata.combining(character) == _VIRAMA
