"""Alembic runs this module to migrate the connection that `migrate` passes to it."""

from alembic import context

from localdial_server.storage.engines.database import VERSION_TABLE
from localdial_server.storage.sql.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, version_table=VERSION_TABLE
)
# Alembic begins no transaction: all steps run in the caller's, so either all happen or none.
context.run_migrations()
