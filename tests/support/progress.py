"""Prints a line for each finished test file instead of a dot for each test, and lists the slowest files.

`scripts/test` loads this plugin. Load it yourself with `pytest -p tests.support.progress`.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable
from operator import itemgetter
from typing import Final

import pytest
from _pytest.terminal import TerminalReporter

# How often a line is printed while a long file runs.
_QUIET_SECONDS: Final = 15.0

_SLOWEST_FILES: Final = 15


_Status = tuple[str, str, object]


class _Progress:
    def __init__(self, terminal: TerminalReporter) -> None:
        self._terminal = terminal
        self._is_running = True
        self._total: Counter[str] = Counter()
        self._done: Counter[str] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._last_line = 0.0

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._count(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Iterable[str]) -> None:
        self._count(ids)

    def _count(self, ids: Iterable[str]) -> None:
        # Each process of pytest-xdist collects all tests.
        self._total = Counter(map(_file_of, ids)) or self._total
        self._last_line = time.monotonic()

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self) -> Generator[None, _Status, _Status]:
        category, letter, word = yield
        # The summary needs the words, and without them the terminal prints nothing.
        return (category, "", "") if self._is_running else (category, letter, word)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self._is_running = False

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        file = _file_of(report.nodeid)
        self._seconds[file] += report.duration
        if report.failed:
            self._print(f"FAILED {report.nodeid}")
        # The one report of a test that crashed its process is of the phase "???".
        if report.when in {"setup", "call"}:
            return
        self._done[file] += 1
        if self._done[file] == self._total[file]:
            self._print(f"{file} ({self._done[file]} tests, {self._seconds[file]:.1f} s)")
        elif time.monotonic() > self._last_line + _QUIET_SECONDS:
            self._print(f"{file} ({self._done[file]} of {self._total[file]} tests so far)")

    def pytest_terminal_summary(self) -> None:
        self._terminal.section(f"{_SLOWEST_FILES} slowest files")
        slowest = sorted(self._seconds.items(), key=itemgetter(1), reverse=True)
        for file, seconds in slowest[:_SLOWEST_FILES]:
            self._terminal.write_line(f"{seconds:7.1f} s  {file}")

    def _print(self, text: str) -> None:
        percent = 100 * self._done.total() // max(1, self._total.total())
        self._terminal.write_line(f"[{percent:3}%] {text}")
        self._last_line = time.monotonic()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Report progress, but not in the processes of pytest-xdist, nor with `-v` or `-q`."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and not hasattr(config, "workerinput") and config.option.verbose == 0:
        config.pluginmanager.register(_Progress(terminal), "progress")


def _file_of(node_id: str) -> str:
    return node_id.partition("::")[0]
