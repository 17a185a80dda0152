"""Thousands of organizations, copied directly into the tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import psycopg
from psycopg import sql

from localdial_server.domain.model import Number, NumberState, Organization, User
from localdial_server.domain.nanp import AREAS
from localdial_server.storage.sql.rows import to_row
from localdial_server.storage.sql.schema import numbers as numbers_table
from localdial_server.storage.sql.schema import organizations, users

_BOUGHT_AT = 1_700_000_000_000_000

_AREA_CODES = tuple(AREAS)


@dataclass(frozen=True)
class Size:
    """A number of organizations, each with the same numbers of users and phone numbers.

    Organization IDs begin with `name`. The phone numbers are distinct from those of
    other sizes because their sequence begins at `first`.
    """

    name: str
    organizations: int
    users: int
    numbers: int
    first: int

    def organization_id(self, organization: int) -> str:
        """Return the ID of the organization with this index."""
        return f"{self.name}-{organization}"

    def phone_number(self, organization: int, number: int) -> str:
        """Return a phone number of the organization, from all geographic NANP area codes in turn."""
        subscriber, area = divmod(
            self.first + organization * self.numbers + number % self.numbers, len(_AREA_CODES)
        )
        return f"+1{_AREA_CODES[area]}{2_000_000 + subscriber}"


MANY = Size("many", 10_000, 50, 20, first=0)
LARGE = Size("large", 5, 20_000, 20_000, first=200_000)


def user_id(number: int) -> str:
    """Return the ID of the user with this index."""
    return f"user-{number}"


def fill(url: str, sizes: Sequence[Size]) -> None:
    """Create the organizations of all sizes in the database."""
    with psycopg.connect(url) as connection:
        for size in sizes:
            _fill(connection, size)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _fill(connection: "psycopg.Connection[tuple[object, ...]]", size: Size) -> None:
    ids = [size.organization_id(organization) for organization in range(size.organizations)]
    made = (Organization(id_, f"Lender {id_}") for id_ in ids)
    _copy(connection, "organizations", (to_row(organizations, each) for each in made))
    _copy(connection, "revisions", ({"organization_id": id_, "revision": 1} for id_ in ids))
    _copy(
        connection,
        "users",
        (to_row(users, made_user(id_, user)) for id_ in ids for user in range(size.users)),
    )
    numbers = [
        made_number(id_, size.phone_number(organization, number))
        for organization, id_ in enumerate(ids)
        for number in range(size.numbers)
    ]
    _copy(
        connection,
        "phone_number_owners",
        (
            {"phone_number": number.phone_number, "organization_id": number.organization_id}
            for number in numbers
        ),
    )
    _copy(connection, "numbers", (to_row(numbers_table, number) for number in numbers))


def made_user(organization_id: str, number: int) -> User:
    """Return the user with this index."""
    # Every second user has a caller ID to show when no local number fits.
    caller_id = "+12025550123" if number % 2 else None
    return User(organization_id, user_id(number), f"Agent {number}", caller_id, "+12025550124")


def made_number(organization_id: str, phone_number: str) -> Number:
    """Return an active number of the organization."""
    return Number(
        organization_id=organization_id,
        phone_number=phone_number,
        area_code=phone_number[2:5],
        state=NumberState.ACTIVE,
        carrier="simulator",
        carrier_number_id=f"PN{phone_number}",
        reference=f"localdial {phone_number}",
        locality="San Francisco",
        region="CA",
        purchase_time=_BOUGHT_AT,
    )


def _copy(
    connection: "psycopg.Connection[tuple[object, ...]]", table: str, rows: Iterator[Mapping[str, object]]
) -> None:
    first = next(rows)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, first))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in chain((first,), rows):
            copy.write_row(tuple(row.values()))
