"""The check of area codes in requests: only a geographic area code makes a number local."""

from localdial_server.domain.area_codes import is_geographic_area_code
from localdial_server.domain.errors import FieldViolation, InvalidFields

NOT_GEOGRAPHIC = (
    "must be an area code that exists and belongs to a place; toll-free, premium and mobile codes are not "
    "local anywhere"
)


def require_geographic(area_code: str) -> None:
    """Raise `InvalidFields` for the field `area_code` unless it exists and is geographic."""
    if not is_geographic_area_code(area_code):
        raise InvalidFields([FieldViolation("area_code", NOT_GEOGRAPHIC)])
