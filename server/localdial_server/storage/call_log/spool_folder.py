"""The folders of the spools, in which each process has a file of its own.

Outbound calls and call-backs have spools in separate folders. So call-backs do not take the room of
outbound calls, and only the records of outbound calls hold up the routing of call-backs.
"""

import contextlib
import itertools
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Generic

from sqlalchemy.exc import DBAPIError

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.observability.log_limit import LimitedLog
from localdial_server.storage.call_log.spool import (
    DISK,
    FILE_SUFFIX,
    MARKER_SUFFIX,
    OUTBOUND_CALLS,
    Disk,
    Spool,
    Spooled,
    T,
)
from localdial_server.storage.engines.private_files import make_private_file, make_private_folder
from localdial_server.storage.engines.sqlite_file import DatabaseInUse
from localdial_server.storage.sql.migrate import SchemaError

_log = logging.getLogger(__name__)

# Holds the identity of the database whose calls are in the file beside it.
_OWNER = ".database"

# Waits between the attempts to claim the folder, in seconds.
_CLAIM_DELAYS = (0.1, 0.2, 0.4, 0.8)


class ForeignSpool(Exception):
    """Calls of another database wait in the folder, or another database's servers use it."""


def _owner(path: Path) -> str | None:
    """Return the identity of the database that a file's calls belong to; None for an older release's file."""
    try:
        return path.with_suffix(_OWNER).read_text("utf-8")
    except FileNotFoundError:
        return None


class SpoolFolder(Generic[T]):
    """The folder where the processes of one machine keep their spools. Its methods block."""

    def __init__(
        self,
        path: Path,
        max_bytes: int,
        disk: Disk = DISK,
        spooled: Spooled[T] = OUTBOUND_CALLS,  # type: ignore[assignment]  # the default of T
    ) -> None:
        self._spooled = spooled
        self._path = path
        self._max_bytes = max_bytes
        self._disk = disk
        self._log = LimitedLog(_log)
        self._unreadable: set[Path] = set()
        self._scanned_all_files = False

    def take(self) -> Spool[T]:
        """Open the first file that no process holds; a crash may have left calls in it. Raises `OSError`."""
        make_private_folder(self._path)
        for number in itertools.count():
            # Skip a file that another process holds, or that only a newer release can empty.
            with contextlib.suppress(DatabaseInUse, SchemaError):
                spool = self._open(self._path / f"{number}{FILE_SUFFIX}")
                if spool.count == 0:
                    # The file is empty, so its previous owner no longer matters.
                    spool.path.with_suffix(_OWNER).unlink(missing_ok=True)
                return spool
        raise AssertionError

    def claim(self, identity: str, own: Spool[T]) -> None:
        """Claim the folder and this process's file in it, `own`, for the database with this `identity`.

        Raises `ForeignSpool` and `OSError`.
        """
        if own.count and _owner(own.path) not in {None, identity}:
            raise ForeignSpool
        # Write atomically, and before checking the other files, so that two servers starting
        # at once cannot both pass the check.
        new = own.path.with_suffix(f"{_OWNER}-new")
        make_private_file(new)
        with new.open("w", encoding="utf-8") as file:
            file.write(identity)
            file.flush()
            # Otherwise a loss of power may leave the file empty, as if another database owned the calls.
            os.fsync(file.fileno())
        new.replace(own.path.with_suffix(_OWNER))
        # Retry: a process running this check holds each file briefly, and one that just took a file
        # may not have replaced its owner yet.
        for delay in *_CLAIM_DELAYS, None:
            if not any(
                _owner(path) not in {None, identity} and self._is_used(path)
                for path in self._path.glob(f"*{FILE_SUFFIX}")
            ):
                return
            if delay is None:
                raise ForeignSpool
            time.sleep(delay)

    def _is_used(self, path: Path) -> bool:
        """Return whether another process holds the file, or calls wait in it."""
        try:
            spool = self._open(path)
        except (DatabaseInUse, SchemaError, DBAPIError):
            return True
        count = spool.count
        spool.close_now()
        return count > 0

    def take_abandoned(self) -> Sequence[Spool[T]]:
        """Open every file in which calls wait and that no process holds."""
        found: list[Spool[T]] = []
        # The first time, look at files without a marker too: a crash may have come after the calls
        # were written and before their marker.
        for path in self._path.glob(f"*{MARKER_SUFFIX if self._scanned_all_files else FILE_SUFFIX}"):
            file = path.with_suffix(FILE_SUFFIX)
            try:
                found.append(self._open(file))
            except DatabaseInUse:
                continue
            except (OSError, SchemaError, DBAPIError):
                if file not in self._unreadable:
                    self._unreadable.add(file)
                    _log.exception(
                        "a spool cannot be read: if it is of outbound calls, call-backs stay UNAVAILABLE "
                        "until the file is repaired or removed",
                        extra={"file": str(file)},
                    )
        self._scanned_all_files = True
        return found

    def _open(self, path: Path) -> Spool[T]:
        return Spool.open(path, self._max_bytes, self._disk, self._spooled)

    def is_empty(self) -> bool:
        """Return whether no call waits in any process's spool. Raises `StorageUnavailable`."""
        try:
            return not any(name.endswith(MARKER_SUFFIX) for name in self._disk.names(self._path))
        except OSError as error:
            self._log.exception("the spool's folder cannot be read: call-backs stay UNAVAILABLE until it can")
            raise StorageUnavailable from error
