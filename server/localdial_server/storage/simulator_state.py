"""What the simulated carrier's account owns, in the table ``simulator_numbers``.

A number has a row while it is bought, and for good once it was given up: the
primary key is what lets exactly one of several orders win.
"""

from sqlalchemy import ColumnElement, Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from localdial_server.app.carrier import OwnedNumber
from localdial_server.storage.database import Database
from localdial_server.storage.schema import simulator_numbers

_OWNED = "owned"
_RELEASED = "released"

_column = simulator_numbers.c


class _RowExistsError(Exception):
    """The number has a row already."""


class SqlSimulatorState:
    """The ``SimulatorState`` of the simulated carrier, over any ``Database``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def buy(self, number: OwnedNumber, area_code: str) -> bool:
        """Add the number; False, and no change, if it is there already."""
        return await self._add(number, area_code, _OWNED)

    async def give_back(self, carrier_number_id: str) -> None:
        """Remove the bought number with this id; one that is not there is no error."""

        def work(connection: Connection) -> None:
            connection.execute(
                delete(simulator_numbers).where(
                    _column.carrier_number_id == carrier_number_id, _column.state == _OWNED
                )
            )

        await self._database.write(work)

    async def bought(self, phone_number: str) -> OwnedNumber | None:
        """Answer the number if it is bought."""
        return await self._find(_column.phone_number == phone_number)

    async def bought_with(self, reference: str) -> OwnedNumber | None:
        """Answer the bought number with the reference."""
        return await self._find(_column.reference == reference)

    async def bought_in(self, area_code: str) -> frozenset[str]:
        """Answer the phone numbers that are bought in the area code."""
        query = select(_column.phone_number).where(_column.area_code == area_code, _column.state == _OWNED)
        return await self._database.read(lambda connection: frozenset(connection.scalars(query)))

    async def give_up(self, number: OwnedNumber, area_code: str) -> None:
        """Remember that a number owned from the start is gone; a repeat is no error."""
        await self._add(number, area_code, _RELEASED)

    async def given_up(self, phone_number: str) -> bool:
        """Tell whether the number was given up."""
        query = select(_column.phone_number).where(
            _column.phone_number == phone_number, _column.state == _RELEASED
        )
        return await self._database.read(lambda connection: connection.scalar(query) is not None)

    async def _add(self, number: OwnedNumber, area_code: str, state: str) -> bool:
        def work(connection: Connection) -> None:
            try:
                connection.execute(
                    insert(simulator_numbers).values(
                        phone_number=number.phone_number,
                        area_code=area_code,
                        state=state,
                        carrier_number_id=number.carrier_number_id,
                        reference=number.reference,
                    )
                )
            except IntegrityError as error:
                # An exception of our own, so that the transaction, which
                # PostgreSQL takes for failed now, is rolled back without being
                # taken for a failure of the database.
                raise _RowExistsError from error

        try:
            await self._database.write(work)
        except _RowExistsError:
            return False
        return True

    async def _find(self, condition: ColumnElement[bool]) -> OwnedNumber | None:
        query = select(_column.phone_number, _column.carrier_number_id, _column.reference).where(
            condition, _column.state == _OWNED
        )

        def work(connection: Connection) -> OwnedNumber | None:
            row = connection.execute(query).first()
            return OwnedNumber(row.phone_number, row.carrier_number_id, row.reference) if row else None

        return await self._database.read(work)
