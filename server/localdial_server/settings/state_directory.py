"""The folder where a server keeps its own files unless a setting names another place."""

import os
from pathlib import Path
from typing import Final

from localdial_server.settings.errors import SettingProblem, SettingsError

DATABASE_FILE: Final = "localdial.db"
SPOOL_FOLDER: Final = "spool"

# The state directory of releases before LOCALDIAL_STATE_DIRECTORY, in whatever folder they were started.
OLD_STATE_DIRECTORY: Final = Path("var")


def default_state_directory() -> Path:
    """Return systemd's state directory if it passes one, else the user's.

    `STATE_DIRECTORY` has several paths, separated by colons, if the unit names several; the first counts.
    Raises `SettingsError` if the user has no home directory.
    """
    from_systemd = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if from_systemd:
        return Path(from_systemd)
    # The XDG Base Directory Specification: a relative path is invalid and is ignored.
    from_xdg = Path(os.environ.get("XDG_STATE_HOME", ""))
    try:
        base = from_xdg if from_xdg.is_absolute() else Path.home() / ".local" / "state"
    except RuntimeError:
        problem = "must be set, because this user has no home directory"
        raise SettingsError(SettingProblem("LOCALDIAL_STATE_DIRECTORY", problem)) from None
    return base / "localdial"
