"""Requests name area codes; a number can only be local where one is a place."""

import asyncio
from collections.abc import Callable

from localdial_server.domain.area_codes import is_geographic_area_code
from localdial_server.domain.errors import FieldViolation, InvalidFields


async def require_geographic(
    area_codes: dict[str, str], also: Callable[[str], str | None] = lambda _: None
) -> None:
    """Raise ``InvalidFields`` naming every field whose area code cannot be local.

    ``also`` may find something else wrong with a code, and says what.
    """
    violations = []
    for field, area_code in area_codes.items():
        # A foreign code that is none takes milliseconds to refuse.
        await asyncio.sleep(0)
        if not is_geographic_area_code(area_code):
            problem: str | None = (
                "must be an area code that exists and belongs to a place; toll-free, premium and mobile "
                "codes are not local anywhere"
            )
        else:
            problem = also(area_code)
        if problem is not None:
            violations.append(FieldViolation(field, problem))
    if violations:
        raise InvalidFields(violations)
