"""The calls of the voice webhook that runs in the server's own process."""

from typing import Final

from typing_extensions import override

from localdial_server.domain.principals import Principal, Role
from localdial_server.rpc.authentication import Authenticator
from localdial_server.rpc.call_context import CallContext

OWN_WEBHOOK: Final = Principal("own webhook", Role.GATEWAY)


class WithOwnWebhook(Authenticator):
    """Knows the server's own webhook, and leaves all other calls to another authenticator.

    Calls on a Unix socket are the webhook's: the only one is in a folder that no other user can open
    (`runtime.ports.own_socket`).
    """

    def __init__(self, others: Authenticator) -> None:
        self._others = others

    @override
    async def authenticate(self, call: CallContext) -> Principal:
        if call.peer().startswith("unix:"):
            return OWN_WEBHOOK
        return await self._others.authenticate(call)
