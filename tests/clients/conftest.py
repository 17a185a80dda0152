"""A live server for the programs of every language."""

from collections.abc import Iterator

import pytest

from tests.functional.server_process import ServerProcess


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Yield a server that the tests of a module share; each uses its own organization."""
    with ServerProcess(tmp_path_factory.mktemp("server")) as server:
        yield server
