"""The API's error responses: a status, one of Twilio's error codes, and a message."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import JSONResponse

INVALID_CODE: Final = 20001
"""The code of an invalid request. Twilio does not document the code of a refused release."""


class RequestRefused(Exception):
    """The API responds with an error and does nothing."""

    def __init__(
        self, status: int, code: int, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self._status = status
        self._code = code
        self._headers = headers

    def response(self) -> JSONResponse:
        """Return the response that Twilio would send."""
        document = {
            "code": self._code,
            "message": str(self),
            "more_info": f"https://www.twilio.com/docs/errors/{self._code}",
            "status": self._status,
        }
        return JSONResponse(document, self._status, self._headers)


def not_found(path: str) -> RequestRefused:
    """Return the refusal of a request for a resource that does not exist."""
    return RequestRefused(404, 20404, f"The requested resource {path} was not found")


def wrong_credentials() -> RequestRefused:
    """Return the refusal of a request without valid credentials."""
    return RequestRefused(401, 20003, "Authenticate")
