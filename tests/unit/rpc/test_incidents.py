"""Failures of our own code, named in the response and in the log."""

import logging

import pytest

from localdial_server.rpc.incidents import Incidents


def test_every_incident_that_a_caller_is_told_of_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    incidents = Incidents(logging.getLogger("test"))
    told = {
        incidents.record(method, error).metadata["incident_id"]
        for method in ("one", "two")
        for error in (ValueError("a"), ValueError("b"), OSError("c"))
        for _ in range(100)
    }
    logged = [record.incident_id for record in caplog.records]  # type: ignore[attr-defined]
    assert (len(logged), set(logged)) == (4, told)
