"""The number index port: the owners of called numbers, in memory for when the database is down."""

from typing import NamedTuple, Protocol


class CalledNumber(NamedTuple):
    """The organization that a called number belongs to, and that organization's number in E.164."""

    organization_id: str
    organization_number: str


class NumberIndex(Protocol):
    """The called numbers of all organizations that have an organization number, in memory."""

    def find(self, phone_number: str) -> CalledNumber | None:
        """Return the number's organization, without waiting; None if the number is not in the index.

        The index follows the database with a short delay. It lacks the changes since the database was
        last reached.
        """
