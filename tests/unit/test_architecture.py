import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "server" / "localdial_server"


def test_imports_follow_the_architecture() -> None:
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout
    # The linter passes over a contract whose modules do not exist.
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    assert f"{len(contracts)} kept, 0 broken" in linted.stdout


def test_every_module_of_the_server_is_in_a_package() -> None:
    assert {path.name for path in SERVER.glob("*.py")} == {"__init__.py", "__main__.py"}
