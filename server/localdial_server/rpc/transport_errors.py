"""Errors of the gRPC layer itself: no use case raises them."""

from localdial_server.domain.errors import Reason, ServiceError


class MalformedRequest(ServiceError):
    """The bytes are not a message of the request's type."""

    reason = Reason.MALFORMED_REQUEST


class RequestTooLarge(ServiceError):
    """The request is larger than the server accepts."""

    reason = Reason.REQUEST_TOO_LARGE


class ShuttingDown(ServiceError):
    """The server is stopping."""

    reason = Reason.SHUTTING_DOWN

    def __init__(self) -> None:
        super().__init__("the server is stopping; repeat the call")


class InternalError(ServiceError):
    """An error in our own code. `incident_id` finds its cause in the log."""

    reason = Reason.INTERNAL

    def __init__(self, incident_id: str) -> None:
        super().__init__(
            f"internal error; the server's log has incident {incident_id}", incident_id=incident_id
        )
