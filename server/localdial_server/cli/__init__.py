"""The command ``localdial``: it serves, and it asks a server that runs."""

import io
import sys

from localdial_server.cli.app import app

__all__ = ["app", "main"]


def main() -> None:
    """Run the command with the arguments of the process, and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Where the terminal cannot show a name, a table with an escape in it beats no table.
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="localdial")
