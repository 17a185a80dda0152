"""`Carriers` of one account, in which every organization buys."""

from collections.abc import Sequence

from typing_extensions import override

from localdial_server.app.ports.carrier import Carrier, Carriers


class SingleAccount(Carriers):
    """One carrier account for all organizations."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    @property
    @override
    def name(self) -> str:
        return self._carrier.name

    @override
    def for_organization(self, organization_id: str) -> Carrier:
        return self._carrier

    @override
    def is_shared(self, organization_id: str) -> bool:
        return True

    @override
    def by_account(self, account: str) -> Carrier | None:
        return self._carrier if account == self._carrier.account else None

    @override
    def all(self) -> Sequence[Carrier]:
        return (self._carrier,)
