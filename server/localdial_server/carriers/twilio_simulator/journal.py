"""What happened at the simulated company, line by line: its memory, and what a drill audits it by.

The file has one JSON object a line and is only ever added to. Read from the
beginning it is the state, so that a server that was killed knows what it sold.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

Event = Mapping[str, Any]

_BEGIN = b'{"event": "'


class Journal(Protocol):
    """Where events are kept."""

    def read(self) -> Iterator[Event]:
        """Answer all events, in order."""

    def add(self, event: Event) -> None:
        """Keep the event; it is there for good on return."""

    def close(self) -> None:
        """Let go of what is held."""


class MemoryJournal:
    """A ``Journal`` that ends with the process."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def read(self) -> Iterator[Event]:
        """Answer all events."""
        return iter(list(self._events))

    def add(self, event: Event) -> None:
        """Keep the event."""
        self._events.append(event)

    def close(self) -> None:
        """Do nothing."""


class FileJournal:
    """A ``Journal`` in a file. A line that a crash cut off never happened.

    Raises ``OSError``, and ``ValueError`` where the file is none of a journal.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._cut_off()
        self._file = path.open("ab")

    def read(self) -> Iterator[Event]:
        """Answer all events."""
        with self._path.open("rb") as lines:
            yield from map(json.loads, lines)

    def add(self, event: Event) -> None:
        """Keep the event."""
        self._file.write(json.dumps(event).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _cut_off(self) -> None:
        content = self._path.read_bytes() if self._path.exists() else b""
        # Nobody else's file is to lose its end.
        if content and not content.startswith(_BEGIN[: len(content)]):
            raise ValueError("not the file of a journal")
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self._path, whole)
