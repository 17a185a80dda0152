"""The identity of a database, which it keeps wherever it is moved to."""

import uuid

from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from localdial_server.storage.sql.schema import identity

_NAME = "database"


def identity_of(engine: Engine) -> str:
    """Return the database's identity, a UUID, creating it if there is none."""
    with engine.connect() as connection:
        query = select(identity.c.value).where(identity.c.name == _NAME)
        found: str | None = connection.scalar(query)
        if found is None:
            try:
                connection.execute(identity.insert().values(name=_NAME, value=str(uuid.uuid4())))
                connection.commit()
            except IntegrityError:
                # Another server has just created it.
                connection.rollback()
            found = connection.scalars(query).one()
        return found
