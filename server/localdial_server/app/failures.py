"""Errors that are part of an answer instead of being raised."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from localdial_server.domain.errors import Reason, ServiceError


@dataclass(frozen=True, slots=True)
class PublicError:
    """The public part of an error, as plain values that can be stored.

    `retry_after` is as in `ServiceError`: seconds, infinite for never, or None for the usual delay.
    """

    reason: Reason
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    retry_after: float | None = None

    @classmethod
    def of(cls, error: ServiceError) -> Self:
        """Return the public part of the error, for the caller."""
        return cls(error.reason, error.message, dict(error.metadata), error.retry_after)

    @classmethod
    def to_store(cls, error: ServiceError) -> Self:
        """Return the public part of the error, for repeats: without the delay, which will have passed."""
        return cls(error.reason, error.lasting_message or error.message, dict(error.metadata))


@dataclass(frozen=True, slots=True)
class NumberFailure:
    """A number for which a request could not be carried out, and why."""

    phone_number: str
    error: PublicError
