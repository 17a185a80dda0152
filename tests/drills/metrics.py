"""The metrics of a server in a drill."""

import json
import urllib.request
from collections.abc import Mapping
from pathlib import Path


def read(log: Path) -> Mapping[str, float]:
    """Return the metrics, by name and labels, from the address in the server's log."""
    events = (json.loads(line) for line in log.read_text("utf-8").splitlines() if line.startswith("{"))
    address = next(event["address"] for event in events if event["event"] == "serving metrics")
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if line.startswith("localdial_"))
    }
