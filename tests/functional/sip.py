"""A real Kamailio with the configuration of the docs, and sipp as the phones on both sides of it."""

import contextlib
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.functional.command_page import ROOT
from tests.support.waiting import wait_until

# Debian installs it in a folder that only root's PATH contains.
KAMAILIO: Final = shutil.which("kamailio", path="/usr/sbin:/usr/local/sbin:/usr/bin")
SIPP: Final = shutil.which("sipp")
# Debian's packages. The modules for HTTP and JSON have their own.
PACKAGES: Final = "kamailio kamailio-utils-modules kamailio-json-modules sip-tester"
_MODULES: Final = Path("/usr/lib").glob("*/kamailio/modules/*.so")
IS_INSTALLED: Final = (
    KAMAILIO is not None and SIPP is not None and {"http_client", "json"} <= {each.stem for each in _MODULES}
)
CONFIGURATION: Final = ROOT / "docs/pbx/kamailio.cfg"

_SCENARIOS: Final = Path(__file__).with_name("sipp")
_SECONDS: Final = 30.0

# Kamailio knows the dialer by its address.
DIALER: Final = "127.0.0.2"
BORROWER: Final = "127.0.0.3"


class Phone:
    """A sipp that plays a phone, and what it received."""

    def __init__(self, folder: Path, name: str, scenario: str = "phone") -> None:
        """`scenario`: `phone` answers, `busy` refuses."""
        self._scenario = _SCENARIOS / f"{scenario}.xml"
        self.address = f"127.0.0.1:{free_port()}"
        self._messages = folder / f"{name}.log"

    @contextlib.contextmanager
    def running(self) -> Iterator["Phone"]:
        """Accept calls while the context is entered."""
        assert SIPP is not None
        host, port = self.address.split(":")
        command: list[str | Path] = [SIPP, "-sf", self._scenario, "-i", host, "-p", port, "-nostdin"]
        # A fallback call has the Call-ID of the one before it.
        command += ["-deadcall_wait", "0"]
        traced: list[str | Path] = [*command, "-trace_msg", "-message_file", self._messages]
        with subprocess.Popen(traced, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                _wait_for_port(int(port))
                yield self
            finally:
                process.kill()

    def invites(self) -> list[str]:
        """Return the INVITEs that it received, in order."""
        text = self._messages.read_text("utf-8", "replace").replace("\r\n", "\n")
        return re.findall(r"^INVITE sip:.*?\n\n", text, re.MULTILINE | re.DOTALL)


@contextlib.contextmanager
def kamailio(folder: Path, **defines: str) -> Iterator[str]:
    """Run the configuration of the docs with these values of its settings; yield its address."""
    assert KAMAILIO is not None
    port = free_port()
    listen = f"udp:127.0.0.1:{port}"
    defined = [f'-A{name}="{value}"' for name, value in defines.items()]
    command: list[str | Path] = [
        KAMAILIO,
        "-DD",
        "-E",
        "-f",
        CONFIGURATION,
        "-l",
        listen,
        "-Y",
        folder,
        "-m",
        "32",
        *defined,
    ]
    with (
        (folder / "kamailio.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as run,
    ):
        try:
            _wait_for_port(port)
            yield f"127.0.0.1:{port}"
        finally:
            run.terminate()
            run.wait(_SECONDS)


def call(proxy: str, sender: str, number: str, caller: str, header: str = "X-Test: none") -> int:
    """Call a number through the proxy; return 0 if the call was answered and ended."""
    assert SIPP is not None
    command: list[str | Path] = [SIPP, proxy, "-sf", _SCENARIOS / "caller.xml", "-i", sender]
    command += ["-p", str(free_port()), "-s", number, "-key", "from", caller, "-key", "header", header]
    done = subprocess.run(
        [*command, "-m", "1", "-nostdin", "-timeout", "25", "-timeout_error"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode


def free_port() -> int:
    """Return a port that no program receives datagrams on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait_for_port(port: int) -> None:
    """Wait until a program receives datagrams on the port of loopback."""
    listening = f"0100007F:{port:04X}"
    wait_until(lambda: listening in Path("/proc/net/udp").read_text("ascii"))
