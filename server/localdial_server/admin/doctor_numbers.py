"""Check the stored phone numbers: earlier releases, other settings or imports may have stored wrong ones."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Row, Select, select

from localdial_server.admin.doctor_finding import Check, Finding
from localdial_server.domain.dialing_permissions import DialingPermission, DialingPermissions, Objection
from localdial_server.domain.model import EXTERNAL
from localdial_server.domain.possible_numbers import why_impossible
from localdial_server.storage.sql.schema import numbers, organizations, users

# How many numbers get a finding of their own.
_SHOWN = 5

# How many rows are in memory at a time.
_ROWS = 1000


class _Phone(NamedTuple):
    number: str | None
    """None if it is not set."""
    role: str
    """Such as `caller ID`."""
    option: str
    """The option of the command that sets it; empty if the command sets none."""
    objection: Callable[[DialingPermission, str], Objection | None]


class _Stored(NamedTuple):
    """A row with phone numbers."""

    organization_id: str
    owner: str
    """Such as `ann in acme`."""
    phones: Sequence[_Phone]
    command: Sequence[str]
    """The command that corrects or releases the numbers, without its options."""
    name: str = ""


class _Wrong:
    """How many numbers are wrong in one way, with a finding on each of the first ones."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[Finding] = []

    def add(self, stored: _Stored, phone: _Phone, why: str, permission: DialingPermission) -> None:
        """Add a number, and why it is wrong."""
        self.count += 1
        if len(self._first) < _SHOWN:
            repair = _repair(stored, permission)
            check = Check(f"{phone.role} of {stored.owner}")
            self._first.append(check.warning(f"{phone.number} {why}: run `{repair}`"))

    def findings(self, check: Check, text: str) -> Iterator[Finding]:
        """Yield a finding on all of them, and the first ones; nothing if there are none."""
        if self.count:
            shown = f"; the first {_SHOWN} follow" if self.count > _SHOWN else ""
            yield check.warning(f"{self.count:,} {text}{shown}")
            yield from self._first


def stored_numbers(engine: Engine, permissions: DialingPermissions) -> Iterator[Finding]:
    """Yield findings on all stored numbers, and one on each of the first wrong ones."""
    count, impossible, barred = 0, _Wrong(), _Wrong()
    with engine.connect() as connection:
        for stored in _all(connection):
            permission = permissions.of(stored.organization_id)
            for phone in stored.phones:
                if phone.number is None:
                    continue
                count += 1
                if (why := why_impossible(phone.number)) is not None:
                    impossible.add(stored, phone, why, permission)
                elif (objection := phone.objection(permission, phone.number)) is not None:
                    barred.add(stored, phone, objection.requirement, permission)
    check = Check("stored numbers")
    if not impossible.count:
        yield check.ok(f"{count:,}, of which none is impossible")
    yield from impossible.findings(
        check,
        f"of {count:,} impossible: no call reaches such a number, and carriers refuse it as a caller ID",
    )
    yield from barred.findings(
        Check("toll fraud"),
        f"of {count:,} stored numbers not allowed: call-backs skip such a work phone or organization number",
    )


def _all(connection: Connection) -> Iterator[_Stored]:
    """Yield the organizations, the users and the inventories; numbers may be repeated."""
    for row in _rows(connection, select(organizations)):
        yield _Stored(
            row.organization_id,
            row.organization_id,
            [_dialed(row.organization_number, "organization number", "--number")],
            ("orgs", "set", row.organization_id),
            row.display_name,
        )
    for row in _rows(connection, select(users)):
        yield _Stored(
            row.organization_id,
            f"{row.user_id} in {row.organization_id}",
            [
                _shown(row.caller_id, "caller ID", "--caller-id"),
                _dialed(row.work_phone, "work phone", "--work-phone"),
            ],
            ("users", "set", row.organization_id, row.user_id),
            row.display_name,
        )
    for row in _rows(
        connection, select(numbers.c.organization_id, numbers.c.phone_number, numbers.c.carrier)
    ):
        # Somebody typed in the numbers that are held elsewhere; the others came from the carrier.
        phone = _shown if row.carrier == EXTERNAL else _bought
        yield _Stored(
            row.organization_id,
            row.organization_id,
            [phone(row.phone_number, "number", "")],
            ("numbers", "delete", row.organization_id, row.phone_number),
        )


def _shown(number: str | None, role: str, option: str) -> _Phone:
    return _Phone(number, role, option, DialingPermission.against_showing)


def _dialed(number: str | None, role: str, option: str) -> _Phone:
    return _Phone(number, role, option, DialingPermission.against_dialing)


def _bought(number: str | None, role: str, option: str) -> _Phone:
    return _Phone(number, role, option, lambda _permission, _number: None)


def _rows(connection: Connection, query: Select[Any]) -> Iterator[Row[Any]]:
    # A large database has millions of users.
    return iter(connection.execute(query.execution_options(yield_per=_ROWS)))


def _repair(stored: _Stored, permission: DialingPermission) -> str:
    # The commands clear every field that they do not name.
    options = [f"--name={stored.name}"] if stored.name else []
    for number, _, option, objection in stored.phones:
        if number is not None and option:
            is_right = why_impossible(number) is None and objection(permission, number) is None
            options.append(f"{option}={number if is_right else 'NUMBER'}")
    return shlex.join(["localdial", *stored.command, *options])
