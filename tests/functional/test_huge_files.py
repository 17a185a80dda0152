"""Files that are no lists: refused without reading them into memory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.functional.server_process import environment_with

_GB = 1 << 30

# Python and the libraries take about 60 MB.
_MOST_MEMORY_KB = 200_000

# Runs a command and prints the most memory that it had. A process of its own, because a child's figure begins
# with that of the process that forks it, and the tests' is large.
_WATCHED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code % 256)
"""


@pytest.mark.parametrize(
    ("arguments", "header"),
    [
        (("users", "import", "acme"), "user_id,display_name,caller_id,work_phone\n"),
        (("numbers", "import", "acme", "--file"), ""),
    ],
    ids=["users", "numbers"],
)
def test_an_import_refuses_a_line_of_1_gb_in_bounded_memory(
    tmp_path: Path, arguments: tuple[str, ...], header: str
) -> None:
    file = tmp_path / "huge.csv"
    file.write_text(header)
    # The rest takes no room on the disk.
    os.truncate(file, _GB)
    importing = subprocess.run(
        [sys.executable, "-c", _WATCHED, sys.executable, "-m", "localdial_server", *arguments, str(file)],
        env=environment_with(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    said, _, most_memory = importing.stdout.strip().rpartition("\n")
    assert importing.returncode not in {0, 247}
    assert "Traceback" not in said
    # The message may be broken into lines anywhere.
    assert "is longer than 1,048,576 characters" in " ".join(said.split())
    assert int(most_memory) < _MOST_MEMORY_KB
