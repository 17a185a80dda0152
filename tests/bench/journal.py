"""A file of finished rounds, so that a run that was interrupted can be continued."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.h2load import Figures

# By subject and load.
Round = dict[str, dict[str, Figures]]


class Journal:
    """The rounds of one run. The first line has the run's conditions, each other a round."""

    def __init__(self, path: Path, conditions: Mapping[str, str]) -> None:
        """Continue the run of the file if it has the same conditions; otherwise begin a new one."""
        self._path = path
        self._rounds: list[tuple[str, Round]] = []
        head = json.dumps(conditions) + "\n"
        lines = path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []
        if lines[:1] != [head]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(head, "utf-8")
            return
        # The last line has no end if the run was killed while it was written.
        whole = [line for line in lines if line.endswith("\n")]
        path.write_text("".join(whole), "utf-8")
        for line in whole[1:]:
            loop, taken = json.loads(line)
            self._rounds.append((loop, _read(taken)))

    def rounds(self, loop: str) -> Sequence[Round]:
        """Return the finished rounds of the closed or the open loop, in order."""
        return [taken for each, taken in self._rounds if each == loop]

    def add(self, loop: str, taken: Round) -> None:
        """Append a finished round."""
        self._rounds.append((loop, taken))
        written = {
            subject: {load: dataclasses.asdict(figures) for load, figures in loads.items()}
            for subject, loads in taken.items()
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([loop, written]) + "\n")

    def close(self) -> None:
        """Remove the file, because the run is finished."""
        self._path.unlink()


def _read(taken: dict[str, dict[str, dict[str, Any]]]) -> Round:
    return {
        subject: {load: Figures(**figures) for load, figures in loads.items()}
        for subject, loads in taken.items()
    }
