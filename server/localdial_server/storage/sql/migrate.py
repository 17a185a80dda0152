"""Migration of a database's schema, and the check that it is up to date."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, func, inspect, select

from localdial_server.storage.engines.database import VERSION_TABLE

# An arbitrary number that other programs in the same database are unlikely to use.
_MIGRATION_LOCK = 0x10CA_1D1A_10CA_1D1A


class SchemaError(Exception):
    """The database cannot be used with this release; the text says why."""


def migrate(engine: Engine) -> tuple[str | None, str]:
    """Bring the schema up to date; return its version before (None: empty database) and after.

    All steps are one transaction. Raises `SchemaError` for a database that a newer release has
    migrated or that belongs to another program.
    """
    config, scripts = _scripts()
    head = _head(scripts)
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            # One server at a time: the second finds nothing left to do.
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        before = _usable_version(connection, scripts)
        if before != head:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return before, head


def missing_migration(engine: Engine) -> str | None:
    """Return what is wrong with the schema's version and what to do; None if the version is this release's.

    Raises `SchemaError` where a migration would not help.
    """
    _, scripts = _scripts()
    head = _head(scripts)
    with engine.connect() as connection:
        version = _usable_version(connection, scripts)
    if version == head:
        return None
    found = f"has schema {version}" if version is not None else "is empty"
    return f"the database {found}, and this release needs schema {head}: run `localdial migrate`"


def _scripts() -> tuple[Config, ScriptDirectory]:
    config = Config()
    config.set_main_option("script_location", "localdial_server.storage.sql:migrations")
    config.set_main_option("path_separator", "os")
    return config, ScriptDirectory.from_config(config)


def _head(scripts: ScriptDirectory) -> str:
    head = scripts.get_current_head()
    assert head is not None
    return head


def _usable_version(connection: Connection, scripts: ScriptDirectory) -> str | None:
    if connection.dialect.name == "postgresql":
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding != "UTF8":
            raise SchemaError(
                f"the database's encoding is {encoding}, which cannot hold every name. Give localdial one "
                "that was created with ENCODING 'UTF8'"
            )
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    version = context.get_current_revision()
    if version is not None and version not in {step.revision for step in scripts.walk_revisions()}:
        raise SchemaError(
            f"the database has schema {version}, which this release does not know: it was migrated by a "
            "newer localdial. Run that release, or restore a backup from before the migration"
        )
    if version is None and inspect(connection).get_table_names():
        raise SchemaError(
            "the database holds tables, but none of localdial's: it belongs to another program. Give "
            "localdial a database of its own"
        )
    return version
