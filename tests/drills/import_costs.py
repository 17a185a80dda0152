"""What imports cost, one after the other in a new process."""

import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

# Prints the CPU time in seconds and the memory in pages, of Python itself and after each import.
_IMPORTING: Final = """
import importlib, sys, time
def show():
    with open("/proc/self/statm") as statm:
        print(time.process_time(), statm.read().split()[1])
show()
for module in sys.argv[1:]:
    importlib.import_module(module)
    show()
"""
_PAGE: Final = 4096

# In the order in which they are loaded: each import is counted without what those before it have loaded.
OF_RESOLVE: Final = ("grpc", "localdial.v1.call_routing_pb2", "localdial_client", "typer")
OF_RESOLVE_ITSELF: Final = ("localdial_server.cli.app", "localdial_server.cli.routing")
OF_SERVER: Final = (
    "grpc",
    "localdial.v1.call_routing_pb2",
    "typer",
    "sqlalchemy",
    "sqlalchemy.dialects.sqlite",
    "prometheus_client",
    "phonenumbers",
    "uvloop",
)
# The first one hides Rich from structlog, which it loads.
OF_SERVER_ITSELF: Final = (
    "localdial_server.observability.logs",
    "localdial_server.cli.serve",
    "localdial_server.runtime.serve",
)


class Cost(NamedTuple):
    """What an import, or Python itself, takes."""

    cpu: float
    """CPU time in seconds."""
    megabytes: float
    """Growth of the RSS, in 1,000,000 bytes."""


def import_costs(modules: Sequence[str], rounds: int) -> Mapping[str, Cost]:
    """Return the medians of what Python takes, and then each module."""
    measured = [_measured(modules) for _ in range(rounds)]
    return {
        name: Cost(*(statistics.median(values) for values in zip(*costs, strict=True)))
        for name, *costs in zip(("Python itself", *modules), *measured, strict=True)
    }


def _measured(modules: Sequence[str]) -> Sequence[Cost]:
    run = subprocess.run([sys.executable, "-c", _IMPORTING, *modules], capture_output=True, check=True)
    after = [
        (float(cpu), int(pages) * _PAGE / 1e6) for cpu, pages in map(bytes.split, run.stdout.splitlines())
    ]
    return [
        Cost(cpu - cpu_before, megabytes - megabytes_before)
        for (cpu_before, megabytes_before), (cpu, megabytes) in zip([(0.0, 0.0), *after], after, strict=False)
    ]
