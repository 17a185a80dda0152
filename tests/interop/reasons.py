"""Every reason of the contract, with its status and metadata from its comment."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_CONTRACT = Path(__file__).parents[2] / "proto" / "localdial" / "v1" / "errors.proto"
_VALUE = re.compile(r"((?:^  //.*\n)+)  ERROR_REASON_(\w+) = \d+;", re.MULTILINE)


class Reason(NamedTuple):
    """Why a call failed."""

    name: str
    code: str
    metadata: Sequence[str]


def reasons() -> Sequence[Reason]:
    """Return the reasons of the contract."""
    found = []
    for comment, name in _VALUE.findall(_CONTRACT.read_text("utf-8")):
        text = " ".join(line.strip(" /") for line in comment.splitlines())
        if name != "UNSPECIFIED":
            metadata = re.findall(r"`(\w+)`", text.partition("Metadata:")[2])
            found.append(Reason(name, text.partition(".")[0], metadata))
    return found
