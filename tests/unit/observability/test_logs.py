"""Log lines that nobody can forge."""

import json
import subprocess
import sys
from typing import Literal

import pytest

# What an attacker sends: a line of its own, a color, Unicode's line and paragraph separators, text that runs
# backwards, DEL, and the C1 control that begins a terminal's command.
FORGED = '\n{"event": "forged"}\r\x1b[31m\u2028\u2029\u202e\x7f\x9b1m'

_LOG = """
import asyncio, logging, sys, threading, warnings

from localdial_server.observability.logs import configure_logging

log_format, forged = sys.argv[1], sys.stdin.read()
configure_logging("info", log_format)
logging.getLogger("localdial_server.web").warning("refused %s", forged, extra={"path": forged})
logging.getLogger("uvicorn.error").warning("Invalid HTTP request received. " + forged)
try:
    raise ValueError(forged)
except ValueError as error:
    logging.getLogger("asyncio").exception("Exception in callback " + forged)
    try:
        raise OSError(forged) from error
    except OSError:
        logging.getLogger("localdial_server.rpc").exception("a handler failed")


class Unraisable:
    def __del__(self):
        raise ValueError(forged)


def fail():
    raise ValueError(forged)


Unraisable()
thread = threading.Thread(target=fail)
thread.start()
thread.join()
warnings.warn(forged)


async def fail_unseen():
    asyncio.get_running_loop().call_soon(fail)
    await asyncio.sleep(0)
    await asyncio.sleep(0)


asyncio.run(fail_unseen())
"""

EVENTS = 8


def log_of(log_format: Literal["console", "json"]) -> str:
    ended = subprocess.run(
        [sys.executable, "-W", "always", "-c", _LOG, log_format],
        input=FORGED.encode(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    return ended.stderr.decode()


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_control_characters_of_callers_never_reach_the_log(log_format: Literal["console", "json"]) -> None:
    lines = log_of(log_format).split("\n")
    assert [line for line in lines if not line.isprintable()] == []


def test_a_line_of_the_console_log_cannot_be_forged() -> None:
    lines = log_of("console").rstrip("\n").split("\n")
    assert len([line for line in lines if line and not line.startswith("  ")]) == EVENTS


def test_a_line_of_the_json_log_cannot_be_forged() -> None:
    events = [json.loads(line)["event"] for line in log_of("json").splitlines()]
    assert len(events) == EVENTS
    assert "forged" not in events
