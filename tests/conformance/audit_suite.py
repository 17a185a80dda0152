"""The promises of every store about the record of changes."""

import asyncio
import inspect
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message

from localdial.v1.administration_pb2 import ApiKey as ApiKeyMessage
from localdial.v1.directory_pb2 import Organization as OrganizationMessage
from localdial.v1.directory_pb2 import User as UserMessage
from localdial.v1.number_inventory_pb2 import MapAreaCodesRequest
from localdial.v1.number_pb2 import LocalPresenceNumber
from localdial_server.app.current_caller import CURRENT_CALLER, Caller
from localdial_server.app.ports.store import AuditQuery, Reader, Store, Transaction
from localdial_server.domain.audit import MOST_AREA_CODES, AuditEvent, AuditEventKind
from localdial_server.domain.model import NumberState, Organization, User
from localdial_server.domain.principals import Principal, Role
from tests.conformance.api_keys_suite import FULL, key
from tests.conformance.statements import seen_statements
from tests.conformance.store_backend import SharedStoreFixtures, StoreFixtures
from tests.conformance.store_records import A, B, X, Y, Z, create, number, own, request, user

Kind = AuditEventKind

MANAGER = Caller(Principal("key:manager", Role.MANAGER, A), "192.0.2.1:50312", "Directory.SetUser", "one")
ADMIN = Caller(Principal("key:admin", Role.ADMIN), "192.0.2.2:50312", "Directory.DeleteUser", "")

_ANN = User(A, "ann", "Ann", "+13125550142", "+13125550143")
_REFUSED = {
    "state": NumberState.RELEASING,
    "release_refusal": "Remove the emergency address first.",
    "release_refusal_cause": "regulatory",
    "release_refused_time": 2,
    "release_retry_time": 3,
}

# Every method that changes something, with what it records. They are called in this order.
_RECORDED: Mapping[str, tuple[Callable[[Transaction], object], Sequence[Kind]]] = {
    "put_organization": (lambda tx: tx.put_organization(Organization(A, "A")), [Kind.ORGANIZATION_SET]),
    "put_users": (lambda tx: tx.put_users([_ANN, user("bob")]), [Kind.USER_SET, Kind.USER_SET]),
    "delete_user": (lambda tx: tx.delete_user(A, "bob"), [Kind.USER_DELETED]),
    "add_numbers": (lambda tx: tx.add_numbers([number(X)]), [Kind.NUMBER_ADDED]),
    "add_mappings": (lambda tx: tx.add_mappings(A, X, ["628"]), [Kind.AREA_CODES_MAPPED]),
    "delete_mappings": (lambda tx: tx.delete_mappings(A, X, ["628"]), [Kind.AREA_CODES_UNMAPPED]),
    "update_numbers": (
        lambda tx: tx.update_numbers([replace(number(X), state=NumberState.RELEASING)]),
        [Kind.NUMBER_CHANGED],
    ),
    "delete_number": (lambda tx: tx.delete_number(A, X), [Kind.NUMBER_REMOVED]),
    "put_api_key": (lambda tx: tx.put_api_key(key("k")), [Kind.API_KEY_CREATED]),
    "delete_organization": (
        lambda tx: tx.delete_organization(A),
        [Kind.USER_DELETED, Kind.ORGANIZATION_DELETED],
    ),
}

# Methods whose changes are no event, because they follow from one or are no change of content.
_NOT_RECORDED: Mapping[str, str] = {
    "bump_revision": "counts the changes that are recorded",
    "claim": "follows from a number that is added or from an organization number",
    "claim_all": "follows from numbers that are added",
    "disclaim": "follows from a number that is removed or from an organization number",
    "add_purchases": "follows from a number that is added",
    "delete_purchase": "follows from a number that is removed",
    "delete_purchases_before": "forgets what no longer counts toward a limit",
    "add_request": "is about the repeats of a request, which the event has",
    "set_answer": "is about the repeats of a request",
    "delete_request": "is about the repeats of a request",
}


async def _as(caller: Caller | None, store: Store, work: Callable[[Transaction], object]) -> None:
    """Run a unit of work as the server does for a call of this caller."""

    async def run() -> None:
        CURRENT_CALLER.set(caller)
        await store.write("test", work)

    await asyncio.create_task(run())


async def _events(
    store: Store, organization_id: str | None = A, limit: int = 1000, **filters: object
) -> list[AuditEvent]:
    """Return the events, oldest first."""
    query = AuditQuery(organization_id, **filters)  # type: ignore[arg-type]  # checked by the tests
    return list(reversed(await store.read("test", lambda reader: reader.audit_events(query, None, limit))))


def _page(query: AuditQuery, before: tuple[int, str] | None) -> Callable[[Reader], Sequence[AuditEvent]]:
    return lambda reader: reader.audit_events(query, before, 2)


async def _contents(store: Store, kind: Kind) -> list[tuple[str, Any, Any]]:
    """Return the subject of each event of this kind, and what was there before and after."""
    return [
        (
            event.subject,
            json.loads(event.before) if event.before else None,
            json.loads(event.after) if event.after else None,
        )
        for event in await _events(store, None, kind=kind)
    ]


def _furnish(transaction: Transaction) -> None:
    create(Organization(A, "A"), B)(transaction)
    transaction.put_users([_ANN])
    own(number(X))(transaction)


class AuditSuite(StoreFixtures):
    """Every store: the record of changes."""

    async def test_every_method_that_changes_something_records_it(self, store: Store) -> None:
        reads = {name for name, _ in inspect.getmembers(Reader, inspect.isfunction)}
        changes = {name for name, _ in inspect.getmembers(Transaction, inspect.isfunction)} - reads
        assert {name for name in changes if not name.startswith("_")} == {*_RECORDED, *_NOT_RECORDED}
        expected: list[Kind] = []
        for name, (work, kinds) in _RECORDED.items():
            await store.write("test", work)
            expected += kinds
            assert [event.kind for event in await _events(store)] == expected, name

    async def test_a_change_that_is_rolled_back_leaves_no_event(self, store: Store) -> None:
        def work(transaction: Transaction) -> None:
            _furnish(transaction)
            assert transaction.audit_events(AuditQuery(A), None, 9)
            raise InterruptedError

        with pytest.raises(InterruptedError):
            await store.write("test", work)
        assert await _events(store, None) == []

    async def test_an_event_says_who_made_the_change_when_from_where_and_how(self, store: Store) -> None:
        await store.write("test", create(A))
        await _as(MANAGER, store, lambda tx: tx.put_users([_ANN]))
        await _as(ADMIN, store, lambda tx: tx.delete_user(A, "ann"))
        system, set_, deleted = await _events(store)
        assert (system.principal, system.address, system.method, system.request_id) == ("system", "", "", "")
        assert (set_.organization_id, set_.subject, set_.kind) == (A, "ann", Kind.USER_SET)
        assert (set_.principal, set_.address) == ("key:manager", "192.0.2.1:50312")
        assert (set_.method, set_.request_id) == ("Directory.SetUser", "one")
        assert (deleted.principal, deleted.request_id) == ("key:admin", "")
        assert deleted.before == set_.after
        assert system.event_time <= set_.event_time <= deleted.event_time
        ids = [event.event_id for event in (system, set_, deleted)]
        assert ids == sorted(ids)
        assert {uuid.UUID(each).version for each in ids} == {7}

    async def test_what_was_there_is_the_json_of_a_message_of_the_contract(self, store: Store) -> None:
        await store.write("test", _furnish)

        def change(transaction: Transaction) -> None:
            transaction.put_organization(Organization(A, 'Zoë & "Søn" 雪', Z))
            transaction.put_users([replace(_ANN, work_phone=None)])
            refused = replace(number(X), locality="San José", region="CA", **_REFUSED)  # type: ignore[arg-type]
            transaction.update_numbers([refused])
            transaction.add_mappings(A, X, ["628", "212"])
            transaction.put_api_key(FULL)

        await store.write("test", change)
        messages: Mapping[Kind, Message] = {
            Kind.ORGANIZATION_SET: OrganizationMessage(),
            Kind.USER_SET: UserMessage(),
            Kind.NUMBER_ADDED: LocalPresenceNumber(),
            Kind.NUMBER_CHANGED: LocalPresenceNumber(),
            Kind.AREA_CODES_MAPPED: MapAreaCodesRequest(),
            Kind.API_KEY_CREATED: ApiKeyMessage(),
        }
        for kind, message in messages.items():
            contents = await _contents(store, kind)
            assert contents
            for _, before, after in contents:
                for content in filter(None, (before, after)):
                    ParseDict(content, type(message)())
        assert (await _contents(store, Kind.ORGANIZATION_SET))[-1] == (
            "",
            {"organization_id": A, "display_name": "A"},
            {"organization_id": A, "display_name": 'Zoë & "Søn" 雪', "organization_number": Z},
        )
        ann = {"organization_id": A, "user_id": "ann", "display_name": "Ann", "caller_id": "+13125550142"}
        (_, (subject, before, after)) = await _contents(store, Kind.USER_SET)
        assert (subject, before, after) == ("ann", {**ann, "work_phone": "+13125550143"}, ann)
        ((subject, before, after),) = await _contents(store, Kind.NUMBER_CHANGED)
        added = {
            "organization_id": A,
            "phone_number": X,
            "area_code": "415",
            "state": "NUMBER_STATE_ACTIVE",
            "carrier": "carrier",
            "purchase_time": "1970-01-01T00:00:00.000001Z",
        }
        assert (subject, before) == (X, added)
        assert after == {
            **added,
            "state": "NUMBER_STATE_RELEASING",
            "locality": "San José",
            "region": "CA",
            "release_status": {"code": 9, "message": "Remove the emergency address first."},
        }
        assert await _contents(store, Kind.AREA_CODES_MAPPED) == [(X, None, {"area_codes": ["212", "628"]})]

    async def test_an_event_of_a_key_has_neither_its_hash_nor_its_last_use(self, store: Store) -> None:
        await store.write("test", lambda tx: tx.put_api_key(key("k", None)))
        rotated = key("k", None).rotated("new hash", 7, 9)
        await store.write("test", lambda tx: tx.put_api_key(replace(rotated, last_use_time=1)))
        await store.write("test", lambda tx: tx.put_api_key(rotated.revoked(8)))
        await store.write("test", lambda tx: tx.put_api_key(rotated.revoked(8)))
        events = await _events(store, "")
        assert [event.kind for event in events] == [
            Kind.API_KEY_CREATED,
            Kind.API_KEY_ROTATED,
            Kind.API_KEY_REVOKED,
        ]
        assert all(event.subject == "k" for event in events)
        for event in events:
            assert "hash" not in event.before + event.after
            assert "last_use" not in event.before + event.after
        assert json.loads(events[0].after)["role"] == "ROLE_ADMIN"
        assert json.loads(events[-1].after)["revoke_time"] == "1970-01-01T00:00:00.000008Z"

    async def test_a_change_of_nothing_and_bookkeeping_are_no_events(self, store: Store) -> None:
        await store.write("test", _furnish)
        before = await _events(store)

        def change(transaction: Transaction) -> None:
            transaction.put_organization(Organization(A, "A"))
            transaction.put_users([_ANN])
            transaction.delete_user(A, "unknown")
            transaction.update_numbers(
                [replace(number(X), carrier_busy_until=9, version=9, release_retry_time=9)]
            )
            transaction.add_mappings(A, X, [])
            transaction.delete_mappings(A, X, ["212"])
            transaction.delete_number(A, Y)
            transaction.add_request(request("r"))

        await store.write("test", change)
        assert await _events(store) == before

    async def test_what_a_deletion_takes_along_is_recorded(self, store: Store) -> None:
        await store.write("test", _furnish)
        await store.write("test", lambda tx: tx.add_mappings(A, X, ["212"]))
        await store.write("test", lambda tx: tx.put_users([user("bob")]))

        def delete(transaction: Transaction) -> None:
            transaction.delete_number(A, X)
            transaction.disclaim(X, A)
            transaction.delete_organization(A)

        count = len(await _events(store))
        await store.write("test", delete)
        deleted = (await _events(store))[count:]
        assert [(event.kind, event.subject) for event in deleted] == [
            (Kind.AREA_CODES_UNMAPPED, X),
            (Kind.NUMBER_REMOVED, X),
            (Kind.USER_DELETED, "ann"),
            (Kind.USER_DELETED, "bob"),
            (Kind.ORGANIZATION_DELETED, ""),
        ]
        assert all(event.before and not event.after for event in deleted)

    async def test_the_largest_event_is_small_and_nothing_is_left_out(self, store: Store) -> None:
        await store.write("test", _furnish)
        codes = [f"+{index}" for index in range(1000, 1000 + 2 * MOST_AREA_CODES + 1)]
        await store.write("test", lambda tx: tx.add_mappings(A, X, codes))
        await store.write(
            "test",
            lambda tx: tx.update_numbers(
                [replace(number(X), release_refusal="\N{SNOWMAN}" * 5000, locality="雪" * 200)]
            ),
        )
        await store.write("test", lambda tx: tx.delete_mappings(A, X, None))
        for kind in Kind.AREA_CODES_MAPPED, Kind.AREA_CODES_UNMAPPED:
            contents = [before or after for _, before, after in await _contents(store, kind)]
            assert [code for content in contents for code in content["area_codes"]] == codes
            assert len(contents) == 3
        sizes = [len((event.before + event.after).encode()) for event in await _events(store)]
        assert max(sizes) < 4000

    async def test_a_thousand_users_are_recorded_by_one_statement(self, store: Store) -> None:
        await store.write("test", create(A))
        users = [user(f"u{index:04}") for index in range(1000)]
        with seen_statements("INSERT INTO audit_events") as seen:
            await store.write("test", lambda tx: tx.put_users(users))
        assert len(seen) == 1
        recorded = await _events(store, kind=Kind.USER_SET)
        assert [event.subject for event in recorded] == [each.user_id for each in users]

    async def test_events_are_filtered(self, store: Store) -> None:
        await _as(ADMIN, store, _furnish)
        await _as(MANAGER, store, lambda tx: tx.put_users([user("ann", B), user("bob")]))
        await store.write("test", lambda tx: tx.put_api_key(key("k", None)))
        every = await _events(store, None)
        for organization_id in None, A, B, "", "unknown":
            for principal in None, "key:admin", "key:manager", "unknown":
                for kind in None, *Kind:
                    for subject in None, "ann", X, "unknown":
                        found = await _events(
                            store, organization_id, principal=principal, kind=kind, subject=subject
                        )
                        assert found == [
                            event
                            for event in every
                            if organization_id in {None, event.organization_id}
                            and principal in {None, event.principal}
                            and kind in {None, event.kind}
                            and subject in {None, event.subject}
                        ]
        assert len(every) == 7

    async def test_events_are_paged_newest_first_between_two_times(self, store: Store) -> None:
        await store.write("test", create(A, B))
        for name in "one", "two", "three":
            users = [user(str(index), each, name) for index in range(3) for each in (A, B)]
            await store.write("test", lambda tx, users=users: tx.put_users(users))
        for organization_id in A, None:
            every = await _events(store, organization_id)
            assert every == sorted(every, key=lambda event: (event.event_time, event.event_id))
            start, end = every[2].event_time, every[-2].event_time
            query = AuditQuery(organization_id, start_time=start, end_time=end)
            found: list[AuditEvent] = []
            before: tuple[int, str] | None = None
            while page := await store.read("test", _page(query, before)):
                found += page
                before = page[-1].event_time, page[-1].event_id
            assert found == [event for event in reversed(every) if start <= event.event_time < end]
            assert found


class SharedAuditSuite(SharedStoreFixtures):
    """Every store that several servers may share: the record of changes."""

    async def test_changes_of_two_servers_at_once_are_all_recorded_each_with_its_own_caller(
        self, stores: tuple[Store, Store]
    ) -> None:
        await stores[0].write("test", create(A))
        callers = MANAGER, ADMIN

        async def change(index: int) -> None:
            server = index % 2
            await _as(callers[server], stores[server], lambda tx: tx.put_users([user(f"u{index}")]))

        await asyncio.gather(*map(change, range(20)))
        for store in stores:
            recorded = await _events(store, kind=Kind.USER_SET)
            assert {(event.subject, event.principal) for event in recorded} == {
                (f"u{index}", callers[index % 2].principal.name) for index in range(20)
            }
            assert len(recorded) == 20

    async def test_a_change_that_runs_again_is_recorded_once_with_what_it_really_replaced(
        self, stores: tuple[Store, Store]
    ) -> None:
        await stores[0].write("test", create(Organization(A, "0")))

        def add_one(transaction: Transaction) -> None:
            organization = transaction.organization(A)
            assert organization is not None
            transaction.put_organization(Organization(A, str(int(organization.display_name) + 1)))

        await asyncio.gather(*(store.write("test", add_one) for store in stores * 10))
        changes = await _contents(stores[0], Kind.ORGANIZATION_SET)
        names = sorted((before or {}).get("display_name", "") for _, before, _ in changes)
        assert names == sorted(["", *map(str, range(20))])
