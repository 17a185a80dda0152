"""Run by Alembic: migrates the connection that ``storage.migrate`` hands over."""

from alembic import context

from localdial_server.storage.engines.database import VERSION_TABLE
from localdial_server.storage.sql.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
# No transaction of its own: the caller's holds all steps, so that they happen
# together or not at all.
context.run_migrations()
