"""The command `localdial`: run a server, or call one."""

import gc
import io
import sys

# Python's default (700, 10, 10) scans modules for garbage again and again while others are imported, which
# takes about a tenth of a start.
_GC_THRESHOLDS = (50_000, 20, 50)


def main() -> None:
    """Run the command with the process's arguments, and exit."""
    # The supervisor of workers needs nothing of it.
    from localdial_server.cli.app import app  # noqa: PLC0415

    gc.set_threshold(*_GC_THRESHOLDS)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # If the terminal cannot show a name, print it escaped rather than fail.
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="localdial")
