"""A progress bar for long work."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from localdial_server.cli.output import Output
from localdial_server.cli.tables import make_console


@contextmanager
def progress(out: Output) -> Iterator[Callable[[str, int, int | None], None]]:
    """Show a progress bar on stderr if that is a terminal.

    Yields the function that updates it. Its arguments are the activity, how much of it is done, and the
    total, or None if the total is unknown.
    """
    console = make_console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=out.as_json or not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
