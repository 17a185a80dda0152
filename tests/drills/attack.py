"""Attack a server with every flood of the review, and show that others are served beside each.

Each scene starts a server, measures a client of another organization alone, and again beside the attack. The
client is a victim with 20 calls a second, or a good client that calls as fast as it is answered; neither
retries. The table shows both rates with the client's latencies, the server's memory and open files (before,
most, and 10 s afterwards at the latest), the growth of its log, and what callers got to see: INTERNAL or
UNKNOWN statuses, and texts with something internal.
"""

import sys
from collections.abc import Mapping

from tests.drills.arguments import argument_parser
from tests.drills.attacks import connections, floods, messages, overload, sizes, streams
from tests.drills.attacks.client import GoodClient
from tests.drills.attacks.scene import (
    HEAD,
    Scene,
    Target,
    answered,
    memory_below,
    missed,
    notes,
    p99_below,
    rate_kept,
    row,
)
from tests.drills.rounds import print_machine

_SERVED = (answered(0.95), p99_below(50))
_KEPT = (rate_kept(0.8),)
_ALL_ACCEPTED = {"LOCALDIAL_MAX_CONNECTIONS": "3000"}
_CLOSED: Target = ("all closed by the server", lambda result: not result.report.statuses["still open"])
_REFUSED_SOON: Target = (
    "99 of 100 refusals in 10 ms",
    lambda result: 0 < result.report.statuses[overload.P99_OF_REFUSALS] < 10_000,
)

SCENES: Mapping[str, Scene] = {
    "at capacity": Scene(overload.at_capacity, settings=overload.SETTINGS),
    "overload": Scene(overload.overload, (answered(0.975), p99_below(50)), settings=overload.SETTINGS),
    "batches": Scene(overload.batches, _SERVED),
    "over its rate": Scene(
        overload.over_its_rate, (*_SERVED, _REFUSED_SOON), settings=overload.OVER_ITS_RATE
    ),
    "rapid reset": Scene(floods.rapid_reset, _SERVED),
    "rapid reset, good": Scene(floods.rapid_reset, client=GoodClient),
    "half open": Scene(connections.half_open, (*_SERVED, _CLOSED), settings=_ALL_ACCEPTED),
    "half a call": Scene(connections.half_calls, (*_SERVED, _CLOSED), settings=_ALL_ACCEPTED),
    # The client beside has its connection before the attack; new ones are refused.
    "idle connections": Scene(connections.idle, _SERVED),
    "mutated messages": Scene(messages.mutated, _KEPT, client=GoodClient),
    "bad fields": Scene(messages.bad_fields, _KEPT, client=GoodClient),
    "hostile streams": Scene(streams.hostile, _KEPT, client=GoodClient),
    "largest requests": Scene(sizes.largest, memory_below(100)),
    "goaway": Scene(floods.goaway, _SERVED),
    "ping": Scene(floods.ping, _SERVED),
    "settings": Scene(floods.settings, _SERVED),
}


def main() -> None:
    """Run the scenes and print a table; exit with 1 if a target is missed."""
    parser = argument_parser(__doc__)
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help="only these scenes (default: all)")
    parser.add_argument("--seconds", type=float, default=10, help="length of an attack (default 10)")
    parser.add_argument("--list", action="store_true", help="list the scenes and their targets")
    arguments = parser.parse_args()
    if unknown := set(arguments.scenes) - set(SCENES):
        parser.error(f"no such scene: {', '.join(sorted(unknown))}; the scenes are {', '.join(SCENES)}")
    chosen = {name: SCENES[name] for name in arguments.scenes or SCENES}
    if arguments.list:
        for name, scene in chosen.items():
            print(f"{name:22} {'; '.join(target for target, _ in scene.targets)}")
        return
    print_machine()
    print(HEAD, flush=True)
    failures = 0
    for name, scene in chosen.items():
        result = scene.run(arguments.seconds)
        print(row(name, result), flush=True)
        for what, note in notes(result).items():
            print(f"    {what}: {note}", flush=True)
        for target in missed(scene, result):
            failures += 1
            print(f"    MISSED: {target}", flush=True)
    print_machine()
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
