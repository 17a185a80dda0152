"""The numbers of the simulated carrier's account, in the table `simulator_numbers`.

A number has a row from its order on, and keeps it for good once it is given up. The primary key
lets exactly one of several orders win.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, Delete, Executable, Insert, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from typing_extensions import override

from localdial_server.app.ports.carrier import OrderStatus, OwnedNumber
from localdial_server.app.ports.simulator_state import SimulatorState
from localdial_server.storage.engines.database import Database
from localdial_server.storage.sql.schema import simulator_numbers

_OWNED = "owned"
_PENDING = "pending"
_FAILED = "failed"
_RELEASED = "released"

_column = simulator_numbers.c
_BOUGHT = select(_column.phone_number, _column.carrier_number_id, _column.reference).filter_by(state=_OWNED)


class _RowExistsError(Exception):
    """The number already has a row."""


class SqlSimulatorState(SimulatorState):
    """The state of the simulated carrier, in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def buy(self, number: OwnedNumber, area_code: str, *, pending: bool) -> bool:
        def work(connection: Connection) -> None:
            # After a failed order the number can be ordered again.
            connection.execute(_delete(number.phone_number, _FAILED))
            try:
                connection.execute(_insert(number, area_code, _PENDING if pending else _OWNED))
            except IntegrityError as error:
                # PostgreSQL has failed the transaction. An exception of our own rolls it back
                # without counting as a failure of the database.
                raise _RowExistsError from error

        try:
            await self._database.write("simulator.buy", work)
        except _RowExistsError:
            return False
        return True

    @override
    async def end_order(self, reference: str, *, filled: bool) -> None:
        order = update(simulator_numbers).filter_by(reference=reference, state=_PENDING)
        await self._run("simulator.end_order", order.values(state=_OWNED if filled else _FAILED))

    @override
    async def remove(self, carrier_number_id: str) -> None:
        await self._run(
            "simulator.remove",
            delete(simulator_numbers).filter_by(carrier_number_id=carrier_number_id, state=_OWNED),
        )

    @override
    async def find_by_number(self, phone_number: str) -> OwnedNumber | None:
        return await self._find("simulator.find_by_number", phone_number=phone_number)

    @override
    async def find_by_id(self, carrier_number_id: str) -> OwnedNumber | None:
        return await self._find("simulator.find_by_id", carrier_number_id=carrier_number_id)

    @override
    async def find_by_reference(self, reference: str) -> OwnedNumber | OrderStatus | None:
        query = select(simulator_numbers).where(_column.reference == reference, _column.state != _RELEASED)

        def work(connection: Connection) -> OwnedNumber | OrderStatus | None:
            row = connection.execute(query).first()
            if row is None:
                return None
            if row.state == _OWNED:
                return OwnedNumber(row.phone_number, row.carrier_number_id, row.reference)
            return OrderStatus(row.state)

        return await self._database.read("simulator.find_by_reference", work)

    @override
    async def not_on_sale(self, area_code: str) -> frozenset[str]:
        query = select(_column.phone_number).where(
            _column.area_code == area_code, _column.state.in_((_OWNED, _PENDING))
        )
        return await self._database.read(
            "simulator.not_on_sale", lambda connection: frozenset(connection.scalars(query))
        )

    @override
    async def list_bought(self) -> Sequence[OwnedNumber]:
        query = _BOUGHT.order_by(_column.phone_number)
        return await self._database.read(
            "simulator.list_bought",
            lambda connection: [OwnedNumber(*row) for row in connection.execute(query)],
        )

    @override
    async def give_up_for_good(self, number: OwnedNumber, area_code: str) -> None:
        def work(connection: Connection) -> None:
            connection.execute(_delete(number.phone_number))
            connection.execute(_insert(number, area_code, _RELEASED))

        await self._database.write("simulator.give_up_for_good", work)

    @override
    async def list_given_up(self) -> frozenset[str]:
        query = select(_column.phone_number).filter_by(state=_RELEASED)
        return await self._database.read(
            "simulator.list_given_up", lambda connection: frozenset(connection.scalars(query))
        )

    async def _run(self, name: str, statement: Executable) -> None:
        def work(connection: Connection) -> None:
            connection.execute(statement)

        await self._database.write(name, work)

    async def _find(self, name: str, **key: str) -> OwnedNumber | None:
        query = _BOUGHT.filter_by(**key)

        def work(connection: Connection) -> OwnedNumber | None:
            row = connection.execute(query).first()
            return OwnedNumber(*row) if row else None

        return await self._database.read(name, work)


def _insert(number: OwnedNumber, area_code: str, state: str) -> Insert:
    return insert(simulator_numbers).values(
        phone_number=number.phone_number,
        area_code=area_code,
        state=state,
        carrier_number_id=number.carrier_number_id,
        reference=number.reference,
    )


def _delete(phone_number: str, state: str | None = None) -> Delete:
    statement = delete(simulator_numbers).filter_by(phone_number=phone_number)
    return statement if state is None else statement.filter_by(state=state)
