"""Client of localdial, the local presence service, for threads (`Client`) and for asyncio (`AsyncClient`).

Requests and responses are the messages of `localdial.v1`. This package adds what phone calls need: a deadline
on every call, retries where they are safe, and exceptions that carry the reason of an error.
"""

from localdial_client._ids import with_ids
from localdial_client._method import AsyncMethod, Method
from localdial_client._version import __version__
from localdial_client.client import AsyncClient, Client
from localdial_client.errors import (
    AlreadyExists,
    Cancelled,
    DeadlineExceeded,
    FailedPrecondition,
    FieldViolation,
    Internal,
    InvalidArgument,
    LocaldialError,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
    Unimplemented,
    from_status,
)
from localdial_client.paging import async_pages, pages

__all__ = [
    "AlreadyExists",
    "AsyncClient",
    "AsyncMethod",
    "Cancelled",
    "Client",
    "DeadlineExceeded",
    "FailedPrecondition",
    "FieldViolation",
    "Internal",
    "InvalidArgument",
    "LocaldialError",
    "Method",
    "NotFound",
    "PermissionDenied",
    "ResourceExhausted",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "__version__",
    "async_pages",
    "from_status",
    "pages",
    "with_ids",
]
