"""Text files as spreadsheets and other programs save them: UTF-8 or UTF-16, with any line ends."""

import codecs
import io
import re
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO, Final, Self

from localdial_server.cli.exit_codes import CliError

SAVE_AS_UTF8: Final = "save the file as CSV in UTF-8 (in Excel: CSV UTF-8)"

_BYTE_ORDER_MARKS: Final = {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
_NOT_TEXT: Final = re.compile("[\0\ud800-\udfff\ufffd]")

# The longest value that is shown in full.
_LONGEST_SHOWN: Final = 80

# A line must fit into memory, and lists of users and numbers have no longer ones.
_LONGEST_LINE: Final = 1_048_576


class Lines:
    """The lines of a text from its beginning, with their line ends, and the number of the last one read.

    `name` is the file's, for the `CliError` that a line without end raises.
    """

    def __init__(self, text: io.TextIOWrapper, name: str) -> None:
        text.seek(0)
        self._text = text
        self._name = name
        self.number = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._text.readline(_LONGEST_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == _LONGEST_LINE:
            raise CliError(
                f"{self._name}, line {self.number}, is longer than {_LONGEST_LINE:,} characters, so the file "
                f"is not a list; {SAVE_AS_UTF8}"
            )
        return line


def is_text(text: str) -> bool:
    """Return whether the text, read with `as_text`, is what the file's encoding says."""
    return _NOT_TEXT.search(text) is None


def opened(path: Path) -> BinaryIO:
    """Open a file that can be read twice. Raises `CliError`."""
    try:
        file = path.open("rb")
        if file.seekable():
            return file
        # A pipe can be read only once.
        with file:
            copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
            shutil.copyfileobj(file, copy)
    except OSError as error:
        raise CliError(f"{path} cannot be read: {error.strerror}") from None
    copy.seek(0)
    return copy


def as_text(file: BinaryIO) -> io.TextIOWrapper:
    """Return the file as text in the encoding that it begins with: UTF-8 or UTF-16.

    Bytes that are not in this encoding become surrogates or U+FFFD, so that only their own line is wrong.
    """
    begin = file.read(2)
    file.seek(0)
    if begin in _BYTE_ORDER_MARKS:
        encoding = "utf-16"
    elif begin[1:] == b"\0":
        # Without a byte order mark, a first character in UTF-16 shows by its zero.
        encoding = "utf-16-le"
    elif begin[:1] == b"\0":
        encoding = "utf-16-be"
    else:
        encoding = "utf-8-sig"
    errors = "surrogateescape" if encoding == "utf-8-sig" else "replace"
    return io.TextIOWrapper(file, encoding, errors, newline="")


def shown_value(text: str) -> str:
    """Return the text in quotes for a message, cut if it is long."""
    return repr(cut(text, _LONGEST_SHOWN))


def cut(text: str, length: int) -> str:
    """Return the text, cut with an ellipsis if it is longer."""
    return text if len(text) <= length else f"{text[:length]}\N{HORIZONTAL ELLIPSIS}"
