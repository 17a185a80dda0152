"""Check what Python does not: that a request is of the type of its method."""

from google.protobuf.message import Message


def require_type(request: object, request_type: type[Message]) -> None:
    """Raise TypeError for a request of another type, which gRPC would send as its bytes."""
    if not isinstance(request, request_type):
        given = "None" if request is None else type(request).__name__
        raise TypeError(f"the request must be of the type {request_type.__name__}, not {given}")
