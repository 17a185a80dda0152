"""Who calls: from the credentials of a call to its principal."""

from typing import Any, Protocol

from localdial_server.domain.errors import Reason, ServiceError
from localdial_server.domain.principals import Principal


class Unauthenticated(ServiceError, reason=Reason.UNAUTHENTICATED):
    """The call has no credential that the server accepts. It is not said which part was wrong."""

    def __init__(self) -> None:
        super().__init__(
            "the call has no valid credential; send an API key or a token in the metadata, as "
            "authorization: Bearer ..., or connect with a client certificate"
        )


class Authenticator(Protocol):
    """Finds the principal of a call."""

    async def authenticate(self, call: Any) -> Principal:
        """Return the principal of the call, which is a `grpc.aio.ServicerContext`.

        Raises `Unauthenticated`, and `StorageUnavailable` if that cannot be known now.
        """
