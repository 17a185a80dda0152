"""Limits log lines that a caller or a fault can cause at will."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

QUIET_SECONDS: Final = 10.0


class LimitedLog:
    """Logs each event at most once in `seconds`; the next line says how many were left out.

    Events of one text may have several kinds, such as the causes of a failure, each with a line of its own.
    Texts and kinds are kept in memory, so neither may come from a caller. Any thread may log.
    """

    def __init__(
        self,
        log: logging.Logger,
        seconds: float = QUIET_SECONDS,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._seconds = seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        # When each event and kind may be logged again, and how many were left out since the last line.
        self._quiet: dict[tuple[str, str], tuple[float, int]] = {}

    def warning(self, event: str, *, kind: str = "", extra: Mapping[str, Any] | None = None) -> None:
        """Log a warning, unless the same event of the same kind was logged just now."""
        self._write(logging.WARNING, event, kind, extra)

    def error(self, event: str, *, kind: str = "", extra: Mapping[str, Any] | None = None) -> None:
        """Log an error, unless the same event of the same kind was logged just now."""
        self._write(logging.ERROR, event, kind, extra)

    def exception(self, event: str, *, kind: str = "", extra: Mapping[str, Any] | None = None) -> None:
        """Log an error with the traceback of the exception that is being handled, with the same limit."""
        self._write(logging.ERROR, event, kind, extra, exc_info=True)

    def _write(
        self,
        level: int,
        event: str,
        kind: str,
        extra: Mapping[str, Any] | None,
        *,
        exc_info: bool = False,
    ) -> None:
        now = self._monotonic()
        with self._lock:
            until, left_out = self._quiet.get((event, kind), (now, 0))
            if now < until:
                self._quiet[event, kind] = until, left_out + 1
                return
            self._quiet[event, kind] = now + self._seconds, 0
        fields = dict(extra or {})
        if left_out:
            fields["left_out"] = left_out
        self._log.log(level, event, extra=fields, exc_info=exc_info)
