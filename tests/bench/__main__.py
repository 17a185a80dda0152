"""Compare resolve with what a team would write instead, and with servers that do nothing.

The servers share one core; PostgreSQL and h2load have another. The page goes to
docs/benchmarks/DATE.md. A run with fewer than 5 rounds, or of some subjects only, is a
trial, and its page goes to build/bench. A run that was interrupted continues after its last
whole round when it is started again with the same arguments on the same commit.
"""

import datetime as dt
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.bench import machine, measure, plot, probes, report, servers
from tests.bench.h2load import LoadError
from tests.bench.journal import Journal
from tests.bench.subjects import SUBJECTS, Measured
from tests.drills.arguments import argument_parser

_ROUNDS = 5
_TRIALS = Path("build/bench")
_PAGES = Path("docs/benchmarks")


def main() -> None:
    """Measure, and write the page."""
    parser = argument_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help=f"rounds (default {_ROUNDS})")
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement (default 3)")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="TEXT",
        help="measure only subjects whose name contains the text; may be repeated",
    )
    arguments = parser.parse_args()
    if arguments.rounds < 1 or arguments.seconds <= 0:
        parser.error("--rounds must be at least 1, and --seconds more than 0")
    subjects = [each for each in SUBJECTS if _is_wanted(each.name, arguments.only)]
    along = [each for each in probes.probes() if _is_wanted(each.name, arguments.only)]
    workers = [
        each for each in probes.worker_probes(arguments.seconds) if _is_wanted(each.name, arguments.only)
    ]
    if not subjects and not along and not workers:
        known: list[Measured] = [*SUBJECTS, *probes.probes(), *probes.worker_probes(arguments.seconds)]
        names = [each.name for each in known]
        sys.exit("\n  ".join(["--only: no subject has that in its name. The subjects are:", *names]))
    # Stop the servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    is_trial = arguments.rounds < _ROUNDS or bool(arguments.only)
    conditions = machine.conditions(" ".join(["scripts/bench", *sys.argv[1:]]))
    journal = Journal(_TRIALS / "journal.jsonl", conditions)
    load_average = os.getloadavg()[0]
    try:
        with servers.running(_servers([*subjects, *along])) as running:
            bench = measure.Bench(running, subjects, along, arguments.seconds)
            closed = bench.closed_loop(journal, arguments.rounds)
            open_ = bench.open_loop(journal, arguments.rounds, closed)
        # Apart, because idle servers take a percent of a core each.
        with servers.running(_servers(workers)) as running:
            bench = measure.Bench(running, [], workers, arguments.seconds)
            of_workers = bench.closed_loop(journal, arguments.rounds, "workers")
    except LoadError as error:
        sys.exit(f"{error}\nrun the same command again to continue after the last whole round")
    today = dt.datetime.now(dt.UTC).date().isoformat()
    folder, name = (_TRIALS, "trial") if is_trial else (_PAGES, today)
    shown = {**conditions, "load average at the start": f"{load_average:.1f}"}
    folder.mkdir(parents=True, exist_ok=True)
    everything = [{**taken, **taken_later} for taken, taken_later in zip(closed, of_workers, strict=True)]
    results = report.Results(subjects, everything, open_)
    plot.draw(folder / f"{name}.svg", results)
    page = report.page(f"Benchmark of {today}", shown, f"{name}.svg", results)
    (folder / f"{name}.md").write_text(page, "utf-8")
    journal.close()
    print(page)
    print(f"written to {folder / name}.md and .svg", file=sys.stderr)


def _servers(measured: Iterable[Measured]) -> Iterable[str]:
    """Return the names of the servers that are needed, each once and in order."""
    return dict.fromkeys(each.server for each in measured)


def _is_wanted(name: str, texts: Sequence[str]) -> bool:
    return not texts or any(text in name for text in texts)


if __name__ == "__main__":
    main()
