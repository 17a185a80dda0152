"""The Java client's own tests."""

import pytest

from tests.support import java

if java.missing():
    pytest.skip(f"{java.missing()} missing", allow_module_level=True)


def test_it_compiles_without_warnings_and_passes_its_own_tests() -> None:
    java.verify()
