"""How many connections a server accepts."""

import logging

import pytest

from localdial_server.runtime.connections import connection_limit


@pytest.mark.parametrize(
    ("wanted", "files", "limit"),
    [(0, 65_536, 1_000), (0, 1_024, 924), (0, 50, 1), (5_000, 65_536, 5_000), (5_000, 1_024, 924)],
)
def test_the_limit_leaves_files_for_the_server_itself(wanted: int, files: int, limit: int) -> None:
    assert connection_limit(wanted, files) == limit


def test_a_limit_that_the_files_do_not_allow_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    connection_limit(5_000, 1_024)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "LOCALDIAL_MAX_CONNECTIONS" in record.getMessage()
