"""The Go client's own tests, and the checks of its code."""

import shutil

import pytest

from tests.support import go

if go.missing():
    pytest.skip(f"{go.missing()} missing", allow_module_level=True)

MODULES = ["clients/go", "clients/go/examples/dialer", "tests/bench/rivals/go"]


@pytest.mark.parametrize("module", MODULES)
def test_its_code_is_formatted_and_clean(module: str) -> None:
    assert go.unformatted(module) == ""
    go.go(module, "vet", "./...")
    go.staticcheck(module)


@pytest.mark.parametrize("module", MODULES)
def test_its_modules_list_their_requirements(module: str) -> None:
    assert go.go(module, "mod", "tidy", "-diff") == ""


@pytest.mark.parametrize("module", MODULES)
def test_it_passes_its_own_tests(module: str) -> None:
    # The race detector needs a C compiler.
    race = ["-race"] if shutil.which("gcc") or shutil.which("clang") else []
    go.go(module, "test", *race, "./...")
