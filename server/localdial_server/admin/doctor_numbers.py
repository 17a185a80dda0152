"""Check the stored phone numbers: earlier releases may have stored impossible ones."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Row, Select, select

from localdial_server.admin.doctor_finding import Check, Finding
from localdial_server.domain.possible_numbers import is_possible, why_impossible
from localdial_server.storage.sql.schema import numbers, organizations, users

# How many numbers get a finding of their own.
_SHOWN = 5

# How many rows are in memory at a time.
_ROWS = 1000


class _Stored(NamedTuple):
    number: str
    place: str
    """The role and the owner of the number, such as `caller ID of ann in acme`."""
    command: Sequence[str]
    """The command that corrects or releases it, without its options."""
    options: Mapping[str, str | None] = {}
    """The values of its options."""


def stored_numbers(engine: Engine) -> Iterator[Finding]:
    """Yield a finding on all stored numbers, and one on each of the first impossible ones."""
    count, impossible = 0, 0
    first: list[Finding] = []
    with engine.connect() as connection:
        for stored in _all(connection):
            count += 1
            why = why_impossible(stored.number)
            if why is not None:
                impossible += 1
                if len(first) < _SHOWN:
                    repair = _repair(stored)
                    first.append(Check(stored.place).warning(f"{stored.number} {why}: run `{repair}`"))
    check = Check("stored numbers")
    if not impossible:
        yield check.ok(f"{count:,}, of which none is impossible")
        return
    shown = f"; the first {_SHOWN} follow" if impossible > _SHOWN else ""
    yield check.warning(
        f"{impossible:,} of {count:,} impossible: no call reaches such a number, and carriers refuse it as a"
        f" caller ID{shown}"
    )
    yield from first


def _all(connection: Connection) -> Iterator[_Stored]:
    """Yield every number of the organizations, the users and the inventories, repeated numbers included."""
    for row in _rows(connection, select(organizations)):
        if row.organization_number is not None:
            yield _Stored(
                row.organization_number,
                f"organization number of {row.organization_id}",
                ("orgs", "set", row.organization_id),
                {"--name": row.display_name, "--number": row.organization_number},
            )
    for row in _rows(connection, select(users)):
        command = "users", "set", row.organization_id, row.user_id
        options = {
            "--name": row.display_name,
            "--caller-id": row.caller_id,
            "--work-phone": row.work_phone,
        }
        for number, what in (row.caller_id, "caller ID"), (row.work_phone, "work phone"):
            if number is not None:
                yield _Stored(number, f"{what} of {row.user_id} in {row.organization_id}", command, options)
    for row in _rows(connection, select(numbers.c.organization_id, numbers.c.phone_number)):
        place = f"number of {row.organization_id}"
        yield _Stored(row.phone_number, place, ("numbers", "delete", row.organization_id, row.phone_number))


def _rows(connection: Connection, query: Select[Any]) -> Iterator[Row[Any]]:
    # A large database has millions of users.
    return iter(connection.execute(query.execution_options(yield_per=_ROWS)))


def _repair(stored: _Stored) -> str:
    # The commands clear every field that they do not name.
    options = [
        f"{option}={value if option == '--name' or is_possible(value) else 'NUMBER'}"
        for option, value in stored.options.items()
        if value
    ]
    return shlex.join(["localdial", *stored.command, *options])
