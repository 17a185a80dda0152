"""The promises of the record of call-backs, each as a test."""

import random
from itertools import permutations

import pytest

from localdial_server.app.ports.store import InboundCallQuery, Store
from localdial_server.domain.model import DestinationReason, InboundCall, InboundCallOutcome
from localdial_server.storage.call_log.inbound import InboundDatabaseRecorder
from tests.conformance.store_backend import Home, StoreFixtures
from tests.conformance.store_records import A, B, X, Y, create, recorded_call_back

CALLER, OTHER_CALLER = "+16285550123", "+16285550124"
WORK_PHONE, MAIN = "+13125550160", "+13125550150"

MISSED, ANSWERED, SCREENED_OUT = (
    InboundCallOutcome.MISSED,
    InboundCallOutcome.ANSWERED,
    InboundCallOutcome.SCREENED_OUT,
)


def call_back(
    call_id: str,
    call_time: int = 1,
    *,
    organization_id: str = A,
    called_number: str = X,
    caller_number: str | None = CALLER,
    user_id: str | None = None,
    outcome: InboundCallOutcome = InboundCallOutcome.PENDING,
) -> InboundCall:
    return InboundCall(
        organization_id,
        call_id,
        call_time,
        called_number,
        caller_number,
        MAIN if user_id is None else WORK_PHONE,
        DestinationReason.ORGANIZATION_NUMBER if user_id is None else DestinationReason.LAST_CALLER,
        user_id,
        outcome=outcome,
        outcome_time=None if outcome is InboundCallOutcome.PENDING else call_time + 1,
    )


def report(call_id: str, outcome: InboundCallOutcome, time: int = 5, organization_id: str = A) -> InboundCall:
    return InboundCall(organization_id, call_id, time, outcome=outcome, outcome_time=time)


async def record(home: Home, *parts: InboundCall) -> None:
    """Record the parts together, as one group of a server."""
    await InboundDatabaseRecorder(home.database).record(parts)


async def recorded(store: Store, call_id: str, organization_id: str = A) -> InboundCall | None:
    return await store.read("test", lambda reader: recorded_call_back(reader, organization_id, call_id))


async def all_call_backs(store: Store, query: InboundCallQuery, limit: int) -> list[InboundCall]:
    """Read all call-backs in pages of `limit`."""
    found: list[InboundCall] = []
    before: tuple[int, str] | None = None
    while page := await store.read(
        "test", lambda reader, before=before: reader.inbound_calls(query, before, limit)
    ):
        assert len(page) <= limit
        found += page
        before = page[-1].call_time, page[-1].call_id
    return found


# A call-back that rang two phones, with every field.
FULL = InboundCall(
    A,
    "full",
    1,
    X,
    CALLER,
    WORK_PHONE,
    DestinationReason.LAST_CALLER,
    "ann",
    MAIN,
    "call-1",
    0,
    degraded=True,
)


class InboundCallsSuite(StoreFixtures):
    """Every store: the record of call-backs."""

    async def test_a_call_back_is_found_as_it_was_recorded_within_its_organization(self, home: Home) -> None:
        withheld = call_back("withheld", caller_number=None)
        others = call_back("full", organization_id=B)
        nowhere = InboundCall(A, "nowhere", 1, X, CALLER, outcome=MISSED, outcome_time=1)
        await record(home, FULL, withheld, others, nowhere)
        for each in FULL, withheld, others, nowhere:
            assert await recorded(home.store, each.call_id, each.organization_id) == each
        assert await recorded(home.store, "nowhere", B) is None

    async def test_parts_of_a_call_back_give_one_record_in_any_order_and_number(self, home: Home) -> None:
        parts = [
            FULL,
            report("full", MISSED, 5),
            report("full", InboundCallOutcome.ANSWERED_BY_FALLBACK, 6),
        ]
        whole = FULL._replace(outcome=InboundCallOutcome.ANSWERED_BY_FALLBACK, outcome_time=6)
        for number, order in enumerate(permutations(parts)):
            for grouped in False, True:
                call_id = f"{number}-{grouped}"
                each = [part._replace(call_id=call_id) for part in (*order, *order)]
                groups = [each] if grouped else [[part] for part in each]
                for group in groups:
                    await record(home, *group)
                assert await recorded(home.store, call_id) == whole._replace(call_id=call_id)

    @pytest.mark.parametrize(
        ("first", "later", "stands"),
        [
            (MISSED, ANSWERED, ANSWERED),
            (ANSWERED, MISSED, ANSWERED),
            (MISSED, SCREENED_OUT, SCREENED_OUT),
            (SCREENED_OUT, InboundCallOutcome.ANSWERED_BY_FALLBACK, InboundCallOutcome.ANSWERED_BY_FALLBACK),
            (ANSWERED, InboundCallOutcome.ANSWERED_BY_FALLBACK, ANSWERED),
        ],
    )
    async def test_the_better_outcome_of_a_call_back_stands(
        self, home: Home, first: InboundCallOutcome, later: InboundCallOutcome, stands: InboundCallOutcome
    ) -> None:
        await record(home, call_back("c"))
        await record(home, report("c", first, 5))
        await record(home, report("c", later, 6))
        found = await recorded(home.store, "c")
        assert found is not None
        assert (found.outcome, found.outcome_time) == (stands, 5 if stands is first else 6)

    async def test_the_first_routing_of_a_call_back_stands(self, home: Home) -> None:
        await record(home, call_back("c", 1, user_id="ann"))
        await record(home, call_back("c", 2, caller_number=OTHER_CALLER))
        assert await recorded(home.store, "c") == call_back("c", 1, user_id="ann")

    async def test_an_outcome_without_its_call_back_is_not_listed(self, home: Home) -> None:
        await record(home, report("c", MISSED))
        for missed in False, True:
            assert await all_call_backs(home.store, InboundCallQuery(A, missed=missed), 9) == []
        await record(home, call_back("c", 3))
        (found,) = await all_call_backs(home.store, InboundCallQuery(A, missed=True), 9)
        assert (found.call_time, found.outcome_time) == (3, 5)

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            (InboundCallQuery(A), "fedcba"),
            (InboundCallQuery(A, caller_number=CALLER), "eba"),
            (InboundCallQuery(A, caller_number="+16285550125"), ""),
            (InboundCallQuery(A, called_number=Y), "db"),
            (InboundCallQuery(A, user_id="ann"), "dba"),
            (InboundCallQuery(A, missed=True), "fca"),
            (InboundCallQuery(A, missed=True, caller_number=OTHER_CALLER), "fc"),
            (InboundCallQuery(A, missed=True, user_id="ann"), "a"),
            (InboundCallQuery(A, CALLER, Y, "ann"), "b"),
            (InboundCallQuery(A, start_time=2), "fedcb"),
            (InboundCallQuery(A, end_time=4), "cba"),
            (InboundCallQuery(A, start_time=2, end_time=3), "b"),
            (InboundCallQuery(A, missed=True, start_time=2, end_time=4), "c"),
            (InboundCallQuery(B), "g"),
            (InboundCallQuery("unknown"), ""),
        ],
    )
    async def test_call_backs_are_listed_newest_first_by_every_filter(
        self, home: Home, query: InboundCallQuery, expected: str
    ) -> None:
        call_backs = {
            "a": call_back("a", 1, user_id="ann", outcome=MISSED),
            "b": call_back("b", 2, called_number=Y, user_id="ann", outcome=ANSWERED),
            "c": call_back("c", 3, caller_number=OTHER_CALLER, outcome=SCREENED_OUT),
            "d": call_back("d", 4, called_number=Y, caller_number=None, user_id="ann"),
            "e": call_back("e", 5, user_id="bob"),
            "f": call_back("f", 5, caller_number=OTHER_CALLER, outcome=MISSED),
            "g": call_back("g", 5, organization_id=B, user_id="ann", outcome=MISSED),
        }
        await record(home, *random.Random(1).sample(list(call_backs.values()), len(call_backs)))
        for limit in 1, 2, 9:
            found = await all_call_backs(home.store, query, limit)
            assert found == [call_backs[name] for name in expected]

    @pytest.mark.parametrize(
        ("short", "long"),
        [
            ("+525512345678", "+5215512345678"),
            ("+541123456789", "+5491123456789"),
            ("+551187654321", "+5511987654321"),
            ("+378886123", "+3780549886123"),
            ("+378886123", "+390549886123"),
            ("+541123456789", "+54111523456789"),
        ],
    )
    async def test_call_backs_are_listed_by_either_spelling_of_the_caller(
        self, home: Home, short: str, long: str
    ) -> None:
        await record(
            home,
            call_back("a", 1, caller_number=short),
            call_back("b", 2, caller_number=long),
            call_back("c", 3, caller_number=f"{short[:-1]}0"),
            call_back("d", 4, caller_number=None),
        )
        for spelling in short, long:
            found = await all_call_backs(home.store, InboundCallQuery(A, caller_number=spelling), 9)
            assert [(each.call_id, each.caller_number) for each in found] == [("b", long), ("a", short)]

    async def test_the_record_of_call_backs_outlives_its_organization(self, home: Home) -> None:
        await home.store.write("test", create(A))
        await record(home, call_back("c"))
        await home.store.write("test", lambda transaction: transaction.delete_organization(A))
        await home.store.write("test", create(A))
        assert await all_call_backs(home.store, InboundCallQuery(A), 9) == [call_back("c")]
