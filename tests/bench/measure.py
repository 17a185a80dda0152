"""Rounds of measurements: in each, every load is put on one subject after the other.

So drift in the machine's speed affects all alike.
"""

import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import grpc

from tests.bench.h2load import ClosedLoop, Figures, LoadError, OpenLoop, TimedLoop, run
from tests.bench.journal import Journal, Round
from tests.bench.probes import Probe
from tests.bench.servers import Server, on_cores
from tests.bench.subjects import OPEN_CALLS, Measured, Subject

SHARES_OF_PEAK = (25, 50, 75)

Load = ClosedLoop | TimedLoop | OpenLoop

_WARM_UP_SECONDS = 0.5

# For calls that may be recorded after the answer.
_RECORDED_WITHIN_SECONDS = 10.0


@dataclass(frozen=True)
class Bench:
    """Running servers, what to measure on them, and how many seconds each measurement takes."""

    servers: Mapping[str, Server]
    subjects: Sequence[Subject]
    probes: Sequence[Probe]
    seconds: float

    def closed_loop(self, journal: Journal, rounds: int, name: str = "closed loop") -> Sequence[Round]:
        """Measure subjects and probes; return the rounds, by name and number of open calls.

        `name` is the loop's in the journal.
        """
        measured: list[Measured] = [*self.subjects, *self.probes]
        return self._rounds(journal, name, rounds, [(each, each.closed_loops) for each in measured])

    def open_loop(self, journal: Journal, rounds: int, closed: Sequence[Round]) -> Sequence[Round]:
        """Measure subjects at `SHARES_OF_PEAK` of the closed loop's peak; return the rounds likewise."""
        loads = [
            (
                subject,
                {str(share): OpenLoop(peak(closed, subject) * share / 100) for share in SHARES_OF_PEAK},
            )
            for subject in self.subjects
        ]
        return self._rounds(journal, "open loop", rounds, loads)

    def _rounds(
        self,
        journal: Journal,
        loop: str,
        rounds: int,
        loads: Sequence[tuple[Measured, Mapping[str, Load]]],
    ) -> Sequence[Round]:
        done = journal.rounds(loop)
        if len(done) == rounds:
            return done
        _progress(f"{loop}, warm-up")
        measured = [
            (label, subject, load, self._calls(subject, load))
            for subject, by_label in loads
            for label, load in by_label.items()
        ]
        # Each load is put on one subject after the other.
        labels = list(dict.fromkeys(label for label, _, _, _ in measured))
        measured.sort(key=lambda each: labels.index(each[0]))
        for number in range(len(done), rounds):
            _progress(f"{loop}, round {number + 1} of {rounds}")
            taken: Round = {subject.name: {} for subject, _ in loads}
            for label, subject, load, calls in measured:
                taken[subject.name][label] = self._measure(subject, load, calls)
            journal.add(loop, taken)
        return journal.rounds(loop)

    def _calls(self, subject: Measured, load: Load) -> int | None:
        """Warm the server up, and return how many calls take the time of a measurement.

        Returns None if the load ends by itself.
        """
        if isinstance(load, TimedLoop):
            self._measure(subject, replace(load, seconds=_WARM_UP_SECONDS), None)
            return None
        if isinstance(load, OpenLoop):
            rate = load.rate
            self._measure(subject, load, _multiple(rate * _WARM_UP_SECONDS, load))
        else:
            calls, rate = _multiple(100, load), 0.0
            while calls < rate * _WARM_UP_SECONDS or not rate:
                rate = self._measure(subject, load, calls).rate
                calls = _multiple(min(rate * _WARM_UP_SECONDS, calls * 10), load)
        return _multiple(rate * self.seconds, load)

    def _measure(self, subject: Measured, load: Load, calls: int | None) -> Figures:
        """Put the load on the subject once.

        Raises `LoadError` unless the calls that were answered, and no others, are in the database. In the
        closed loop no call may fail. In the open loop an overloaded server may refuse calls: the page says
        how many.
        """
        server = self.servers[subject.server]
        before = server.recorded_calls()
        try:
            size = server.response_bytes(subject.method, subject.request)
            url = f"http://{server.address}{subject.method}"
            with on_cores(server.load_cores):
                figures = run(url, subject.request, load, calls, size)
        except (LoadError, grpc.RpcError) as error:
            raise LoadError(f"{subject.name}, {load}: {error}") from None
        # One more call was made for the size of its response.
        expected = subject.rows * (figures.calls - figures.failed + 1)
        deadline = time.monotonic() + (_RECORDED_WITHIN_SECONDS if subject.is_recorded_later else 0)
        while (recorded := server.recorded_calls() - before) < expected and time.monotonic() < deadline:
            time.sleep(0.1)
        # Those that were cut off may have been recorded.
        cut_off = subject.rows * load.open_calls if isinstance(load, TimedLoop) else 0
        if not expected <= recorded <= expected + cut_off:
            raise LoadError(f"{subject.name}, {load}: {recorded} rows were recorded instead of {expected}")
        if figures.failed and not isinstance(load, OpenLoop):
            raise LoadError(f"{subject.name}, {load}: {figures.failed} of {figures.calls} calls failed")
        return figures


def peak(closed: Sequence[Round], subject: Subject) -> float:
    """Return the subject's highest median rate in calls per second."""
    return max(
        statistics.median(each[subject.name][str(count)].rate for each in closed) for count in OPEN_CALLS
    )


def _multiple(calls: float, load: Load) -> int:
    """Return about so many calls, which the load's connections can share equally."""
    return max(round(calls / load.connections), 1) * load.connections


def _progress(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)
