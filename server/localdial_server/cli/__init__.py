"""The command `localdial`: run a server, or call one."""

import io
import sys

from localdial_server.cli.app import app

__all__ = ["app", "main"]


def main() -> None:
    """Run the command with the process's arguments, and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # If the terminal cannot show a name, print it escaped rather than fail.
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="localdial")
