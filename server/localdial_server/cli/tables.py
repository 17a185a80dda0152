"""Values, records and tables as text for people."""

import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC
from typing import Final

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

# The width when stdout is not a terminal: nothing is ever folded or cut.
_UNLIMITED: Final = 100_000
# A folded column stays at least this wide, so that a word fits.
_MIN_FOLDED_WIDTH: Final = 16
# The line between two columns, with a space on both sides.
_COLUMN_GAP: Final = 3


def make_console(*, stderr: bool = False, width: int | None = None) -> Console:
    """Return a console for stdout or stderr, with colors and a limited width only if that is a terminal."""
    stream = sys.stderr if stderr else sys.stdout
    # None: the terminal's own width.
    width = width if stream.isatty() else _UNLIMITED
    return Console(stderr=stderr, width=width, emoji=False, markup=False, highlight=False)


def printable(text: str) -> str:
    """Replace control characters, so that text from a server cannot control the terminal or reverse text."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def enum_name(message: Message, field: str) -> str:
    """Return the name of an enum field's value without the shared prefix: `LOCAL_PRESENCE`."""
    number = getattr(message, field)
    kind = message.DESCRIPTOR.fields_by_name[field].enum_type
    # A newer server may send a value that this client does not know; protobuf keeps its number.
    if kind is None or number not in kind.values_by_number:
        return str(number)
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.name).upper()
    return str(kind.values_by_number[number].name).removeprefix(f"{prefix}_")


def utc_time(message: Message, field: str) -> str:
    """Return a time field in UTC to the second: `2026-01-31 23:59:59Z`; empty if the field is not set."""
    if not message.HasField(field):
        return ""
    time: Timestamp = getattr(message, field)
    return time.ToDatetime(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, may_wrap: Collection[str] = ()) -> Table:
    """Return a table for people. On a narrow terminal only the columns in `may_wrap` are folded.

    Phone numbers and identifiers are never folded or cut, so that they can be copied.
    """
    cells = [[printable(cell) or "-" for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
    # rich itself would fold columns down to one character, and then leave out whole columns.
    terminal = make_console().width
    missing = sum(widths) + _COLUMN_GAP * len(columns) - terminal
    for index, name in enumerate(columns):
        if name in may_wrap and missing > 0:
            folded = max(widths[index] - missing, min(widths[index], _MIN_FOLDED_WIDTH))
            missing -= widths[index] - folded
            widths[index] = folded
    headers = [
        Column(name, width=width, overflow="fold") for name, width in zip(columns, widths, strict=True)
    ]
    rendered = Table(*headers, box=box.SIMPLE_HEAD if sys.stdout.isatty() else None, pad_edge=False)
    for row in cells:
        rendered.add_row(*map(Text, row))
    return rendered


def record(fields: Mapping[str, str]) -> Table:
    """Return one thing as lines of a field and its value, without the empty fields."""
    rendered = Table.grid(Column(style="bold"), Column(overflow="fold"), padding=(0, 2))
    for name, value in fields.items():
        if value:
            rendered.add_row(Text(name), Text(printable(value)))
    return rendered


def render(part: Table | str) -> str:
    """Return the text to print, without spaces at the ends of lines."""
    # The terminal wraps a table that is too wide; rich would cut it.
    is_table = isinstance(part, Table) and part.show_header
    console = make_console(width=_UNLIMITED) if is_table else make_console()
    with console.capture() as printed:
        console.print(part)
    return "\n".join(line.rstrip() for line in printed.get().splitlines())
