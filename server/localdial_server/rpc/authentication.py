"""Who calls: from the credentials of a call to its principal."""

from typing import Protocol

from localdial_server.domain.errors import Reason, ServiceError
from localdial_server.domain.principals import Principal
from localdial_server.rpc.call_context import CallContext


class Unauthenticated(ServiceError, reason=Reason.UNAUTHENTICATED):
    """The call has no credential that the server accepts. It is not said which part was wrong."""

    def __init__(self) -> None:
        super().__init__(
            "the call has no valid credential; send an API key or a token in the metadata, as "
            "authorization: Bearer ..., or connect with a client certificate"
        )


class Authenticator(Protocol):
    """Finds the principal of a call."""

    async def authenticate(self, call: CallContext) -> Principal:
        """Return the principal of the call.

        Raises `Unauthenticated`, and `StorageUnavailable` if that cannot be known now.
        """
