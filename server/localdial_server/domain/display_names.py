"""The rules for the names of organizations and users. No other module decides about them.

People read these names, and the voice webhook reads them aloud. So a name has nothing that cannot be seen
or spoken: no control, format, private use or unassigned character, no letter that is blank, and no pile
of combining marks. Names of every script are accepted, with the joiners that some scripts need inside a
word.

White space and the marks that spreadsheets leave around a name are not mistakes: `trimmed` removes them.
"""

import re
import unicodedata
from typing import Final

from localdial_server.domain.characters import named

MAX_LENGTH: Final = 200

# The marks that say in which direction text runs. They change no name, and spreadsheets put them around
# Arabic and Hebrew words.
_DIRECTION_MARKS: Final = "\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}\N{ARABIC LETTER MARK}"
_JOINERS: Final = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
# Around a name: white space, embeddings and isolates of direction, and invisible characters that come with
# copied text. Within one, they are mistakes.
_AROUND: Final = r"[\s\u200b-\u200d\u2028-\u202e\u2060\u2066-\u2069\ufeff]"
_BEFORE: Final = re.compile(f"{_AROUND}+")
_AFTER: Final = re.compile(f"{_AROUND}+\\Z")

# Control, format, private use, surrogate, unassigned, and separators of lines and paragraphs.
_UNFIT: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
# Letters and symbols that have no ink: the fillers of Hangul, and Braille without dots.
_BLANK: Final = "\u115f\u1160\u2800\u3164\uffa0"
# Hebrew with vowels and accents has up to four on a letter, Tibetan up to seven.
_MAX_MARKS: Final = 8
_MARKS: Final = frozenset({"Mn", "Mc", "Me"})
# The characters that a joiner may stand between: letters and their marks, and the parts of an emoji.
_JOINED: Final = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "So", "Sk"})


def trimmed(text: str) -> str:
    """Return the name without white space around it and without marks of direction.

    Accepts any text. Trimming twice changes nothing more.
    """
    plain = text.translate(dict.fromkeys(map(ord, _DIRECTION_MARKS)))
    start = _BEFORE.match(plain)
    end = _AFTER.search(plain, start.end() if start else 0)
    return plain[start.end() if start else 0 : end.start() if end else len(plain)]


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
        is_fit = _joins(name, index) if character in _JOINERS else category not in _UNFIT
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


def _joins(name: str, index: int) -> bool:
    """Return whether the joiner at `index` is between two characters that it may join."""
    around = name[index - 1 : index], name[index + 1 : index + 2]
    return all(character and unicodedata.category(character) in _JOINED for character in around)
