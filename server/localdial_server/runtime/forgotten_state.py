"""Refuses to start beside the forgotten data of an earlier release."""

from typing import TYPE_CHECKING

from localdial_server.settings.errors import StartError
from localdial_server.settings.state_directory import DATABASE_FILE, OLD_STATE_DIRECTORY, SPOOL_FOLDER
from localdial_server.settings.validators import is_postgresql

if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings


def refuse_forgotten_state(settings: "Settings") -> None:
    """Raise `StartError` if the default place does not exist yet, but that of earlier releases does.

    Otherwise the server would start with an empty database, or leave recorded calls in the old spool.
    """
    uses_spool = is_postgresql(settings.database_url)
    name, default = ("spool_directory", SPOOL_FOLDER) if uses_spool else ("database_url", DATABASE_FILE)
    old, new = (OLD_STATE_DIRECTORY / default).absolute(), (settings.state_directory / default).absolute()
    if name not in settings.from_user and old.exists() and not new.exists():
        raise StartError(
            f"{old} exists, which scripts/serve and earlier releases use when started in this folder, and "
            f"{new}, which would be used now, does not. Set LOCALDIAL_STATE_DIRECTORY={old.parent} to keep "
            f"the data where it is, or move {old.parent} to {new.parent}"
        )
