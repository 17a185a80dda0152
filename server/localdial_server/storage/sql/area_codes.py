"""The area codes of stored numbers, brought up to what this release knows."""

from sqlalchemy import Connection, bindparam, select, update

from localdial_server.domain.area_codes import area_code_of
from localdial_server.storage.sql.schema import numbers, revisions

# How many rows are in memory at a time.
_ROWS = 1000


def refresh_area_codes(connection: Connection) -> int:
    """Give every stored number the area code that it has by now; return how many got another one.

    Area codes open, and releases learn of more countries' codes. A stored code that is missing or outdated
    would not be found by calls to that area. Running servers reload the organizations of these numbers.
    """
    columns = numbers.c.organization_id, numbers.c.phone_number, numbers.c.area_code
    outdated = [
        {"of": row.organization_id, "number": row.phone_number, "area_code": area_code}
        for row in connection.execute(select(*columns).execution_options(yield_per=_ROWS))
        if (area_code := area_code_of(row.phone_number)) != row.area_code
    ]
    if outdated:
        of_number = (
            numbers.c.organization_id == bindparam("of"),
            numbers.c.phone_number == bindparam("number"),
        )
        connection.execute(
            update(numbers).where(*of_number).values(area_code=bindparam("area_code")), outdated
        )
        of_organization = update(revisions).where(revisions.c.organization_id == bindparam("of"))
        connection.execute(
            of_organization.values(revision=revisions.c.revision + 1),
            [{"of": organization_id} for organization_id in sorted({each["of"] for each in outdated})],
        )
    return len(outdated)
