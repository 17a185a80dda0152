"""The ways in which a request to the API fails."""

from typing import Final

_NOT_FOUND: Final = 404


class RequestFailed(Exception):
    """A request did not succeed. The text is for the log and names no phone number."""


class ApiError(RequestFailed):
    """The API responded, and not with success. `code` is 0 if the response has no error code.

    `retry_after` is how many seconds the API asked us to wait, or None.
    """

    def __init__(self, status: int, code: int = 0, retry_after: float | None = None) -> None:
        super().__init__(status, code, retry_after)
        self.status = status
        self.code = code
        self.retry_after = retry_after

    def __str__(self) -> str:
        """Return the text for the log. The API's own message may name a phone number."""
        return f"the carrier answered {self.status}, error {self.code or 'without a code'}"

    @property
    def is_not_found(self) -> bool:
        """Whether the resource does not exist (any more)."""
        return self.status == _NOT_FOUND


class NotSent(RequestFailed):
    """The request did not reach the API."""


class NoResponse(RequestFailed):
    """The request was sent, and no response came that could be understood."""
