"""The API's error responses: a status, one of Twilio's error codes, and a message."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """A response to a request that failed."""

    status: int
    code: int
    message: str
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, object]:
        """Return the JSON document that Twilio sends."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


class RequestRefused(Exception):
    """The API responds with an error, and has done nothing."""

    def __init__(self, response: ErrorResponse) -> None:
        super().__init__(response.message)
        self.response = response


def refused(status: int, code: int, message: str) -> RequestRefused:
    """Return the refusal of a request."""
    return RequestRefused(ErrorResponse(status, code, message))


def not_found(path: str) -> RequestRefused:
    """Return the refusal of a request for a resource that does not exist."""
    return refused(404, 20404, f"The requested resource {path} was not found")


def wrong_credentials() -> RequestRefused:
    """Return the refusal of a request without valid credentials."""
    return refused(401, 20003, "Authenticate")
