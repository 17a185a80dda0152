# %% [markdown]
# # Which borrowers see a local number?
#
# For the calls of an organization: which area codes its own numbers cover, which its mapped numbers, and
# which none; how many calls show a local number; and in which area codes to buy next.
#
# Run it as a script, `python coverage.py acme`, or cell by cell in an editor that knows `# %%`. It looks at
# the calls that localdial recorded, or at your own list, a CSV file with a column `callee_number`:
# `python coverage.py acme --callees callees.csv`. It changes nothing: calls are decided, not recorded.

# %% What to look at
import argparse
import csv
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from localdial.v1.call_routing_pb2 import (
    CALLER_ID_REASON_AGENT_CALLER_ID_LOCAL,
    CALLER_ID_REASON_LOCAL_PRESENCE,
    CALLER_ID_REASON_LOCAL_PRESENCE_MAPPED,
    BatchResolveOutboundCallerIdsRequest,
    ListOutboundCallsRequest,
    ResolveOutboundCallerIdRequest,
)
from localdial.v1.directory_pb2 import ListUsersRequest
from localdial.v1.number_inventory_pb2 import SearchAvailableNumbersRequest
from localdial_client import Client, LocaldialError, from_status, pages

parser = argparse.ArgumentParser(description="Show which borrowers see a local number.")
parser.add_argument("organization", help="the organization_id")
parser.add_argument("--callees", type=Path, metavar="FILE", help="a CSV file with a column callee_number")
parser.add_argument(
    "--last",
    type=int,
    default=10_000,
    metavar="N",
    help="how many recorded calls to look at (default: 10000)",
)
parser.add_argument("--user", help="the user_id of the agent who calls (default: the first)")
parser.add_argument(
    "--buy", type=int, default=10, metavar="N", help="how many area codes to suggest (default: 10)"
)
parser.add_argument("--server", default="127.0.0.1:50051", metavar="ADDRESS", help="default: 127.0.0.1:50051")
parser.add_argument("--root-certificate", type=Path, metavar="FILE", help="PEM; the connection then uses TLS")
settings = parser.parse_args()

LOCAL = {
    CALLER_ID_REASON_AGENT_CALLER_ID_LOCAL: "the agent's caller ID",
    CALLER_ID_REASON_LOCAL_PRESENCE: "own number",
    CALLER_ID_REASON_LOCAL_PRESENCE_MAPPED: "mapped number",
}
UNCOVERED = "-"
LEGS_IN_A_BATCH = 500

client = Client(
    settings.server,
    key=os.environ.get("LOCALDIAL_KEY"),
    root_certificate=settings.root_certificate.read_bytes() if settings.root_certificate else None,
)


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table with its numbers aligned to the right."""
    texts = [[f"{each:,}" if isinstance(each, int) else str(each) for each in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *texts, strict=True)]
    is_number = [bool(rows) and isinstance(each, int) for each in (rows[0] if rows else head)]
    print(f"\n{title}\n")
    for line in (list(head), ["-" * width for width in widths], *texts):
        cells = zip(line, widths, is_number, strict=True)
        print(
            "  ".join(
                f"{text:>{width}}" if right else f"{text:<{width}}" for text, width, right in cells
            ).rstrip()
        )


def share(part: int, whole: int) -> str:
    """Return a part of a whole as a percentage."""
    return f"{part / whole:.1%}" if whole else "none"


# %% The calls: each callee as often as it was called
class Called(NamedTuple):
    """The callees, and how many of the calls showed a local number when they were made, if that is known."""

    callees: list[str]
    local_then: int | None


def from_file(path: Path) -> Called:
    """Return the callees in a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if "callee_number" not in (reader.fieldnames or ()):
            sys.exit(f"{path} has no column callee_number")
        return Called([row["callee_number"] or "" for row in reader], None)


def from_records() -> Called:
    """Return the callees of the recorded calls, newest first."""
    request = ListOutboundCallsRequest(organization_id=settings.organization, page_size=1000)
    all_pages = pages(client.call_routing.list_outbound_calls, request)
    recorded = (call for page in all_pages for call in page.calls)
    calls = list(islice(recorded, settings.last))
    return Called([call.callee_number for call in calls], sum(call.reason in LOCAL for call in calls))


def first_user() -> str:
    """Return the identifier of the organization's first user."""
    request = ListUsersRequest(organization_id=settings.organization, page_size=1)
    users = client.directory.list_users(request).users
    return users[0].user_id if users else sys.exit(f"{settings.organization} has no users")


try:
    called = from_file(settings.callees) if settings.callees else from_records()
    user = settings.user or first_user()
except (LocaldialError, OSError) as error:
    sys.exit(str(error))
if not called.callees:
    sys.exit("there are no calls to look at")


# %% What each callee would be shown today
class Shown(NamedTuple):
    """What a callee is shown. `area_code` may be empty; `covered_by` is `UNCOVERED` if it is not local."""

    area_code: str
    covered_by: str
    caller_id: str


def decide(callees: Sequence[str]) -> Iterator[tuple[str, Shown | LocaldialError]]:
    """Yield each callee with its decision, or with its error, without recording calls."""
    for start in range(0, len(callees), LEGS_IN_A_BATCH):
        part = callees[start : start + LEGS_IN_A_BATCH]
        legs = [
            ResolveOutboundCallerIdRequest(
                organization_id=settings.organization, user_id=user, callee_number=callee, validate_only=True
            )
            for callee in part
        ]
        batch = BatchResolveOutboundCallerIdsRequest(requests=legs)
        results = client.call_routing.batch_resolve_outbound_caller_ids(batch, timeout=30).results
        for callee, result in zip(part, results, strict=True):
            if result.HasField("response"):
                answer = result.response
                covered_by = LOCAL.get(answer.reason, UNCOVERED)
                yield callee, Shown(answer.callee_area_code, covered_by, answer.caller_id)
                continue
            error = from_status(result.status)
            if error.reason == "NO_CALLER_ID":
                yield callee, Shown(error.metadata["callee_area_code"], UNCOVERED, "nothing at all")
            else:
                yield callee, error


times_called = Counter(called.callees)
shown: dict[str, Shown] = {}
unusable: Counter[str] = Counter()
try:
    for callee, decided in decide(list(times_called)):
        if isinstance(decided, Shown):
            shown[callee] = decided
        elif decided.reason == "INVALID_FIELDS":
            unusable[callee] += times_called[callee]
        else:
            raise decided
except (LocaldialError, OSError) as error:
    sys.exit(str(error))

# %% Coverage, the most called area codes first
calls_in = Counter[str]()
covered_in: dict[str, Counter[str]] = {}
numbers_in: dict[str, set[str]] = {}
for callee, each in shown.items():
    calls_in[each.area_code] += times_called[callee]
    covered_in.setdefault(each.area_code, Counter())[each.covered_by] += times_called[callee]
    numbers_in.setdefault(each.area_code, set()).add(each.caller_id)

table(
    f"Coverage of {settings.organization}, calls of {user}",
    ["area code", "calls", "covered by", "shown"],
    [
        [
            area_code or "none",
            count,
            " and ".join(name for name, _ in covered_in[area_code].most_common()),
            ", ".join(sorted(numbers_in[area_code])),
        ]
        for area_code, count in sorted(calls_in.items(), key=lambda item: (-item[1], item[0] or "none"))
    ],
)

# %% How many calls show a local number
in_all = sum(calls_in.values())
local_now = sum(times_called[callee] for callee, each in shown.items() if each.covered_by != UNCOVERED)
by_coverage = Counter[str]()
for counts in covered_in.values():
    by_coverage.update(counts)
table(
    "Calls by what covers them",
    ["covered by", "calls", "share"],
    [[name, count, share(count, in_all)] for name, count in by_coverage.most_common()],
)
print(f"\nA local number is shown on {share(local_now, in_all)} of {in_all:,} calls.")
if called.local_then is not None:
    print(f"When they were made it was {share(called.local_then, len(called.callees))}.")
if unusable:
    example = min(unusable)
    left_out = sum(unusable.values())
    print(f"Calls left out because the number is not in E.164: {left_out:,}, such as {example!r}.")

# %% Where to buy next: the most called area codes without a number, and whether the carrier has one
uncovered = {
    area_code: counts[UNCOVERED]
    for area_code, counts in covered_in.items()
    if area_code and counts[UNCOVERED]
}
to_buy = sorted(uncovered.items(), key=lambda item: (-item[1], item[0]))[: settings.buy]
rows = []
gained = local_now
for area_code, count in to_buy:
    search = SearchAvailableNumbersRequest(
        organization_id=settings.organization, area_code=area_code, limit=1
    )
    try:
        available = client.number_inventory.search_available_numbers(search).available
        stock = available[0].locality or available[0].region or "yes" if available else "sold out: map one"
    except LocaldialError as error:
        stock = error.reason or error.code.name
    gained += count
    rows.append([area_code, count, share(gained, in_all), stock])
if rows:
    table("Buy next", ["area code", "calls", "local then", "on sale"], rows)
else:
    print("\nEvery area code is covered: there is nothing to buy.")

# %%
client.close()
