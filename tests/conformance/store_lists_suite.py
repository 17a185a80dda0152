"""The promises of the `Store` port about lists: their order, their pages, their counts.

Text is ordered by code point, in every database and whatever its language.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import pytest

from localdial_server.app.ports.store import CallQuery, NumberQuery, Reader, Store
from localdial_server.domain.model import NumberState, Organization, OutboundCall
from tests.conformance.store_backend import Home, StoreFixtures
from tests.conformance.store_records import (
    CALLEE,
    A,
    B,
    X,
    Y,
    Z,
    call,
    create,
    last_call_to,
    number,
    own,
    user,
)

T = TypeVar("T")

# Collations for people sort these differently (a B c).
_IDS = ["B", "a", "C", "_", "-", "10", "9", "aa", "a b", "a-b", "aB", "é", "ß", "Z", "\U0001f4de"]

_OTHER_CALLEE = "+16285550124"


async def _pages(
    store: Store, page: Callable[[Reader, str], Sequence[T]], key: Callable[[T], str]
) -> list[Sequence[T]]:
    """Read pages until an empty one."""
    pages: list[Sequence[T]] = []
    after = ""
    while found := await store.read("test", lambda reader, after=after: page(reader, after)):
        pages.append(found)
        after = key(found[-1])
    return pages


class StoreListsSuite(StoreFixtures):
    """Every store: lists."""

    async def test_organizations_are_paged_by_id(self, store: Store) -> None:
        await store.write("test", create(*_IDS))
        pages = await _pages(
            store, lambda reader, after: reader.organizations(after, 4), lambda item: item[0].organization_id
        )
        assert [len(page) for page in pages] == [4, 4, 4, 3]
        assert [item for page in pages for item in page] == [(Organization(i), 1) for i in sorted(_IDS)]
        assert await store.read("test", lambda reader: reader.count_organizations()) == len(_IDS)

    async def test_organizations_are_listed_with_their_revisions(self, store: Store) -> None:
        await store.write("test", create(A, B))
        await store.write("test", lambda transaction: transaction.bump_revision(B))
        listed = await store.read("test", lambda reader: reader.organizations("", 9))
        assert listed == [(Organization(A), 1), (Organization(B), 2)]

    async def test_an_organization_whose_revision_was_never_counted_is_listed_too(self, store: Store) -> None:
        await store.write("test", lambda transaction: transaction.put_organization(Organization(A)))
        assert await store.read("test", lambda reader: reader.organizations("", 9)) == [(Organization(A), 0)]
        assert await store.read("test", lambda reader: reader.count_organizations()) == 1

    async def test_users_are_paged_by_id_within_their_organization(self, store: Store) -> None:
        await store.write("test", create(A, B))
        await store.write("test", lambda tx: tx.put_users([user(user_id) for user_id in _IDS]))
        await store.write("test", lambda tx: tx.put_users([user(user_id, B) for user_id in ("b", *_IDS)]))
        pages = await _pages(store, lambda reader, after: reader.users(A, after, 7), lambda u: u.user_id)
        assert [len(page) for page in pages] == [7, 7, 1]
        assert [item for page in pages for item in page] == [user(user_id) for user_id in sorted(_IDS)]
        assert await store.read("test", lambda reader: reader.count_users(A)) == len(_IDS)
        assert await store.read("test", lambda reader: reader.count_users("unknown")) == 0
        assert await store.read("test", lambda reader: reader.users("unknown", "", 9)) == []

    async def test_users_by_id_leaves_out_missing_users(self, store: Store) -> None:
        await store.write("test", create(A, B))
        users = [user(f"u{index}") for index in range(1200)]
        await store.write("test", lambda tx: tx.put_users([*users, user("others", B)]))
        asked = ["unknown", "others", *(each.user_id for each in users), "u1"]
        found = await store.read("test", lambda reader: reader.users_by_id(A, asked))
        assert found == {each.user_id: each for each in users}
        assert await store.read("test", lambda reader: reader.users_by_id(A, [])) == {}

    async def test_numbers_are_paged_by_phone_number_each_with_its_own_mappings(self, store: Store) -> None:
        await store.write("test", create(A, B))
        mapped = [("628", "650"), (), ("510",), ("628",), ()]
        numbers = [
            replace(number(f"+1415555010{line}"), mapped_area_codes=area_codes)
            for line, area_codes in enumerate(mapped)
        ]
        await store.write("test", own(*reversed(numbers)))
        others = replace(number("+14155550111", B), mapped_area_codes=("628", "510"))
        await store.write("test", own(others))
        query = NumberQuery(A)
        pages = await _pages(
            store, lambda reader, after: reader.numbers(query, after, 2), lambda item: item.phone_number
        )
        assert [list(page) for page in pages] == [numbers[0:2], numbers[2:4], numbers[4:5]]
        assert await store.read("test", lambda reader: reader.count_numbers(query)) == 5

    @pytest.mark.parametrize(
        ("area_code", "state", "expected"),
        [
            (None, None, "abcdef"),
            ("415", None, "abf"),
            ("628", None, "acf"),
            ("650", None, "cd"),
            ("212", None, ""),
            (None, NumberState.ACTIVE, "acde"),
            (None, NumberState.PURCHASING, "b"),
            (None, NumberState.RELEASED, ""),
            ("415", NumberState.ACTIVE, "a"),
            ("628", NumberState.RELEASING, "f"),
            ("628", NumberState.PURCHASING, ""),
        ],
    )
    async def test_numbers_are_listed_by_own_or_mapped_area_code_and_by_state(
        self, store: Store, area_code: str | None, state: NumberState | None, expected: str
    ) -> None:
        await store.write("test", create(A, B))
        numbers = {
            "a": replace(number(X), mapped_area_codes=("628",)),
            "b": number(Y, state=NumberState.PURCHASING),
            "c": replace(number("+16285550100", area_code="628"), mapped_area_codes=("650",)),
            "d": number("+16505550100", area_code="650"),
            "e": replace(number("+18005550199"), area_code=None),
            "f": replace(number(Z, state=NumberState.RELEASING), mapped_area_codes=("510", "628")),
        }
        others = replace(number("+12125550100", B, area_code="212"), mapped_area_codes=("415", "628"))
        await store.write("test", own(*numbers.values(), others))
        query = NumberQuery(A, area_code, state)
        wanted = sorted((numbers[name] for name in expected), key=lambda item: item.phone_number)
        assert await store.read("test", lambda reader: reader.numbers(query, "", 9)) == wanted
        assert await store.read("test", lambda reader: reader.count_numbers(query)) == len(wanted)

    async def test_calls_are_listed_newest_first_and_then_by_call_id(self, home: Home) -> None:
        calls = [call(f"{call_id} {time}", time) for time in (3, 1, 2) for call_id in _IDS]
        await home.record(*calls)
        newest_first = sorted(calls, key=lambda item: (item.call_time, item.call_id), reverse=True)
        assert await _all_calls(home.store, CallQuery(A), 100) == newest_first
        # Pages end between calls of one time, and between two times.
        for limit in 1, 7, len(_IDS):
            assert await _all_calls(home.store, CallQuery(A), limit) == newest_first

    @pytest.mark.parametrize(
        ("callee_number", "user_id", "expected"),
        [
            (None, None, "dcba"),
            (CALLEE, None, "dba"),
            (None, "1", "ca"),
            (CALLEE, "1", "a"),
            (_OTHER_CALLEE, "2", ""),
            ("+16285550125", None, ""),
        ],
    )
    async def test_calls_are_listed_by_callee_and_by_user(
        self, home: Home, callee_number: str | None, user_id: str | None, expected: str
    ) -> None:
        calls = {
            "a": call("a", 1, user_id="1"),
            "b": call("b", 2, user_id="2"),
            "c": call("c", 3, user_id="1", callee_number=_OTHER_CALLEE),
            "d": call("d", 4, user_id="3"),
        }
        await home.record(*calls.values(), call("e", 5, user_id="1", organization_id=B))
        query = CallQuery(A, callee_number, user_id)
        for limit in 1, 2, 9:
            assert await _all_calls(home.store, query, limit) == [calls[name] for name in expected]

    async def test_a_page_of_calls_begins_right_behind_the_given_one(self, home: Home) -> None:
        await home.record(call("a", 1), call("b", 2), call("c", 2), call("d", 3))

        async def behind(call_time: int, call_id: str) -> list[str]:
            before = call_time, call_id
            page = await home.store.read("test", lambda reader: reader.calls(CallQuery(A), before, 9))
            return [found.call_id for found in page]

        assert await behind(3, "d") == ["c", "b", "a"]
        assert await behind(2, "c") == ["b", "a"]
        assert await behind(2, "b") == ["a"]
        assert await behind(2, "bb") == ["b", "a"]
        assert await behind(1, "a") == []

    async def test_the_last_call_is_the_newest_by_time_and_then_by_call_id(self, home: Home) -> None:
        async def last_call() -> OutboundCall | None:
            return await home.store.read("test", lambda reader: last_call_to(reader, A, CALLEE))

        assert await last_call() is None
        await home.record(call("others", 9, callee_number=_OTHER_CALLEE), call("b's", 9, organization_id=B))
        assert await last_call() is None
        await home.record(call("m", 5))
        assert await last_call() == call("m", 5)
        # A server that was slow to commit records a call that was made earlier.
        await home.record(call("z", 4))
        assert await last_call() == call("m", 5)
        await home.record(call("a", 5))
        assert await last_call() == call("m", 5)
        await home.record(call("n", 5))
        assert await last_call() == call("n", 5)
        await home.record(call("b", 6))
        assert await last_call() == call("b", 6)

    async def test_a_call_is_found_by_its_id_within_its_organization(self, home: Home) -> None:
        await home.record(call("c", user_id="1"), call("c", user_id="2", organization_id=B))
        assert await home.store.read("test", lambda reader: reader.call(A, "c")) == call("c", user_id="1")
        in_b = await home.store.read("test", lambda reader: reader.call(B, "c"))
        assert in_b == call("c", user_id="2", organization_id=B)
        assert await home.store.read("test", lambda reader: reader.call(A, "d")) is None


async def _all_calls(store: Store, query: CallQuery, limit: int) -> list[OutboundCall]:
    """Read all calls in pages of `limit`."""
    calls: list[OutboundCall] = []
    before: tuple[int, str] | None = None
    while page := await store.read("test", lambda reader, before=before: reader.calls(query, before, limit)):
        assert len(page) <= limit
        calls += page
        before = page[-1].call_time, page[-1].call_id
    return calls
