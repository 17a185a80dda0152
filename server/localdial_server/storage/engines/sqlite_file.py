"""The files of an SQLite database, which this process holds alone and watches.

SQLite itself notices neither another server of ours nor that its files were moved away: it
goes on writing to the files that it has open, which the next start will not find.
"""

import errno
import os
import struct
import sys
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from localdial_server.storage.engines.private_files import (
    PRIVATE_FILE,
    make_private_file,
    make_private_folder,
)

if sys.platform == "linux":
    from fcntl import F_OFD_SETLK, F_WRLCK, fcntl

# SQLite locks the 512 bytes from 1 GiB on. This one, like those, is never read or written.
_LOCKED_BYTE: Final = 0x4000_0000 + 4096

# Files that SQLite opens beside the database when it is first used, and keeps open.
_SUFFIXES: Final = ("", "-wal", "-shm")

_Identity = tuple[int, int]


class DatabaseInUse(Exception):
    """Another process serves this file."""


class NotInPlace(OSError):
    """The files of the database were moved, replaced or deleted."""


class SqliteFile:
    """A database file that is locked against other servers, and the files that SQLite keeps beside it."""

    def __init__(self, path: Path, lock: FileLock, descriptor: int) -> None:
        self.path = path
        self._lock = lock
        self._descriptor = descriptor
        # Texts, because they are looked at after every commit, and a `Path` takes twice as long.
        self._paths = [f"{path}{suffix}" for suffix in _SUFFIXES]
        self._identities: dict[str, _Identity] = {self._paths[0]: _identity(os.fstat(descriptor))}

    @classmethod
    def hold(cls, path: Path) -> "SqliteFile":
        """Lock other servers out of the file, which is created if it does not exist.

        Raises `DatabaseInUse` and `OSError`.
        """
        # One lock for the file, whatever symbolic link it is opened through.
        path = path.resolve()
        if path.exists() and not os.access(path, os.W_OK):
            # SQLite would open it for reading and leave read-only files beside it.
            raise PermissionError(errno.EACCES, "it is read-only", str(path))
        make_private_folder(path.parent)
        # The thread that releases the lock is not the one that acquired it.
        lock = FileLock(f"{path}.lock", mode=PRIVATE_FILE, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise DatabaseInUse from None
        try:
            # SQLite gives the files beside it the same mode.
            make_private_file(path)
            descriptor = os.open(path, os.O_RDWR)
            try:
                _require_one_name(descriptor, path)
                _lock_itself(descriptor)
            except BaseException:
                os.close(descriptor)
                raise
        except BaseException:
            lock.release()
            raise
        return cls(path, lock, descriptor)

    def is_in_place(self) -> bool:
        """Return whether the paths still lead to the files that SQLite has open."""
        return not self._missing()

    def require_in_place(self) -> None:
        """Raise `NotInPlace` unless the paths still lead to the files that SQLite has open."""
        if missing := self._missing():
            raise NotInPlace(f"{missing} was moved, replaced or deleted")

    def release(self) -> None:
        """Let other servers open the file. SQLite must have closed it before."""
        if self._lock.is_locked:
            # On POSIX, closing any descriptor of a file drops the locks that SQLite holds on it.
            os.close(self._descriptor)
            self._lock.release()

    def _missing(self) -> str | None:
        """Return the path that does not lead to its file any more; None if all do."""
        for path in self._paths:
            try:
                found = _identity(os.stat(path))  # noqa: PTH116 - see `_paths`
            except OSError:
                found = None
            # The first time that a file is there, it is the one that SQLite has just created.
            if found is not None:
                self._identities.setdefault(path, found)
            if self._identities.get(path) != found:
                return path
        return None


def _identity(status: os.stat_result) -> _Identity:
    return status.st_dev, status.st_ino


def _require_one_name(descriptor: int, path: Path) -> None:
    """Raise `OSError` if the file has other hard links."""
    names = os.fstat(descriptor).st_nlink
    if names > 1:
        # After a crash, only the name that was served has the log of the last transactions beside it.
        text = (
            f"it has {names} hard links, and SQLite finds its last transactions through only one of them: "
            "remove the others"
        )
        raise OSError(errno.EMLINK, text, str(path))


def _lock_itself(descriptor: int) -> None:
    """Lock the file itself, which works after its lock file was deleted. Raises `DatabaseInUse`."""
    if sys.platform != "linux":
        # Python has these locks on Linux only.
        return
    # The lock belongs to the descriptor. An ordinary lock would end when SQLite closes one of its own.
    lock = struct.pack("hhqqi0q", F_WRLCK, os.SEEK_SET, _LOCKED_BYTE, 1, 0)
    try:
        fcntl(descriptor, F_OFD_SETLK, lock)
    except OSError as error:
        if error.errno in {errno.EAGAIN, errno.EACCES}:
            raise DatabaseInUse from None
        # The file system does not have such locks; the lock file remains.
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
