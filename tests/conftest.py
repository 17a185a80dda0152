"""Fixtures and hooks for all tests."""

import os
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path

# PostgreSQL is started as another user, for which Python forks. Unless this is set before gRPC is imported,
# gRPC sometimes aborts the child of a fork while other threads use gRPC.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"

import pytest
from filelock import FileLock
from hypothesis import settings

from tests.support.pgbouncer import PROGRAM, PgBouncer
from tests.support.postgres import PostgresServer
from tests.support.twilio_simulator import TwilioSimulators

# Show values when an assertion fails in these modules too. This must come before their first import.
pytest.register_assert_rewrite("tests.conformance", "tests.interop", "tests.scenarios")

# Try the same examples in every run, and never fail because the machine is slow.
# `pytest --hypothesis-profile=explore` looks for new ones.
settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("fixed")

_ROOT = Path(__file__).parents[1]
_INSTALL_GENERATORS = """
source scripts/lib/environment.sh
make_environment .venv-generate --requirement requirements/generate.txt
"""

# In CI no tool may be missing, so a skipped test fails.
STRICT = os.environ.get("LOCALDIAL_TEST_STRICT") == "1"

# These groups take longest and start first, so that no process is left with one of them at the end.
_LONGEST_FIRST = (
    "tests/interop/",
    "tests/console/",
    "tests/clients/",
    "tests/functional/",
    "tests/scenarios/test_model.py",
    "tests/unit/app/test_crashes.py",
)

# The tests that rebuild the Java client must not run at the same time as those that use it.
_JAVA = ("tests/clients/test_java", "tests/interop/")

# `scripts/test --quick` leaves out tests with these fixtures.
_SLOW_FIXTURES = {"generators", "pgbouncer", "postgres"}

# It also leaves out these files, which take longest. The scenarios still run on the rules and use cases.
_SLOW_FILES = (
    "tests/scenarios/test_live_server.py",
    "tests/scenarios/test_model.py",
    "tests/unit/app/test_crashes.py",
    "tests/unit/storage/test_transfer_refusals.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark slow tests, and order and group tests for pytest-xdist: a file's tests share a process."""
    for item in items:
        path = _path_of(item)
        item.add_marker(pytest.mark.xdist_group("java" if path.startswith(_JAVA) else path))
        if path in _SLOW_FILES or _SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    path = _path_of(item)
    matching = (rank for rank, prefix in enumerate(_LONGEST_FIRST) if path.startswith(prefix))
    return next(matching, len(_LONGEST_FIRST))


def _path_of(item: pytest.Item) -> str:
    return item.path.relative_to(item.config.rootpath).as_posix()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        report.longrepr = f"skipped in strict mode: {report.longrepr}"
        report.outcome = "failed"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    # A module that skips itself has no tests, so only its collection is reported.
    report = yield
    if STRICT and report.skipped:
        report.longrepr = f"skipped in strict mode: {report.longrepr}"
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Yield a PostgreSQL server, in which each test creates its own database."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def twilio_simulators() -> Iterator[TwilioSimulators]:
    """Yield Twilio simulators that tests share one after the other."""
    simulators = TwilioSimulators()
    yield simulators
    simulators.close()


@pytest.fixture(scope="session")
def pgbouncer(postgres: PostgresServer) -> Iterator[PgBouncer]:
    """Yield a pgbouncer in front of the PostgreSQL server."""
    if PROGRAM is None:
        pytest.skip("pgbouncer is missing: apt-get install pgbouncer")
    with PgBouncer(postgres) as pgbouncer:
        yield pgbouncer


@pytest.fixture(scope="session")
def generators() -> Path:
    """Return the folder of the programs that scripts/generate runs, such as buf."""
    lock = _ROOT / "build" / "generators.lock"
    lock.parent.mkdir(exist_ok=True)
    # The tests may run in several processes, and each of them would install the programs.
    with FileLock(lock):
        subprocess.run(
            ["bash", "-euc", _INSTALL_GENERATORS], cwd=_ROOT, check=True, capture_output=True, timeout=240
        )
    return _ROOT / ".venv-generate" / "bin"


@pytest.fixture(scope="session", autouse=True)
def _only_the_settings_of_the_test(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Remove the settings of a developer's own server from the environment."""
    with pytest.MonkeyPatch.context() as environment:
        for name in list(os.environ):
            if name.startswith("LOCALDIAL_") and not name.startswith("LOCALDIAL_TEST_"):
                environment.delenv(name)
        # The default state directory, which must not be the developer's own.
        environment.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield
