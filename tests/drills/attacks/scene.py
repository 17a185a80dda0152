"""A scene of the drill `attack`: an attack, the client beside it, and what must hold.

To add one, write a function that attacks, and a row in the table of scenes in `attack.py`.
"""

import collections
import multiprocessing
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tests.drills.attacks.client import BesideClient, Served, Victim
from tests.drills.attacks.server import CANARY_NUMBER, ServerUnderTest, Use, Watch

# After an attack, files and connections are given back within this time.
GIVEN_BACK_SECONDS = 10.0

# Files of the database that the server opens when it needs them.
_OWN_FILES = 10

# Memory that the server keeps for its next calls; it does not grow with further ones.
_OWN_MB = 60

LOG_BYTES_PER_SECOND = 10_000

# What no text for callers may contain: parts of our code or of SQL, and another organization's number.
_LEAK = re.compile(
    r"Traceback|File \"|\.py\b|localdial_server|site-packages|sqlite|psycopg|sqlalchemy|SELECT |INSERT "
    r"|\bUPDATE |<class|object at 0x|/(home|tmp|usr|opt|var)/|" + re.escape(CANARY_NUMBER),
    re.IGNORECASE,
)
_MOST_TEXTS = 10_000


@dataclass
class Report:
    """What an attack did, and what the server answered: counts by name, and the texts of refusals."""

    sent: int = 0
    statuses: collections.Counter[str] = field(default_factory=collections.Counter)
    texts: set[str] = field(default_factory=set)
    slowest: float = 0.0
    """The longest time that one call took, in seconds."""

    def add(self, status: str, text: str = "", seconds: float = 0.0) -> None:
        """Count one answer."""
        self.sent += 1
        self.statuses[status] += 1
        self.slowest = max(self.slowest, seconds)
        if len(self.texts) < _MOST_TEXTS:
            self.texts.add(text)

    def merge(self, other: "Report") -> None:
        """Add what another process did."""
        self.sent += other.sent
        self.statuses += other.statuses
        self.texts |= other.texts
        self.slowest = max(self.slowest, other.slowest)


def leaks(report: Report) -> Sequence[str]:
    """Return the texts for callers that contain something internal."""
    return sorted(text for text in report.texts if _LEAK.search(text))


Attack = Callable[[str, float, int], Report]
"""Attacks the server at an address for so many seconds, as the process with this number."""


@dataclass(frozen=True)
class Result:
    """All figures of a scene."""

    alone: Served
    beside: Served
    report: Report
    use: Use
    is_alive: bool

    @property
    def rate_kept(self) -> float:
        """The client's rate beside the attack, relative to its rate alone."""
        return self.beside.rate / self.alone.rate if self.alone.rate else 0.0

    @property
    def log_bytes_per_second(self) -> float:
        """How fast the log grew."""
        return self.use.log_bytes / self.use.seconds

    @property
    def internal(self) -> int:
        """How many calls were answered INTERNAL or UNKNOWN."""
        return self.report.statuses["INTERNAL"] + self.report.statuses["UNKNOWN"]


Target = tuple[str, Callable[[Result], bool]]
"""What must hold: its name and the check."""

EVERYWHERE: Sequence[Target] = (
    ("the server lives", lambda result: result.is_alive),
    ("the server accepts connections", lambda result: not result.report.statuses["ConnectionRefusedError"]),
    ("0 INTERNAL or UNKNOWN", lambda result: not result.internal),
    ("0 leaked texts", lambda result: not leaks(result.report)),
    (
        f"log grows less than {LOG_BYTES_PER_SECOND / 1000:.0f} KB/s",
        lambda result: result.log_bytes_per_second < LOG_BYTES_PER_SECOND,
    ),
    (
        f"files given back in {GIVEN_BACK_SECONDS:.0f} s",
        lambda result: result.use.files_after <= result.use.files_before + _OWN_FILES,
    ),
)


def answered(share: float) -> Target:
    """The client beside gets this share of its calls answered."""
    return f"{share:.1%} answered", lambda result: result.beside.share >= share


def p99_below(milliseconds: float) -> Target:
    """The client beside waits less than this, except for one call in a hundred."""
    return f"p99 < {milliseconds:g} ms", lambda result: result.beside.milliseconds(99) < milliseconds


def rate_kept(share: float) -> Target:
    """The client beside keeps this share of its rate."""
    return f"{share:.0%} of its rate", lambda result: result.rate_kept >= share


def memory_below(megabytes: float) -> Sequence[Target]:
    """The server's memory grows by less than this, and is given back."""
    return (
        (
            f"memory grows less than {megabytes:g} MB",
            lambda result: result.use.mb_most - result.use.mb_before < megabytes,
        ),
        (
            f"memory given back in {GIVEN_BACK_SECONDS:.0f} s",
            lambda result: result.use.mb_after - result.use.mb_before < _OWN_MB,
        ),
    )


@dataclass(frozen=True)
class Scene:
    """An attack by some processes, a client beside it, and the targets besides those that hold everywhere."""

    attack: Attack
    targets: Sequence[Target] = ()
    attackers: int = 1
    client: type[BesideClient] = Victim
    settings: Mapping[str, str] = field(default_factory=dict)

    def run(self, seconds: float) -> Result:
        """Run the scene against a server of its own."""
        with ServerUnderTest(**self.settings) as server:
            client = self.client(server.address)
            try:
                return self._run(server, client, seconds)
            finally:
                client.close()

    def _run(self, server: ServerUnderTest, client: BesideClient, seconds: float) -> Result:
        alone = client.measure(seconds / 2)
        watch = Watch(server)
        report = Report()
        # Attackers have processes of their own: Python's lock would make the client wait for them.
        with ProcessPoolExecutor(self.attackers, multiprocessing.get_context("spawn")) as pool:
            # The processes have started when they have done this.
            list(pool.map(_started, range(self.attackers)))
            with watch as use, client.calling() as beside:
                attacks = [
                    pool.submit(self.attack, server.address, seconds, number)
                    for number in range(self.attackers)
                ]
                for attack in attacks:
                    report.merge(attack.result())
        is_alive = server.is_alive()
        deadline = time.monotonic() + GIVEN_BACK_SECONDS
        while is_alive and time.monotonic() < deadline:
            use.files_after = server.open_files()
            use.mb_after = server.resident_mb()
            if use.files_after <= use.files_before + _OWN_FILES and use.mb_after < use.mb_before + _OWN_MB:
                break
            time.sleep(0.1)
        return Result(alone, beside, report, use, is_alive)


def _started(_number: int) -> None:
    time.sleep(0.5)


HEAD = (
    f"{'scene':22}{'sent':>10}{'alone/s':>9}{'p99 ms':>8}{'beside/s':>9}{'kept':>6}{'answered':>9}"
    f"{'p50 ms':>8}{'p99 ms':>8}{'RSS MB':>12}{'files':>13}{'log B/s':>9}{'INT':>5}{'leaks':>6}"
)


def row(name: str, result: Result) -> str:
    """Return the scene's line of the table."""
    beside, use = result.beside, result.use
    return (
        f"{name:22}{result.report.sent:>10,}{result.alone.rate:>9,.0f}"
        f"{result.alone.milliseconds(99):>8,.1f}{beside.rate:>9,.0f}"
        f"{result.rate_kept:>6.0%}{beside.share:>9.1%}{beside.milliseconds(50):>8,.1f}"
        f"{beside.milliseconds(99):>8,.1f}"
        f"{f'{use.mb_before:.0f}-{use.mb_most:.0f}-{use.mb_after:.0f}':>12}"
        f"{f'{use.files_before}-{use.files_most}-{use.files_after}':>13}"
        f"{result.log_bytes_per_second:>9,.0f}{result.internal:>5}{len(leaks(result.report)):>6}"
    )


def missed(scene: Scene, result: Result) -> Sequence[str]:
    """Return the names of the targets that do not hold."""
    return [name for name, holds in (*EVERYWHERE, *scene.targets) if not holds(result)]


def notes(result: Result) -> Mapping[str, Any]:
    """Return what does not fit the table: statuses and leaked texts, where there are any."""
    found = {
        "client's failures": dict(result.beside.failed),
        "answers to the attack": dict(result.report.statuses.most_common(8)),
        "leaks": leaks(result.report)[:5],
    }
    return {name: value for name, value in found.items() if value}
