"""The check of area codes in requests: only a geographic area code makes a number local."""

import asyncio

from localdial_server.domain.area_codes import is_geographic_area_code
from localdial_server.domain.errors import FieldViolation, InvalidFields

NOT_GEOGRAPHIC = (
    "must be an area code that exists and belongs to a place; toll-free, premium and mobile codes are not "
    "local anywhere"
)


async def is_geographic(area_code: str) -> bool:
    """Return whether the area code exists and is geographic."""
    if area_code.startswith("+"):
        # A code outside the NANP takes up to 20 ms of CPU, which must not hold up the event loop.
        return await asyncio.to_thread(is_geographic_area_code, area_code)
    return is_geographic_area_code(area_code)


async def require_geographic(area_code: str) -> None:
    """Raise `InvalidFields` for the field `area_code` unless it exists and is geographic."""
    if not await is_geographic(area_code):
        raise InvalidFields([FieldViolation("area_code", NOT_GEOGRAPHIC)])
