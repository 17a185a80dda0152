"""The number index port: what is known of called numbers while the database is away."""

from typing import NamedTuple, Protocol


class CalledNumber(NamedTuple):
    """The organization that a called number belongs to, and that organization's number in E.164."""

    organization_id: str
    organization_number: str


class NumberIndex(Protocol):
    """The called numbers of all organizations that have an organization number, in memory."""

    def find(self, phone_number: str) -> CalledNumber | None:
        """Return what is known of the number, without waiting; None if it is not in the index.

        The index follows the database with a short delay, and lacks what was committed since the
        database was last reached.
        """
