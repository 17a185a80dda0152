"""How the API says no: a status, one of Twilio's error codes, and a text."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that is no success."""

    status: int
    code: int
    message: str
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, object]:
        """Write it as Twilio does."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


class Refusal(Exception):
    """The API answers with a problem, and nothing was done."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def refusal(status: int, code: int, message: str) -> Refusal:
    """Make the refusal of a request."""
    return Refusal(Problem(status, code, message))


def not_found(path: str) -> Refusal:
    """Make the refusal of a request for what is not there."""
    return refusal(404, 20404, f"The requested resource {path} was not found")


def wrong_credentials() -> Refusal:
    """Make the refusal of a request by nobody who is known."""
    return refusal(401, 20003, "Authenticate")
