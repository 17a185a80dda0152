"""How values, records and tables are written for people."""

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

# Wide enough that nothing is ever folded or cut where a program or a file reads along.
_UNLIMITED: Final = 100_000
# Narrower than this no column is folded: a word should fit.
_FOLDED_WIDTH: Final = 16
# What the rule between two columns takes, with the space around it.
_BESIDE_CELL: Final = 3


def console_of(*, stderr: bool = False, width: int | None = None) -> Console:
    """Make the console of stdout or stderr: with colours and a width only where that is a terminal."""
    stream = sys.stderr if stderr else sys.stdout
    # None is the width of the terminal.
    width = width if stream.isatty() else _UNLIMITED
    return Console(stderr=stderr, width=width, emoji=False, markup=False, highlight=False)


def plain(text: str) -> str:
    """Replace control characters: what a server sends must not steer the terminal or turn text around."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def enum_name(message: Message, field: str) -> str:
    """Name the value of an enum field, without the prefix that all its names share: ``LOCAL_PRESENCE``."""
    number = getattr(message, field)
    kind = message.DESCRIPTOR.fields_by_name[field].enum_type
    # protobuf keeps a value that it does not know, and a newer server may send one.
    if kind is None or number not in kind.values_by_number:
        return str(number)
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.name).upper()
    return str(kind.values_by_number[number].name).removeprefix(f"{prefix}_")


def moment(message: Message, field: str) -> str:
    """Write a time in UTC to the second, or nothing where the message has none."""
    if not message.HasField(field):
        return ""
    time: Timestamp = getattr(message, field)
    return time.ToDatetime(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, may_wrap: Collection[str] = ()) -> Table:
    """Make a table for people. Only columns in ``may_wrap`` are folded on a narrow terminal.

    A phone number or an identifier is never folded or cut: half of one is worth nothing.
    """
    cells = [[plain(cell) or "-" for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
    # rich would fold first what may be folded, down to one character, and then leave out whole columns.
    terminal = console_of().width
    missing = sum(widths) + _BESIDE_CELL * len(columns) - terminal
    for index, name in enumerate(columns):
        if name in may_wrap and missing > 0:
            folded = max(widths[index] - missing, min(widths[index], _FOLDED_WIDTH))
            missing -= widths[index] - folded
            widths[index] = folded
    headers = [
        Column(name, width=width, overflow="fold") for name, width in zip(columns, widths, strict=True)
    ]
    shown = Table(*headers, box=box.SIMPLE_HEAD if sys.stdout.isatty() else None, pad_edge=False)
    for row in cells:
        shown.add_row(*map(Text, row))
    return shown


def record(fields: Mapping[str, str]) -> Table:
    """Show one thing, field by field; empty fields are left out."""
    shown = Table.grid(Column(style="bold"), Column(overflow="fold"), padding=(0, 2))
    for name, value in fields.items():
        if value:
            shown.add_row(Text(name), Text(plain(value)))
    return shown


def written(shown: Table | str) -> str:
    """Write it out as it is to be printed, without spaces at the ends of lines."""
    # A table that is wider than the terminal is left to it to wrap, rather than cut.
    is_table = isinstance(shown, Table) and shown.show_header
    console = console_of(width=_UNLIMITED) if is_table else console_of()
    with console.capture() as printed:
        console.print(shown)
    return "\n".join(line.rstrip() for line in printed.get().splitlines())
