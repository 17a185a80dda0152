"""A benchmark that was interrupted continues."""

from pathlib import Path

from tests.bench.h2load import Figures
from tests.bench.journal import Journal, Round

CONDITIONS = {"command": "scripts/bench"}
ROUND: Round = {"Go, no-op": {"10": Figures(100, 1000.0, 1.0, 2.0, 3.0, 4.0, 0)}}


def test_the_finished_rounds_of_an_interrupted_run_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "bench" / "journal.jsonl"
    journal = Journal(path, CONDITIONS)
    journal.add("closed loop", ROUND)
    journal.add("open loop", ROUND)
    continued = Journal(path, CONDITIONS)
    assert continued.rounds("closed loop") == [ROUND]
    assert continued.rounds("open loop") == [ROUND]


def test_a_run_in_other_conditions_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path, CONDITIONS).add("closed loop", ROUND)
    assert Journal(path, {"command": "scripts/bench --rounds 1"}).rounds("closed loop") == []
    assert Journal(path, CONDITIONS).rounds("closed loop") == []


def test_a_round_that_was_not_written_to_its_end_is_measured_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, CONDITIONS)
    journal.add("closed loop", ROUND)
    journal.add("closed loop", ROUND)
    path.write_text(path.read_text("utf-8")[:-10], "utf-8")
    continued = Journal(path, CONDITIONS)
    assert continued.rounds("closed loop") == [ROUND]
    continued.add("closed loop", ROUND)
    assert Journal(path, CONDITIONS).rounds("closed loop") == [ROUND, ROUND]


def test_a_finished_run_is_not_continued(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, CONDITIONS)
    journal.add("closed loop", ROUND)
    journal.close()
    assert Journal(path, CONDITIONS).rounds("closed loop") == []
