"""The spool of the settings: taken, kept for one database, or said in one line why not."""

from sqlalchemy.exc import DBAPIError

from localdial_server.runtime.databases import one_line
from localdial_server.settings.errors import StartError
from localdial_server.settings.settings import Settings
from localdial_server.storage.call_log.spool import ForeignSpool, Spool, SpoolFolder
from localdial_server.storage.engines.postgres import PostgresDatabase
from localdial_server.storage.sql.identity import identity_of
from localdial_server.storage.sql.migrate import SchemaError


def take_spool(folder: SpoolFolder, settings: Settings) -> Spool:
    """Take a file of the folder. Raises ``StartError``."""
    try:
        return folder.take()
    except (OSError, SchemaError, DBAPIError) as error:
        raise _unusable(settings, error) from None


def claim_spool(folder: SpoolFolder, spool: Spool, database: PostgresDatabase, settings: Settings) -> None:
    """Keep the calls of another database out of this one. Raises ``StartError`` and ``DBAPIError``."""
    identity = identity_of(database.engine)
    try:
        folder.claim(identity, spool)
    except ForeignSpool:
        raise StartError(
            f"{settings.spool_directory} is the spool of another database, which is served or whose calls "
            "wait there: serve that one until they are recorded, or set LOCALDIAL_SPOOL_DIRECTORY to another "
            f"folder for {settings.shown_database_url}"
        ) from None
    except OSError as error:
        raise _unusable(settings, error) from None


def _unusable(settings: Settings, error: Exception) -> StartError:
    return StartError(
        f"cannot keep calls in {settings.spool_directory} (LOCALDIAL_SPOOL_DIRECTORY): {one_line(error)}"
    )
