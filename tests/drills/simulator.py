"""The simulated carrier of the drills, and how a server is told to buy there."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from typing import Any, Self

from tests.functional.server_process import environment_with

_ACCOUNT = "AC" + "5" * 32
_TOKEN = "drill"


class SimulatorProcess:
    """``localdial simulator serve``: the carrier, in a process that is not killed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [
                sys.executable,
                *("-m", "localdial_server", "simulator", "serve", "--json", "--listen", "127.0.0.1:0"),
                *("--account", f"{_ACCOUNT}:{_TOKEN}", "--balance", "1000000"),
            ],
            env=environment_with(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        self.url: str = json.loads(self._process.stdout.readline())["url"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process as process:
            process.terminate()

    def tell(self, path: str, what: Mapping[str, Any]) -> None:
        """Tell it how to behave."""
        request = urllib.request.Request(
            f"{self.url}/simulator/{path}",
            json.dumps(what).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()

    def forget_faults(self) -> None:
        """Let every request go well from now on."""
        request = urllib.request.Request(f"{self.url}/simulator/faults", method="DELETE")
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()

    def ask(self, path: str) -> Any:
        """Ask what has happened."""
        with urllib.request.urlopen(f"{self.url}/simulator/{path}", timeout=30) as answer:
            return json.load(answer)


def twilio_settings(url: str) -> Mapping[str, str]:
    """Answer the settings of a server that buys there."""
    return {
        "LOCALDIAL_CARRIER": "twilio",
        "LOCALDIAL_TWILIO_ACCOUNT_SID": _ACCOUNT,
        "LOCALDIAL_TWILIO_AUTH_TOKEN": _TOKEN,
        "LOCALDIAL_TWILIO_BASE_URL": url,
    }
