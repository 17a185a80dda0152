"""Bringing a database's schema up to date, or saying why it cannot be used."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

# Our own name, so that another program's Alembic table is not taken for ours.
VERSION_TABLE = "localdial_schema_version"


class SchemaError(Exception):
    """The database cannot be used with this release; the text says why."""


def migrate(engine: Engine) -> tuple[str | None, str]:
    """Bring the schema up to date; answer the version before (None: empty) and after.

    All steps are one transaction. Raises ``SchemaError`` for a database that a
    newer release has migrated or that belongs to another program, and leaves it
    as it was.
    """
    config = Config()
    config.set_main_option("script_location", "localdial_server.storage:migrations")
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    head = scripts.get_current_head()
    assert head is not None
    with engine.begin() as connection:
        before = _version(connection)
        if before is not None and before not in {step.revision for step in scripts.walk_revisions()}:
            raise SchemaError(
                f"the database has schema {before}, which this release does not know: it was migrated by a "
                "newer localdial. Run that release, or restore a backup from before the migration"
            )
        if before is None and inspect(connection).get_table_names():
            raise SchemaError(
                "the database holds tables, but none of localdial's: it belongs to another program. Give "
                "localdial a database of its own"
            )
        if before != head:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return before, head


def _version(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()
