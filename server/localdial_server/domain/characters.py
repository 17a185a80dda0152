"""Names for characters that cannot be seen, so that messages can say which one is wrong."""

import unicodedata
from typing import Final

# Unicode gives these no names, or names that nobody uses.
_NAMES: Final = {
    "\0": "NULL",
    "\t": "TAB",
    "\n": "LINE FEED",
    "\r": "CARRIAGE RETURN",
    "\x1b": "ESCAPE",
    "\x7f": "DELETE",
    "\ufeff": "BYTE ORDER MARK",
}
_KINDS: Final = {"Cc": "CONTROL CHARACTER", "Co": "PRIVATE USE CHARACTER", "Cn": "UNASSIGNED CHARACTER"}


def named(character: str) -> str:
    """Return the character's name and its code point: `ZERO WIDTH SPACE (U+200B)`."""
    name = _NAMES.get(character) or unicodedata.name(character, "")
    name = name or _KINDS.get(unicodedata.category(character), "")
    code = f"U+{ord(character):04X}"
    return f"{name} ({code})" if name else code
