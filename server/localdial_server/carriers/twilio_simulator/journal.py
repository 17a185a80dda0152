"""The journal of the simulated provider: one event per line, append-only.

Replaying the journal from its beginning yields the ledger's state, so a server that was killed still knows
what it sold, and a test can audit its sales.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Event = Mapping[str, Any]

_FIRST_BYTES = b'{"event": "'


class Journal:
    """The events, the oldest first, and a file of JSON objects, one per line, that keeps them.

    A line that a crash cut off is dropped. Without a file the events are lost when the process ends. Raises
    `OSError`, and `ValueError` if the file exists and is not a journal.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.events = _recovered(path) if path is not None else []
        self._file = path.open("ab") if path is not None else None

    def append(self, event: Event) -> None:
        """Append the event; it is durable on return."""
        if self._file is not None:
            self._file.write(json.dumps(event).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        self.events.append(event)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def _recovered(path: Path) -> list[Event]:
    """Cut an unfinished last line off the file; return the events in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = path.read_bytes() if path.exists() else b""
    # Never truncate a file that is something else.
    if content and not content.startswith(_FIRST_BYTES[: len(content)]):
        raise ValueError("not a journal of the simulator")
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)
    return [json.loads(line) for line in content[:whole].splitlines()]
