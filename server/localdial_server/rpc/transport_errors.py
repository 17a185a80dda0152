"""Errors of the gRPC layer itself: no use case raises them."""

from localdial_server.domain.errors import Reason, ServiceError


class MalformedRequest(ServiceError, reason=Reason.MALFORMED_REQUEST):
    """The bytes are not a message of the request's type."""


class RequestTooLarge(ServiceError, reason=Reason.REQUEST_TOO_LARGE):
    """The request is larger than the server accepts."""


class ShuttingDown(ServiceError, reason=Reason.SHUTTING_DOWN):
    """The server is stopping."""

    def __init__(self) -> None:
        super().__init__("the server is stopping; repeat the call")


class InternalError(ServiceError, reason=Reason.INTERNAL):
    """An error in our own code. `incident_id` finds its cause in the log."""

    def __init__(self, incident_id: str) -> None:
        super().__init__(
            f"internal error; the server's log has incident {incident_id}", incident_id=incident_id
        )
