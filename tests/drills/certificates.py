"""Replace the certificate of a server under load, and show that no call fails.

Clients that retry nothing resolve caller IDs: some over the connections that they keep, some over a new
connection for each call. The same load runs three times: without TLS, with TLS, and with TLS while the
certificate is replaced again and again, every fourth time by one that cannot be used.
"""

import asyncio
import dataclasses
import itertools
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest, SetUserRequest, User
from localdial_client import AsyncClient, LocaldialError
from localdial_server.runtime.serve import loop_factory
from tests.drills.arguments import argument_parser
from tests.drills.open_loop import LATENCIES_HEAD, latencies
from tests.drills.rounds import print_machine
from tests.functional.server_process import ServerProcess
from tests.support.certificates import Authority, Identity

_RESOLVE = ResolveOutboundCallerIdRequest(organization_id="acme", user_id="ann", callee_number="+14155550123")
_BAD_EVERY = 4


@dataclass(frozen=True)
class Plan:
    """How many clients call, for how long, and how often the certificate is replaced."""

    kept: int
    new: int
    seconds: float
    pause: float
    """Seconds between two certificates."""


@dataclass
class Results:
    """The seconds of each call, and what went wrong."""

    kept: list[float] = field(default_factory=list)
    new: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    written: int = 0
    used: int = 0
    bad: int = 0


class Drill:
    """A server, with or without TLS, and the load on it."""

    def __init__(self, folder: Path, plan: Plan, *, tls: bool) -> None:
        self._plan = plan
        self._authority = Authority(folder, "authority")
        self._identity: Identity | None = self._authority.issue("127.0.0.1") if tls else None
        self._server = ServerProcess(folder, **_settings(self._identity))

    async def run(self, *, replace: bool) -> Results:
        """Run the load; with `replace`, replace the certificate meanwhile."""
        results = Results()
        with self._server:
            await self._set_up()
            end = time.monotonic() + self._plan.seconds
            async with asyncio.TaskGroup() as tasks:
                for _ in range(self._plan.kept):
                    tasks.create_task(self._keep_calling(end, results))
                for _ in range(self._plan.new):
                    tasks.create_task(self._connect_anew(end, results))
                if replace:
                    tasks.create_task(self._replace(end, results))
        logged = [event["event"] for event in self._server.logged()]
        results.used = logged.count("using a new certificate")
        assert not replace or results.used > results.written / 2, logged
        return results

    @asynccontextmanager
    async def _client(self, *, retries: bool = False) -> AsyncIterator[AsyncClient]:
        root = self._authority.certificate.read_bytes() if self._identity else None
        options = (("grpc.enable_retries", int(retries)),)
        async with AsyncClient(self._server.address, root_certificate=root, options=options) as client:
            yield client

    async def _set_up(self) -> None:
        async with self._client(retries=True) as client:
            acme = Organization(organization_id="acme", organization_number="+13125550150")
            await client.directory.set_organization(SetOrganizationRequest(organization=acme))
            ann = User(organization_id="acme", user_id="ann", work_phone="+13125550160")
            await client.directory.set_user(SetUserRequest(user=ann))

    async def _keep_calling(self, end: float, results: Results) -> None:
        async with self._client() as client:
            while time.monotonic() < end:
                await _call(client, results.kept, results.failures)

    async def _connect_anew(self, end: float, results: Results) -> None:
        while time.monotonic() < end:
            async with self._client() as client:
                await _call(client, results.new, results.failures)

    async def _replace(self, end: float, results: Results) -> None:
        assert self._identity is not None
        for number in itertools.count(1):
            await asyncio.sleep(self._plan.pause)
            if time.monotonic() >= end:
                return
            if number % _BAD_EVERY == 0:
                self._identity.certificate.write_text("not a certificate", encoding="ascii")
                results.bad += 1
            else:
                self._authority.issue("127.0.0.1")
                results.written += 1
            # Without the signal, the server would notice within two seconds.
            if number % 2:
                self._server.signal(signal.SIGHUP)


async def _call(client: AsyncClient, seconds: list[float], failures: list[str]) -> None:
    begun = time.perf_counter()
    try:
        await client.call_routing.resolve_outbound_caller_id(_RESOLVE)
    except LocaldialError as error:
        failures.append(str(error))
    else:
        seconds.append(time.perf_counter() - begun)


def _settings(identity: Identity | None) -> dict[str, str]:
    if identity is None:
        return {}
    return {
        "LOCALDIAL_TLS_CERTIFICATE": str(identity.certificate),
        "LOCALDIAL_TLS_KEY": str(identity.key),
    }


def main() -> int:
    """Run the drill, and return its exit code."""
    parser = argument_parser(__doc__)
    parser.add_argument("--kept", type=int, default=4, help="clients that keep their connection")
    parser.add_argument("--new", type=int, default=2, help="clients that connect anew for each call")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long each load runs")
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between two certificates")
    plan = Plan(**vars(parser.parse_args()))
    print_machine()
    print(", ".join(f"{name} {value:g}" for name, value in dataclasses.asdict(plan).items()))
    print(f"{'':<28}{'connection':<12}{'calls':>9}{LATENCIES_HEAD}")
    failed = 0
    for name, tls, replace in (
        ("without TLS", False, False),
        ("TLS", True, False),
        ("TLS, certificates replaced", True, True),
    ):
        with tempfile.TemporaryDirectory(prefix="localdial-certificates-") as folder:
            drill = Drill(Path(folder), plan, tls=tls)
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                results = runner.run(drill.run(replace=replace))
        failed += len(results.failures)
        for kind, seconds in (("kept", results.kept), ("new", results.new)):
            print(f"{name:<28}{kind:<12}{len(seconds):>9,}{latencies(seconds)}")
        if replace:
            print(
                f"{results.written} new certificates were written, {results.used} of them were read in time; "
                f"{results.bad} others cannot be used"
            )
        for failure in sorted(set(results.failures))[:5]:
            print(f"  {failure}")
    print(f"{failed} calls failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
