"""What all tests have in common."""

import os
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

from tests.support.pgbouncer import PROGRAM, PgBouncer
from tests.support.postgres import PostgresServer

# Failures outside the test modules show values, as those in them do. Here, since
# whichever module is imported first decides.
pytest.register_assert_rewrite("tests.conformance", "tests.interop", "tests.scenarios")

# The same examples in every run, on every machine, and never a failure because a
# machine is slow. To look for new ones: pytest --hypothesis-profile=explore.
settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("fixed")

# Where what a test needs must be there, as in CI, a skipped test is a failed one.
STRICT = os.environ.get("LOCALDIAL_TEST_STRICT") == "1"

# The longest groups, which are started first so that no process is left with one of them in the end.
_LONGEST_FIRST = (
    "tests/interop/",
    "tests/clients/",
    "tests/functional/",
    "tests/scenarios/test_model.py",
    "tests/unit/app/test_crashes.py",
)

# What rebuilds the Java client must not run beside what uses it.
_JAVA = ("tests/clients/test_java", "tests/interop/")

# `scripts/test --quick` does without what these start or install.
_SLOW_FIXTURES = {"generators", "pgbouncer", "postgres"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark slow tests, and order and group tests for pytest-xdist: a file's tests share a process."""
    for item in items:
        path = _path_of(item)
        item.add_marker(pytest.mark.xdist_group("java" if path.startswith(_JAVA) else path))
        if _SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ())):
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
        report.longrepr = f"skipped, where nothing may be: {report.longrepr}"
        report.outcome = "failed"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    # A module that skips itself as a whole has no tests of which there would be a report.
    report = yield
    if STRICT and report.skipped:
        report.longrepr = f"skipped, where nothing may be: {report.longrepr}"
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Return a PostgreSQL server, where each test makes a database of its own."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def pgbouncer(postgres: PostgresServer) -> Iterator[PgBouncer]:
    """Return a pgbouncer in front of it."""
    if PROGRAM is None:
        pytest.skip("pgbouncer is missing: apt-get install pgbouncer")
    with PgBouncer(postgres) as pgbouncer:
        yield pgbouncer


@pytest.fixture(scope="session", autouse=True)
def _only_the_settings_of_the_test() -> Iterator[None]:
    """Keep the settings of a developer's own server away from the tests."""
    with pytest.MonkeyPatch.context() as environment:
        for name in list(os.environ):
            if name.startswith("LOCALDIAL_") and not name.startswith("LOCALDIAL_TEST_"):
                environment.delenv(name)
        yield
