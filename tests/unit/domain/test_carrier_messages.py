"""The messages of errors after which the carrier did nothing."""

import pytest

from localdial_server.app.failures import PublicError
from localdial_server.domain.errors import CarrierNotAvailable, CarrierUnconfirmed

NOTHING = "the carrier is not available; nothing was bought; try again"


@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [
        (None, ""),
        (0.0, " in 1 second"),
        (1.0, " in 1 second"),
        (7.0, " in 7 seconds"),
        (7.2, " in 8 seconds"),
        (119.0, " in 119 seconds"),
        (120.0, " in 2 minutes"),
        (3600.0, " in 60 minutes"),
    ],
)
def test_the_wait_that_the_carrier_names_is_in_the_text(retry_after: float | None, wait: str) -> None:
    error = CarrierNotAvailable(retry_after)
    assert (error.message, error.retry_after) == (NOTHING + wait, retry_after)


@pytest.mark.parametrize(("retry_after", "wait"), [(None, ""), (7.0, " in 7 seconds")])
def test_a_change_without_an_answer_is_not_said_to_be_undone(retry_after: float | None, wait: str) -> None:
    assert CarrierUnconfirmed(retry_after).message == (
        f"the carrier did not confirm the change; nothing was bought; try again{wait}"
    )


def test_a_stored_error_says_nothing_that_passes() -> None:
    stored = PublicError.to_store(CarrierNotAvailable(7.0))
    assert (stored.message, stored.retry_after) == ("the carrier is not available; try again", None)
