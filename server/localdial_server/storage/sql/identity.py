"""What tells a database from every other one, wherever it is moved to."""

import uuid

from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from localdial_server.storage.sql.schema import identity

_NAME = "database"


def identity_of(engine: Engine) -> str:
    """Answer the database's identity, and give it one if it has none."""
    with engine.connect() as connection:
        query = select(identity.c.value).where(identity.c.name == _NAME)
        found: str | None = connection.scalar(query)
        if found is None:
            try:
                connection.execute(identity.insert().values(name=_NAME, value=str(uuid.uuid4())))
                connection.commit()
            except IntegrityError:
                # Another server was faster.
                connection.rollback()
            found = connection.scalars(query).one()
        return found
