"""Limits log lines that a caller or a fault can cause at will."""

import logging
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final

from typing_extensions import override

QUIET_SECONDS: Final = 10.0

_OURS: Final = "localdial_server."


class _Limit:
    """Counts events of each cause, of which one in `seconds` is logged. Any thread may call it."""

    def __init__(self, seconds: float, monotonic: Callable[[], float]) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        # When each cause may be logged again, and how many were left out since its last line.
        self._quiet: dict[Hashable, tuple[float, int]] = {}

    def left_out(self, cause: Hashable) -> int | None:
        """Return how many events were left out since the cause was logged; None: leave out this one too."""
        now = self._monotonic()
        with self._lock:
            until, left_out = self._quiet.get(cause, (now, 0))
            if now < until:
                self._quiet[cause] = until, left_out + 1
                return None
            self._quiet[cause] = now + self._seconds, 0
        return left_out


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
        self._limit = _Limit(seconds, monotonic)

    def warning(self, event: str, *, kind: str = "", extra: Mapping[str, Any] | None = None) -> None:
        """Log a warning, unless the same event of the same kind was logged just now."""
        self._write(logging.WARNING, event, kind, extra)

    def error(self, event: str, *, kind: str = "", extra: Mapping[str, Any] | None = None) -> None:
        """Log an error, unless the same event of the same kind was logged just now."""
        self._write(logging.ERROR, event, kind, extra)

    def exception(
        self,
        event: str,
        *,
        kind: str = "",
        extra: Mapping[str, Any] | None = None,
        error: BaseException | None = None,
    ) -> bool:
        """Log an error with the traceback of `error`, by default the one being handled; with the same limit.

        Return whether it was logged.
        """
        return self._write(logging.ERROR, event, kind, extra, exc_info=error or True)

    def _write(
        self,
        level: int,
        event: str,
        kind: str,
        extra: Mapping[str, Any] | None,
        *,
        exc_info: BaseException | bool = False,
    ) -> bool:
        left_out = self._limit.left_out((event, kind))
        if left_out is None:
            return False
        fields = dict(extra or {})
        if left_out:
            fields["left_out"] = left_out
        self._log.log(level, event, extra=fields, exc_info=exc_info)
        return True


class LibraryLimit(logging.Filter):
    """Limits what libraries log in the same way. Our own modules use `LimitedLog` where it is needed.

    An event is a line of the library's code with a type of exception, whatever its text, which may have
    been made with the caller's.
    """

    def __init__(
        self, seconds: float = QUIET_SECONDS, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._limit = _Limit(seconds, monotonic)

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is logged."""
        if record.name.startswith(_OURS):
            return True
        error = record.exc_info[0] if record.exc_info else None
        left_out = self._limit.left_out((record.pathname, record.lineno, error))
        if left_out:
            record.left_out = left_out
        return left_out is not None
