"""`localdial simulator serve` for tests and drills, on a free port."""

import base64
import json
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from typing import Any

from typing_extensions import override

from tests.functional.server_process import environment_with
from tests.support.lifecycle import Lifecycle

ACCOUNT_SID = "AC" + "0" * 32
SUBACCOUNT_SID = "AC" + "1" * 32


class SimulatorProcess(Lifecycle):
    """The Twilio simulator in a process of its own, with these options. It can be started again."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    @override
    def close(self) -> None:
        self.kill()

    @override
    def start(self) -> None:
        """Start the process, on another port than before."""
        command = [sys.executable, "-m", "localdial_server", "simulator", "serve", "--json"]
        self._process = subprocess.Popen(
            [*command, "--listen", "127.0.0.1:0", *self._options],
            env=environment_with(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = json.loads(self._process.stdout.readline())["url"]

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a server that buys here."""
        return {
            "LOCALDIAL_CARRIER": "twilio",
            "LOCALDIAL_TWILIO_BASE_URL": self.url,
            "LOCALDIAL_TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "LOCALDIAL_TWILIO_AUTH_TOKEN": "simulator",
            "LOCALDIAL_TWILIO_VOICE_URL": "https://voice.example.com/voice",
        }

    def tell(self, path: str, document: object) -> Any:
        """Post a document to the admin API; return the response."""
        return self._request("POST", path, json.dumps(document).encode())

    def ask(self, path: str) -> Any:
        """Return a document of the admin API."""
        return self._request("GET", path)

    def change_number(self, phone_number: str, **fields: str) -> None:
        """Change a number as its owner does in Twilio's console; the fields are the API's."""
        (owned,) = (one for one in self.ask("numbers")["numbers"] if one["phone_number"] == phone_number)
        request = self._api_request(f"IncomingPhoneNumbers/{owned['sid']}.json", owned["account_sid"])
        request.data = urllib.parse.urlencode(fields).encode()
        with urllib.request.urlopen(request, timeout=30):
            pass

    def take_voice(self, phone_number: str) -> None:
        """Replace a number of the main account by one that takes no voice calls."""
        (owned,) = (one for one in self.ask("numbers")["numbers"] if one["phone_number"] == phone_number)
        request = self._api_request(f"IncomingPhoneNumbers/{owned['sid']}.json", ACCOUNT_SID)
        request.method = "DELETE"
        with urllib.request.urlopen(request, timeout=30):
            pass
        granted = {"account_sid": ACCOUNT_SID, "phone_number": phone_number, "takes_calls": False}
        self.tell("numbers", granted)

    def clear_faults(self) -> None:
        """Let every request succeed from now on."""
        self._request("DELETE", "faults")

    def kill(self) -> None:
        """End the process as a crash does."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Stop the process in good order; return its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, signal_number: int) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(signal_number)
        code = self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
        return code

    def _api_request(self, path: str, account_sid: str) -> urllib.request.Request:
        credentials = base64.b64encode(f"{ACCOUNT_SID}:simulator".encode()).decode()
        return urllib.request.Request(
            f"{self.url}/2010-04-01/Accounts/{account_sid}/{path}",
            headers={"Authorization": f"Basic {credentials}"},
        )

    def _request(self, method: str, path: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(f"{self.url}/simulator/{path}", body, method=method)
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)
