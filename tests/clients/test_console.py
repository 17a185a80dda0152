"""The web console: its types, its style and the tests of its parts. `tests/console` tests it in a browser."""

from pathlib import Path

import pytest

from scripts.lib import node
from scripts.lib.build_console import SOURCE, build, differences


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    try:
        with node.lock_on(SOURCE):
            node.install(SOURCE)
    except node.NoNode as missing:
        pytest.skip(f"console: {missing}")


def test_its_types_are_right() -> None:
    node.run("npm", "run", "--silent", "types", folder=SOURCE)


def test_it_is_formatted_and_linted() -> None:
    node.run("npm", "run", "--silent", "lint", folder=SOURCE)


def test_its_own_tests_pass() -> None:
    assert " passed" in node.run("npm", "test", "--", "--no-color", folder=SOURCE)


def test_two_builds_of_one_source_are_the_same(tmp_path: Path) -> None:
    for name in "one", "other":
        build(tmp_path / name)
    assert differences(tmp_path / "one", tmp_path / "other") == []


def test_its_lock_file_has_no_download_addresses() -> None:
    lock = (SOURCE / "package-lock.json").read_text("utf-8")
    assert '"resolved"' not in lock
