"""The numbers of the simulated carrier's account, in the table `simulator_numbers`.

A number has a row from its order on, and keeps it for good once it is given up. The primary key
lets exactly one of several orders win.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Executable, delete, insert, select, update
from typing_extensions import override

from localdial_server.app.ports.carrier import OrderStatus, OwnedNumber
from localdial_server.app.ports.simulator_state import SimulatorState
from localdial_server.concurrency.groups import Groups
from localdial_server.storage.engines.database import Database
from localdial_server.storage.sql.dialect_insert import dialect_insert
from localdial_server.storage.sql.schema import simulator_numbers

_OWNED = "owned"
_PENDING = "pending"
_FAILED = "failed"
_RELEASED = "released"

_column = simulator_numbers.c
_BOUGHT = select(_column.phone_number, _column.carrier_number_id, _column.reference).filter_by(state=_OWNED)


class SqlSimulatorState(SimulatorState):
    """The state of the simulated carrier, in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Orders that come at the same time are committed together.
        self._purchases = Groups(self._buy_together)

    @override
    async def buy(self, number: OwnedNumber, area_code: str, *, pending: bool) -> bool:
        return await self._purchases.add(_row(number, area_code, _PENDING if pending else _OWNED))

    async def _buy_together(self, rows: Sequence[Mapping[str, str]]) -> Sequence[bool]:
        """Insert the rows whose numbers have none; return whether each was inserted."""
        phone_numbers = [row["phone_number"] for row in rows]

        def work(connection: Connection) -> set[str]:
            # After a failed order the number can be ordered again.
            failed = delete(simulator_numbers).filter_by(state=_FAILED)
            connection.execute(failed.where(_column.phone_number.in_(phone_numbers)))
            new = dialect_insert(connection, simulator_numbers)
            bought = new.on_conflict_do_nothing().returning(_column.carrier_number_id)
            return set(connection.scalars(bought, rows))

        bought = await self._database.write("simulator.buy", work)
        return [row["carrier_number_id"] in bought for row in rows]

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
            connection.execute(delete(simulator_numbers).filter_by(phone_number=number.phone_number))
            connection.execute(insert(simulator_numbers), _row(number, area_code, _RELEASED))

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


def _row(number: OwnedNumber, area_code: str, state: str) -> Mapping[str, str]:
    return {
        "phone_number": number.phone_number,
        "area_code": area_code,
        "state": state,
        "carrier_number_id": number.carrier_number_id,
        "reference": number.reference,
    }
