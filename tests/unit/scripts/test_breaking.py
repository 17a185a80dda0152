"""`scripts/breaking` finds a change of the contract that breaks a client of a release or of the main line."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.lib.breaking import BASELINE, check, record

ROOT = Path(__file__).parents[3]
ROUTING = "proto/localdial/v1/call_routing.proto"
THE_END_OF_CALL = "  int64 revision = 8;\n}"
NOTE = "\n\n  // Output only. What somebody noted.\n  string note = 9;\n}"


class Repository:
    """A git repository with the current contract on its main line."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("proto", "third_party/proto"):
            shutil.copytree(ROOT / name, root / name)
        shutil.copy(ROOT / "buf.yaml", root)
        record(root)
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit()

    def git(self, *arguments: str) -> str:
        settings = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"]
        return subprocess.run(
            ["git", *settings, *arguments], cwd=self.root, check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "Change")

    def edit(self, old: str, new: str) -> None:
        file = self.root / ROUTING
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new), "utf-8")

    def broken(self) -> list[str]:
        """Return whose clients the contract breaks, without commit IDs."""
        return [
            " ".join(word for word in name.split() if len(word) != 12)
            for name, what in check(self.root).items()
            if what
        ]


@pytest.fixture
def repository(tmp_path: Path, generators: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("PATH", f"{generators}:{os.environ['PATH']}")
    # In a git hook, git's variables would redirect these commands to another repository.
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    root = tmp_path / "project"
    root.mkdir()
    return Repository(root)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  // Output only. The user who placed the call.\n  string user_id = 3;\n", ""),
        ("  string callee_area_code = 3;", "  string area_code = 3;"),
        ("  string callee_area_code = 3;", "  string callee_area_code = 7;"),
        ("rpc ListOutboundCalls(", "rpc ListCalls("),
        ("CALLER_ID_REASON_AGENT_CALLER_ID = 4", "CALLER_ID_REASON_AGENT_CALLER_ID = 6"),
        ("option idempotency_level = NO_SIDE_EFFECTS;", ""),
        ("option idempotency_level = IDEMPOTENT;", "option idempotency_level = NO_SIDE_EFFECTS;"),
        ("package localdial.v1;", "package localdial.v2;"),
    ],
)
def test_a_break_is_found(repository: Repository, old: str, new: str) -> None:
    repository.edit(old, new)
    assert repository.broken() == [f"{BASELINE}", "the main line at"]


def test_an_addition_breaks_nobody(repository: Repository) -> None:
    repository.edit(THE_END_OF_CALL, THE_END_OF_CALL[:-2] + NOTE)
    assert repository.broken() == []
    assert len(check(repository.root)) == 2


def test_clients_may_rely_on_the_main_line_before_a_release(repository: Repository) -> None:
    repository.edit(THE_END_OF_CALL, THE_END_OF_CALL[:-2] + NOTE)
    repository.commit()
    repository.git("switch", "--quiet", "--create", "change")
    repository.edit(NOTE, "\n}")
    assert repository.broken() == ["the main line at"]
    repository.commit()
    assert repository.broken() == ["the main line at"]


def test_a_change_on_the_main_line_itself_is_compared_with_the_commit_before(repository: Repository) -> None:
    repository.edit(THE_END_OF_CALL, THE_END_OF_CALL[:-2] + NOTE)
    repository.commit()
    repository.edit(NOTE, "\n}")
    repository.commit()
    assert repository.broken() == ["the main line at"]


def test_no_baseline_is_recorded_while_there_is_a_break(repository: Repository) -> None:
    repository.edit("rpc ListOutboundCalls(", "rpc ListCalls(")
    record(repository.root)
    repository.commit()
    repository.commit()
    assert repository.broken() == [f"{BASELINE} of"]


def test_the_main_line_is_compared_only_from_the_first_baseline_on(repository: Repository) -> None:
    repository.git("rm", "--quiet", "--cached", f"{BASELINE}")
    (repository.root / BASELINE).unlink()
    repository.git("commit", "--quiet", "--amend", "--message", "Before the first baseline")
    repository.edit("rpc ListOutboundCalls(", "rpc ListCalls(")
    record(repository.root)
    assert list(check(repository.root)) == [f"{BASELINE}"]
    repository.commit()
    assert list(check(repository.root)) == [f"{BASELINE}"]
    assert repository.broken() == []
    repository.edit("rpc ListCalls(", "rpc ListOutboundCalls(")
    repository.commit()
    assert repository.broken() == [f"{BASELINE}", "the main line at"]


def test_without_git_history_the_contract_is_compared_with_the_baseline(repository: Repository) -> None:
    shutil.rmtree(repository.root / ".git")
    repository.edit("rpc ListOutboundCalls(", "rpc ListCalls(")
    assert list(check(repository.root)) == [f"{BASELINE}"]
    assert repository.broken() == [f"{BASELINE}"]
