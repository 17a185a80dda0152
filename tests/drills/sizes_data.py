"""Organizations by the thousand, put into the tables directly."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from localdial_server.domain.model import NumberState
from localdial_server.domain.nanp import AREAS

_BOUGHT_AT = 1_700_000_000_000_000


_AREA_CODES = tuple(AREAS)


@dataclass(frozen=True)
class Size:
    """So many organizations, each with so many users and numbers; their ids begin with ``name``.

    ``first`` tells the numbers of the first organization from those of other sizes.
    """

    name: str
    organizations: int
    users: int
    numbers: int
    first: int

    def organization_id(self, organization: int) -> str:
        """Answer the id of one of them."""
        return f"{self.name}-{organization}"

    def phone_number(self, organization: int, number: int) -> str:
        """Answer a number of one of them: of all geographic area codes of the NANP in turn."""
        subscriber, area = divmod(
            self.first + organization * self.numbers + number % self.numbers, len(_AREA_CODES)
        )
        return f"+1{_AREA_CODES[area]}{2_000_000 + subscriber}"


MANY = Size("many", 10_000, 50, 20, first=0)
LARGE = Size("large", 5, 20_000, 20_000, first=200_000)


def user_id(number: int) -> str:
    """Answer the id of one of an organization's users."""
    return f"user-{number}"


def fill(url: str, sizes: Sequence[Size]) -> None:
    """Make them all."""
    with psycopg.connect(url) as connection:
        for size in sizes:
            _fill(connection, size)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _fill(connection: "psycopg.Connection[tuple[object, ...]]", size: Size) -> None:
    ids = [size.organization_id(organization) for organization in range(size.organizations)]
    numbers = [
        (id_, size.phone_number(organization, number))
        for organization, id_ in enumerate(ids)
        for number in range(size.numbers)
    ]
    _copy(connection, "organizations", ((id_, f"Lender {id_}", None) for id_ in ids))
    _copy(connection, "revisions", ((id_, 1) for id_ in ids))
    _copy(
        connection,
        "users",
        (
            # Every second one shows a number of their own where none fits.
            (id_, user_id(user), f"Agent {user}", "+12025550123" if user % 2 else None, "+12025550124")
            for id_ in ids
            for user in range(size.users)
        ),
    )
    _copy(connection, "phone_number_owners", ((phone, id_) for id_, phone in numbers))
    _copy(
        connection,
        "numbers",
        (
            (
                *(
                    id_,
                    phone,
                    phone[2:5],
                    NumberState.ACTIVE.value,
                    "simulator",
                    f"PN{phone}",
                    f"localdial {phone}",
                ),
                *(None, "San Francisco", "CA", _BOUGHT_AT),
            )
            for id_, phone in numbers
        ),
    )


def _copy(
    connection: "psycopg.Connection[tuple[object, ...]]", table: str, rows: Iterable[Sequence[object]]
) -> None:
    statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
