"""The doctor's findings on an account."""

from typing import cast

import pytest

from localdial_server.admin.doctor_finding import State
from localdial_server.admin.doctor_twilio import _status
from localdial_server.carriers.twilio.adapter import TwilioCarrier


class _Account:
    """An account with this status and type."""

    account = "AC1"

    def __init__(self, status: str, kind: str) -> None:
        self._answer = status, kind

    async def look(self, _look: object) -> tuple[str, str]:
        return self._answer


@pytest.mark.parametrize(
    ("status", "state", "text"),
    [
        ("active", State.OK, "is active"),
        ("suspended", State.PROBLEM, "is suspended: "),
        ("", State.WARNING, "its status is unknown: "),
    ],
)
async def test_the_status_of_the_account_is_reported(status: str, state: State, text: str) -> None:
    finding = await _status(cast("TwilioCarrier", _Account(status, "Full")))
    assert finding.state is state
    assert finding.text.startswith(text)
