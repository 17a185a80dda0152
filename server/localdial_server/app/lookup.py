"""Look-ups that raise when the record does not exist."""

from localdial_server.app.ports.store import Reader
from localdial_server.domain.errors import NumberNotFound, OrganizationNotFound, UserNotFound
from localdial_server.domain.model import Number, Organization, User


def require_organization(reader: Reader, organization_id: str) -> Organization:
    """Return the organization. Raises `OrganizationNotFound`."""
    organization = reader.organization(organization_id)
    if organization is None:
        raise OrganizationNotFound(organization_id)
    return organization


def require_user(reader: Reader, organization_id: str, user_id: str) -> User:
    """Return the user. Raises `OrganizationNotFound` or `UserNotFound`."""
    require_organization(reader, organization_id)
    user = reader.user(organization_id, user_id)
    if user is None:
        raise UserNotFound(organization_id, user_id)
    return user


def require_number(reader: Reader, organization_id: str, phone_number: str) -> Number:
    """Return the number. Raises `OrganizationNotFound` or `NumberNotFound`."""
    require_organization(reader, organization_id)
    number = reader.number(organization_id, phone_number)
    if number is None:
        raise NumberNotFound(phone_number)
    return number
