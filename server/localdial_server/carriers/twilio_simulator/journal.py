"""The journal of the simulated provider: one event a line, only ever appended to.

Read from its beginning it is the ledger's state, so a server that was killed still knows what it
sold, and a test can audit it.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from typing_extensions import override

Event = Mapping[str, Any]

_FIRST_BYTES = b'{"event": "'


class Journal(Protocol):
    """Where events are kept."""

    def read(self) -> Iterator[Event]:
        """Yield every event, the oldest first."""

    def append(self, event: Event) -> None:
        """Append the event; it is durable on return."""

    def close(self) -> None:
        """Close the journal."""


class MemoryJournal(Journal):
    """A journal that ends with the process."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    @override
    def read(self) -> Iterator[Event]:
        return iter(list(self._events))

    @override
    def append(self, event: Event) -> None:
        self._events.append(event)

    @override
    def close(self) -> None:
        pass


class FileJournal(Journal):
    """A journal in a file of JSON objects, one a line. A line that a crash cut off never happened.

    Raises `OSError`, and `ValueError` if the file exists and is not a journal.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._drop_unfinished_line()
        self._file = path.open("ab")

    @override
    def read(self) -> Iterator[Event]:
        with self._path.open("rb") as lines:
            yield from map(json.loads, lines)

    @override
    def append(self, event: Event) -> None:
        self._file.write(json.dumps(event).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    @override
    def close(self) -> None:
        self._file.close()

    def _drop_unfinished_line(self) -> None:
        content = self._path.read_bytes() if self._path.exists() else b""
        # Never truncate a file that is something else.
        if content and not content.startswith(_FIRST_BYTES[: len(content)]):
            raise ValueError("not a journal of the simulator")
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self._path, whole)
