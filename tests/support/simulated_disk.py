"""A disk that can be full and can lose its power, for a server process. It needs neither root nor a mount."""

import functools
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from filelock import FileLock

_SOURCE = Path(__file__).with_suffix(".c")
_LIBRARY = Path(__file__).parents[2] / "build" / "simulated_disk.so"


class SimulatedDisk:
    """The files below `folder`, for a process that is started with `environment`.

    It keeps a copy of what was synced in the folder `state`.
    """

    def __init__(self, folder: Path, state: Path) -> None:
        self.folder = folder.resolve()
        self._state = state.resolve()
        for path in self.folder, self._state:
            path.mkdir(parents=True, exist_ok=True)

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that put the disk in front of a process's files."""
        return {
            "LD_PRELOAD": str(_library()),
            "DISK_FOLDER": str(self.folder),
            "DISK_STATE": str(self._state),
        }

    def fill(self) -> None:
        """Let no file grow from now on."""
        (self._state / "full").touch()

    def make_room(self) -> None:
        """Let files grow again."""
        (self._state / "full").unlink()

    def cut_power(self) -> None:
        """Leave only what was synced: contents of files, and names in folders. Kill the process before.

        Folders stay.
        """
        for folder in (self.folder, *(path for path in self.folder.rglob("*") if path.is_dir())):
            names = self._names(folder)
            for path in folder.iterdir():
                if not path.is_dir():
                    path.unlink()
            for name, inode in names.items():
                content = self._state / f"content-{inode}"
                if not (folder / name).is_dir():
                    (folder / name).write_bytes(content.read_bytes() if content.exists() else b"")
        # The files are others now.
        for kept in self._state.glob("*-*"):
            kept.unlink()

    def _names(self, folder: Path) -> Mapping[str, str]:
        """Return the inode of each name that is sure to be in the folder."""
        synced = self._state / f"names-{folder.stat().st_ino}"
        if not synced.exists():
            return {}
        lines = (line.split(" ", 1) for line in synced.read_text().splitlines())
        return {name: inode for inode, name in lines if name not in {".", ".."}}


@functools.cache
def _library() -> Path:
    """Compile the library, unless it is newer than its source."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler (cc)")
    _LIBRARY.parent.mkdir(exist_ok=True)
    with FileLock(f"{_LIBRARY}.lock"):
        if not _LIBRARY.exists() or _LIBRARY.stat().st_mtime < _SOURCE.stat().st_mtime:
            new = _LIBRARY.with_suffix(f".{os.getpid()}")
            warnings = "-Wall", "-Wextra", "-Werror"
            subprocess.run(
                [compiler, *warnings, "-O1", "-shared", "-fPIC", "-o", new, _SOURCE, "-ldl"], check=True
            )
            new.replace(_LIBRARY)
    return _LIBRARY
