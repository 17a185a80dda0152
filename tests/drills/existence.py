"""Measure whether the time of an answer tells a foreign organization, number or key from one that is absent.

Each pair of calls is made in random order, and so is a control: the same call under two names. A pair tells
nothing if its medians differ by no more than those of controls do (with a margin), or by less than 1 %.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from localdial.v1.administration_pb2 import ROLE_ADMIN, CreateApiKeyRequest, CreateApiKeyResponse
from localdial.v1.call_routing_pb2 import RouteInboundCallRequest
from localdial.v1.directory_pb2 import GetOrganizationRequest
from localdial.v1.number_inventory_pb2 import GetNumberRequest
from localdial_server.domain.principals import Role
from tests.drills.arguments import argument_parser
from tests.drills.rounds import print_machine
from tests.functional.test_tenants import ABSENT, CALLER, FREE_NUMBER, Server, served, token
from tests.support.access import FOREIGN, OWN

_MOST_DIFFERENCE: Final = 0.01
# How much more than controls a pair may differ.
_MARGIN: Final = 3.0

Call = Callable[[], object]


def _pairs(server: Server) -> Mapping[str, tuple[Call, Call]]:
    """Return the pairs of calls whose answers must be alike."""
    viewer, dialer, admin = token(Role.VIEWER), token(Role.DIALER), token(Role.ADMIN)
    made = server.call(
        "Administration.CreateApiKey", CreateApiKeyRequest(display_name="drill", role=ROLE_ADMIN), admin
    )
    key = CreateApiKeyResponse.FromString(made.response).key
    wrong_secret = key[:-1] + ("b" if key.endswith("a") else "a")
    unknown_id = key.replace(key[4:16], "aaaaaaaaaaaa")

    def organization(organization_id: str, credential: str = viewer) -> Call:
        request = GetOrganizationRequest(organization_id=organization_id)
        return lambda: server.call("Directory.GetOrganization", request, credential)

    def number(phone_number: str) -> Call:
        request = GetNumberRequest(organization_id=OWN, phone_number=phone_number)
        return lambda: server.call("NumberInventory.GetNumber", request, viewer)

    def route(called_number: str) -> Call:
        request = RouteInboundCallRequest(called_number=called_number, caller_number=CALLER)
        return lambda: server.call("CallRouting.RouteInboundCall", request, dialer)

    return {
        "control: the same organization": (organization(ABSENT), organization(ABSENT)),
        "control: the same called number": (route(FREE_NUMBER), route(FREE_NUMBER)),
        "organization": (organization(FOREIGN), organization(ABSENT)),
        "called number": (route(server.numbers[FOREIGN]), route(FREE_NUMBER)),
        "number": (number(server.numbers[FOREIGN]), number(FREE_NUMBER)),
        "key: wrong secret, unknown id": (organization(OWN, wrong_secret), organization(OWN, unknown_id)),
    }


def _medians(pair: tuple[Call, Call], count: int) -> tuple[float, float]:
    """Return the median time of each call in microseconds."""
    taken: tuple[list[float], list[float]] = ([], [])
    order = [0, 1] * count
    random.shuffle(order)
    for which in order:
        begun = time.perf_counter()
        pair[which]()
        taken[which].append((time.perf_counter() - begun) * 1e6)
    return statistics.median(taken[0]), statistics.median(taken[1])


def main() -> None:
    """Print the medians of each pair; exit with 1 if one tells what exists."""
    parser = argument_parser(__doc__)
    parser.add_argument("--calls", type=int, default=5_000, help="calls of each kind (default 5,000)")
    arguments = parser.parse_args()
    print_machine()
    differences: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="localdial-existence-") as folder, served(Path(folder)) as server:
        for name, pair in _pairs(server).items():
            first, second = _medians(pair, arguments.calls)
            differences[name] = abs(first - second) / second
            print(f"{name:34} {first:8.1f} us {second:8.1f} us  {differences[name]:6.2%}", flush=True)
    print_machine()
    noise = max(value for name, value in differences.items() if name.startswith("control"))
    telling = [name for name, value in differences.items() if value > max(_MARGIN * noise, _MOST_DIFFERENCE)]
    for name in telling:
        print(f"MISSED: the time tells: {name}")
    sys.exit(bool(telling))


if __name__ == "__main__":
    main()
