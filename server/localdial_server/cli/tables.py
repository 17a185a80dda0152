"""Tables as text for people."""

import sys
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Column, Table
from rich.text import Text

from localdial_server.cli.values import printable

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


def render(part: RenderableType) -> str:
    """Return the text of a table or a tree, without spaces at the ends of lines."""
    # The terminal wraps a table that is too wide; rich would cut it.
    console = make_console(width=_UNLIMITED)
    with console.capture() as printed:
        console.print(part)
    return "\n".join(line.rstrip() for line in printed.get().splitlines())
