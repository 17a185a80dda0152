"""Migration of a database's schema, and the check that it is up to date."""

import pkgutil
from collections.abc import Sequence

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    func,
    insert,
    inspect,
    select,
)

from localdial_server.storage.engines.database import VERSION_TABLE
from localdial_server.storage.sql.area_codes import refresh_area_codes
from localdial_server.storage.sql.migrations import versions
from localdial_server.storage.sql.schema import metadata

# An arbitrary number that other programs in the same database are unlikely to use.
_MIGRATION_LOCK = 0x10CA_1D1A_10CA_1D1A

# Alembic's table of the schema's version, as Alembic creates it.
_VERSION = Table(
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)


class SchemaError(Exception):
    """The database cannot be used with this release; the text says why."""


def migrate(engine: Engine) -> tuple[str | None, str]:
    """Bring the schema up to date; return its version before (None: empty database) and after.

    The area codes of numbers are brought up to date too. All steps are one transaction. Raises
    `SchemaError` for a database that a newer release has migrated or that belongs to another program.
    """
    known = revisions()
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            # One server at a time: the second finds nothing left to do.
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        before = _usable_version(connection, known)
        if before is None and connection.dialect.name == "sqlite":
            _create(connection, known[-1])
        elif before != known[-1]:
            upgrade(connection, known[-1])
        refresh_area_codes(connection)
    return before, known[-1]


def missing_migration(engine: Engine) -> str | None:
    """Return what is wrong with the schema's version and what to do; None if the version is this release's.

    Raises `SchemaError` where a migration would not help.
    """
    known = revisions()
    with engine.connect() as connection:
        version = _usable_version(connection, known)
    if version == known[-1]:
        return None
    found = f"has schema {version}" if version is not None else "is empty"
    return f"the database {found}, and this release needs schema {known[-1]}: run `localdial migrate`"


def revisions() -> Sequence[str]:
    """Return the versions of the schema that this release knows, the oldest first."""
    # Read them from the modules' names, so that Alembic is loaded only for a migration.
    names = [module.name for module in pkgutil.iter_modules(versions.__path__)]
    return sorted(name.removeprefix("v").partition("_")[0] for name in names)


def _create(connection: Connection, version: str) -> None:
    """Create the newest schema in an empty database.

    The first start of a server on SQLite does so: loading Alembic would take it 0.2 s and 15 MB.
    """
    for tables in (metadata, _VERSION.metadata):
        tables.create_all(connection, checkfirst=False)
    connection.execute(insert(_VERSION).values(version_num=version))


def upgrade(connection: Connection, version: str) -> None:
    """Migrate to this version in the connection's transaction."""
    from alembic import command  # noqa: PLC0415 - takes 180 ms, and most starts migrate nothing
    from alembic.config import Config  # noqa: PLC0415 - likewise

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "localdial_server.storage.sql:migrations")
    config.set_main_option("path_separator", "os")
    command.upgrade(config, version)


def _usable_version(connection: Connection, known: Sequence[str]) -> str | None:
    if connection.dialect.name == "postgresql":
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding != "UTF8":
            raise SchemaError(
                f"the database's encoding is {encoding}, which cannot hold every name. Give localdial one "
                "that was created with ENCODING 'UTF8'"
            )
    # Ask once: a migration by another process may end between two questions.
    tables = inspect(connection).get_table_names()
    version = None
    if VERSION_TABLE in tables:
        version = connection.scalar(select(_VERSION.c.version_num))
    if version is not None and version not in known:
        raise SchemaError(
            f"the database has schema {version}, which this release does not know: it was migrated by a "
            "newer localdial. Run that release, or restore a backup from before the migration"
        )
    if version is None and tables:
        raise SchemaError(
            "the database holds tables, but none of localdial's: it belongs to another program. Give "
            "localdial a database of its own"
        )
    return version
