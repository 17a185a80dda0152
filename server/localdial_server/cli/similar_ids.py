"""Warnings of new ids that differ from existing ones only by upper and lower case."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from localdial.v1.directory_pb2 import (
    GetOrganizationRequest,
    GetUserRequest,
    ListOrganizationsRequest,
    ListUsersRequest,
)
from localdial_client import NotFound, pages
from localdial_server.cli.command import PAGE_SIZE, Session
from localdial_server.cli.output import counted

# More pairs than this in one file are the same mistake.
_MOST_SHOWN: Final = 10


def warn_of_similar_organization(session: Session, organization: str) -> None:
    """Warn if the organization is new and differs from another one only by case."""
    directory = session.client.directory
    try:
        directory.get_organization(GetOrganizationRequest(organization_id=organization))
    except NotFound:
        request = ListOrganizationsRequest(page_size=PAGE_SIZE)
        listed = pages(directory.list_organizations, request)
        known = [each.organization_id for page in listed for each in page.organizations]
        _warn(session, "organization", [organization], known)


def warn_of_similar_user(session: Session, organization: str, user: str) -> None:
    """Warn if the user is new and differs from another one of the organization only by case."""
    try:
        session.client.directory.get_user(GetUserRequest(organization_id=organization, user_id=user))
    except NotFound as error:
        # Without the organization the command fails anyway, with a better message.
        if error.reason == "USER_NOT_FOUND":
            warn_of_similar_users(session, [user], users_of(session, organization))


def warn_of_similar_users(session: Session, user_ids: Iterable[str], known: Iterable[str]) -> None:
    """Warn of each new user that differs from a known one, or from another new one, only by case."""
    _warn(session, "user", user_ids, known)


def users_of(session: Session, organization: str) -> list[str]:
    """Return the ids of all users of the organization, in order."""
    request = ListUsersRequest(organization_id=organization, page_size=PAGE_SIZE)
    return [
        user.user_id for page in pages(session.client.directory.list_users, request) for user in page.users
    ]


def _warn(session: Session, noun: str, ids: Iterable[str], known: Iterable[str]) -> None:
    by_lower_case = defaultdict(list)
    existing = set(known)
    for one in sorted(existing):
        by_lower_case[one.lower()].append(one)
    pairs = []
    for new in sorted(set(ids) - existing):
        alike = by_lower_case[new.lower()]
        if alike:
            pairs.append((new, alike[0]))
        alike.append(new)
    for new, other in pairs[:_MOST_SHOWN]:
        session.out.warn_beforehand(
            f"the {noun} {new} is not {other}: ids are told apart by upper and lower case"
        )
    if len(pairs) > _MOST_SHOWN:
        session.out.warn_beforehand(f"and {counted(len(pairs) - _MOST_SHOWN, 'more such id')}")
