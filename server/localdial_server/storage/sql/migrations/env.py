"""Alembic runs this module to migrate the connection that `migrate` passes to it."""

from alembic import context

from localdial_server.storage.engines.database import VERSION_TABLE
from localdial_server.storage.sql.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, version_table=VERSION_TABLE
)
# Alembic begins no transaction: all steps belong to the caller's, and happen together or not
# at all.
context.run_migrations()
