"""How far a long piece of work is, shown where people watch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from localdial_server.cli.output import Output
from localdial_server.cli.tables import console_of


@contextmanager
def progress(out: Output) -> Iterator[Callable[[str, int, int | None], None]]:
    """Show a progress bar on stderr, if that is a terminal.

    Gives what moves it: told what is being done, how far it is, and how far it goes, if that is known.
    """
    console = console_of(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=out.as_json or not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
