"""Claims on phone numbers: each belongs to one organization at most, in all its spellings."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, delete, or_, select

from localdial_server.domain.phone_keys import spellings
from localdial_server.storage.sql.dialect_insert import dialect_insert
from localdial_server.storage.sql.reader import SqlReader
from localdial_server.storage.sql.schema import numbers, organizations, phone_number_owners


def claim_all(connection: Connection, phone_numbers: Sequence[str], organization_id: str) -> Collection[str]:
    """Claim the numbers, as far as they are free; see `Transaction.claim_all`."""
    if not phone_numbers:
        return set()
    # In a fixed order, so that no two claims of one phone wait for each other.
    of_phones = sorted({spelling for each in phone_numbers for spelling in spellings(each)})
    claims = dialect_insert(connection, phone_number_owners).on_conflict_do_nothing()
    claimed: set[str] = set(
        connection.scalars(
            claims.returning(phone_number_owners.c.phone_number),
            [{"phone_number": spelling, "organization_id": organization_id} for spelling in of_phones],
        )
    )
    if not claimed.issuperset(phone_numbers):
        for phone_number, owner in SqlReader(connection).owners_of(phone_numbers).items():
            if owner == organization_id:
                claimed.add(phone_number)
            else:
                disclaim(connection, phone_number, organization_id)
    return claimed.intersection(phone_numbers)


def disclaim(connection: Connection, phone_number: str, organization_id: str) -> None:
    """Give the number up unless the organization still uses it; see `Transaction.disclaim`."""
    of_phone = spellings(phone_number)
    owned = select(numbers).filter_by(organization_id=organization_id)
    own = select(organizations).filter_by(organization_id=organization_id)
    in_use = or_(
        owned.where(numbers.c.phone_number.in_(of_phone)).exists(),
        own.where(organizations.c.organization_number.in_(of_phone)).exists(),
    )
    claims = delete(phone_number_owners).filter_by(organization_id=organization_id)
    connection.execute(claims.where(phone_number_owners.c.phone_number.in_(of_phone), ~in_use))
