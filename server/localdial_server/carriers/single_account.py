"""A carrier with one account, which every organization buys in."""

from collections.abc import Sequence

from localdial_server.app.ports.carrier import Carrier


class SingleAccount:
    """``Carriers`` of one account."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    @property
    def name(self) -> str:
        """Answer the carrier's name."""
        return self._carrier.name

    def for_organization(self, _organization_id: str) -> Carrier:
        """Answer the account."""
        return self._carrier

    def by_account(self, account: str) -> Carrier | None:
        """Answer the account if it is meant."""
        return self._carrier if account == self._carrier.account else None

    def all(self) -> Sequence[Carrier]:
        """Answer the account."""
        return (self._carrier,)
