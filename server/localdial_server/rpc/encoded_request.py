"""A request that did not arrive as protobuf's bytes."""

from typing import Protocol


class EncodedRequest(Protocol):
    """A request in another encoding, such as JSON.

    It is decoded only after its caller is authenticated, because that takes longer than all checks before.
    """

    async def decoded(self) -> bytes:
        """Return the request as protobuf's bytes. Raises `MalformedRequest`."""
