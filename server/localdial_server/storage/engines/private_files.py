"""Files and folders that only their owner may read, because they hold phone numbers of borrowers."""

import errno
from pathlib import Path
from typing import Final

PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700


def make_private_folder(path: Path) -> None:
    """Create the folder (mode 0700) and its parents unless they exist. Raises `OSError`."""
    for missing in reversed([folder for folder in (path, *path.parents) if not folder.exists()]):
        missing.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, f"{path} is not a folder", str(path))


def make_private_file(path: Path) -> None:
    """Create the file, empty and with mode 0600, unless it exists. Raises `OSError`."""
    path.touch(mode=PRIVATE_FILE)


def is_readable_by_others(path: Path) -> bool:
    """Return whether users other than the owner may read the file. Raises `OSError`."""
    return bool(path.stat().st_mode & 0o077)
