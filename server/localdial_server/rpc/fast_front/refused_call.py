"""A call that ends with an error of the front itself, before or beside its handler."""

from collections.abc import Sequence

import grpc


class RefusedCall(Exception):
    """The call cannot be served."""

    def __init__(
        self, code: grpc.StatusCode, message: str, headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        """`headers` are sent in addition."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.headers = headers


class NotGrpc(Exception):
    """The request is no call of gRPC."""
