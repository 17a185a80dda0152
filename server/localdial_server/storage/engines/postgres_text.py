"""PostgreSQL's text format of parameters."""

from collections.abc import Sequence
from typing import Final

# No text has these: PostgreSQL stores no zero byte, and half a surrogate pair is no character.
_BETWEEN: Final = "\0"
_NULL: Final = "\ud800"


def array_in_text_format(values: Sequence[str | int | None]) -> bytes:
    """Return an array of texts or numbers in the text format. `None` is NULL."""
    if not values:
        return b"{}"
    joined = _BETWEEN.join([_NULL if each is None else str(each) for each in values])
    quoted = joined.replace("\\", r"\\").replace('"', r"\"").replace(_BETWEEN, '","')
    return ('{"' + quoted + '"}').replace(f'"{_NULL}"', "NULL").encode()
