"""The number index port: the owners of called numbers, in memory for when the database is down."""

from typing import NamedTuple, Protocol


class CalledNumber(NamedTuple):
    """The organization that a called number belongs to, and that organization's number in E.164."""

    organization_id: str
    organization_number: str


class NumberIndex(Protocol):
    """The numbers of all organizations, in memory: those that they own, and their users' caller IDs."""

    def find(self, phone_number: str) -> CalledNumber | None:
        """Return the organization that the number identifies, without waiting; None if it identifies none.

        It is the owner's, or else that of the users with this caller ID, if they are of one organization.
        None too if that organization has no organization number.

        The index follows the database with a short delay. It lacks the changes since the database was
        last reached.
        """
