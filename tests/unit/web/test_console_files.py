"""The console's files as they are committed and served."""

import gzip
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from scripts.lib.build_console import PAGE, differences

MOST_BYTES = 250_000


def test_the_page_weighs_less_than_250_kb_compressed() -> None:
    sizes = {path.name: len(gzip.compress(path.read_bytes())) for path in PAGE.rglob("*") if path.is_file()}
    assert "index.html" in sizes
    assert sum(sizes.values()) < MOST_BYTES, sizes


def test_the_page_has_nothing_inline_and_names_no_other_origin() -> None:
    """The server's content policy would refuse it."""
    html = (PAGE / "index.html").read_text("utf-8")
    assert re.findall(r"<style|style=|<script(?![^>]* src=)", html) == []
    for path in PAGE.rglob("*.css"):
        assert "data:" not in path.read_text("utf-8")
    loaded = re.findall(r"(?:src|href)=\"([^\"]*)\"", html)
    assert loaded
    assert [each for each in loaded if not each.startswith("/assets/")] == []


def test_the_wheel_has_the_page(tmp_path: Path) -> None:
    options = ("--wheel", "--no-isolation", "--outdir", tmp_path)
    subprocess.run(
        [sys.executable, "-m", "build", *options, Path(__file__).parents[3]],
        check=True,
        capture_output=True,
        timeout=120,
    )
    (wheel,) = tmp_path.glob("localdial-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    assert differences(tmp_path / "localdial_server" / "web" / "console", PAGE) == []


def test_differences_between_builds_are_named(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, files in (one, {"a": "1", "b": "2"}), (other, {"b": "3", "c": "4"}):
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_text(content, "utf-8")
    assert differences(one, other) == ["differs: b", "only in the build: a", "only in the tree: c"]
