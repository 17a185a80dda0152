"""Which calls are let in: the limits that hold ahead of all work."""

from localdial_server.domain.errors import Reason, ServiceError


class Overloaded(ServiceError, reason=Reason.OVERLOADED):
    """The server has more calls than it can serve, or the caller sends more than its share."""

    def __init__(self, retry_after: float) -> None:
        """`retry_after`: seconds until a repeat may be let in."""
        super().__init__("the server is overloaded, and nothing was done; try again after the delay")
        self.retry_after = retry_after
