"""The storage ports: what the use cases ask of the database.

A unit of work is a plain function of a `Reader` or a `Transaction`. It cannot await, so
no transaction stays open while something waits for a carrier or a client. It may run
again from the start, so it changes nothing but what the transaction rolls back.

Phone numbers are in E.164, and times are microseconds since the epoch. Lists are in
ascending order of the key that is named, and `after` is the key after which a page begins
("" for the first page). The suites in `tests/conformance` hold every store to this.

A *purchase* is the record that one number was ordered. It is deleted if the order is
abandoned, and stays if the number is released later.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from localdial_server.domain.api_keys import ApiKey
from localdial_server.domain.audit import AuditEvent, AuditEventKind
from localdial_server.domain.call_counts import CallCount, HourRange
from localdial_server.domain.model import (
    InboundCall,
    Number,
    NumberState,
    Organization,
    OutboundCall,
    User,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NumberQuery:
    """A filter for an organization's numbers; None matches any.

    `area_code` matches a number's own area code and the ones that are mapped to it.
    """

    organization_id: str
    area_code: str | None = None
    state: NumberState | None = None


@dataclass(frozen=True, slots=True)
class CallQuery:
    """A filter for an organization's calls; None matches any.

    `callee_number` matches any spelling of the number, by `phone_key`. `start_time` is inclusive and
    `end_time` exclusive.
    """

    organization_id: str
    callee_number: str | None = None
    user_id: str | None = None
    caller_id: str | None = None
    start_time: int | None = None
    end_time: int | None = None


@dataclass(frozen=True, slots=True)
class InboundCallQuery:
    """A filter for an organization's call-backs; None matches any.

    Both numbers match any spelling (`phone_key`). `missed`: only those that nobody took. `start_time` is
    inclusive and `end_time` exclusive.
    """

    organization_id: str
    caller_number: str | None = None
    called_number: str | None = None
    user_id: str | None = None
    missed: bool = False
    start_time: int | None = None
    end_time: int | None = None


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """A filter for the record of changes; None matches any.

    An `organization_id` of None matches the changes of every organization, and those that belong to none.
    `start_time` is inclusive and `end_time` exclusive.
    """

    organization_id: str | None
    principal: str | None = None
    kind: AuditEventKind | None = None
    subject: str | None = None
    start_time: int | None = None
    end_time: int | None = None


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """A request that spends or deletes.

    A repeat must have the same `arguments` and gets the same `answer`, which is None until the
    request is answered.
    """

    organization_id: str
    request_id: str
    arguments: str
    answer: str | None
    create_time: int


class Reader(Protocol):
    """One consistent view of the database."""

    def revision(self, organization_id: str) -> int:
        """Return how many times the organization was changed; 0 if it never was."""

    def organization(self, organization_id: str) -> Organization | None:
        """Return the organization, or None if it does not exist."""

    def organizations(self, after: str, limit: int) -> Sequence[tuple[Organization, int]]:
        """Return up to `limit` organizations with their revisions, by organization_id."""

    def count_organizations(self) -> int:
        """Return the number of organizations."""

    def user(self, organization_id: str, user_id: str) -> User | None:
        """Return the user, or None if it does not exist."""

    def users_by_id(self, organization_id: str, user_ids: Sequence[str]) -> Mapping[str, User]:
        """Return the users by user_id, without those that do not exist."""

    def users(self, organization_id: str, after: str, limit: int) -> Sequence[User]:
        """Return up to `limit` users, by user_id."""

    def count_users(self, organization_id: str) -> int:
        """Return the number of the organization's users."""

    def number(self, organization_id: str, phone_number: str) -> Number | None:
        """Return the number, in whatever state, or None if the organization does not have it."""

    def numbers_by_phone_number(
        self, organization_id: str, phone_numbers: Sequence[str]
    ) -> Mapping[str, Number]:
        """Return the numbers by phone number, in whatever state, without those that do not exist."""

    def numbers(self, query: NumberQuery, after: str, limit: int) -> Sequence[Number]:
        """Return up to `limit` numbers that match, by phone number."""

    def count_numbers(self, query: NumberQuery) -> int:
        """Return how many numbers match."""

    def numbers_of_request(self, organization_id: str, request_id: str) -> Sequence[Number]:
        """Return the numbers of the request's purchases, by phone number; empty once those are deleted.

        Pending orders are included. A number that was released since is RELEASED, with no more
        than its phone number, area code, reference and purchase time.
        """

    def count_orders(self, organization_id: str, request_id: str) -> int:
        """Return how many numbers `numbers_of_request` returns."""

    def purchases_since(self, organization_id: str, since: int) -> tuple[int, int | None]:
        """Return the number of purchases at `since` or later and the time of the first; None if none."""

    def owners_of(self, phone_numbers: Sequence[str]) -> Mapping[str, str]:
        """Return the owner's organization_id for each phone number that is claimed."""

    def open_numbers(self) -> Sequence[Number]:
        """Return all open numbers (`NumberState.is_open`) of every organization, in no particular order."""

    def owner_of(self, phone_number: str) -> str | None:
        """Return the organization_id that has claimed the number, in any spelling (`phone_key`), or None."""

    def call(self, organization_id: str, call_id: str) -> OutboundCall | None:
        """Return the recorded call, or None."""

    def calls(self, query: CallQuery, before: tuple[int, str] | None, limit: int) -> Sequence[OutboundCall]:
        """Return up to `limit` calls that match, newest first by (call_time, call_id).

        Begin after the pair `before`, or with the newest if it is None.
        """

    def inbound_calls(
        self, query: InboundCallQuery, before: tuple[int, str] | None, limit: int
    ) -> Sequence[InboundCall]:
        """Return up to `limit` call-backs that match, newest first by (call_time, call_id).

        Begin after the pair `before`, or with the newest if it is None. Outcomes whose call is not
        recorded are left out.
        """

    def count_missed_call_backs(self, organization_id: str | None, since: int) -> int:
        """Return how many call-backs nobody took at `since` or later (`InboundCallQuery.missed`).

        None: of all organizations.
        """

    def call_counts(
        self, organization_id: str, kind: CallCount, ranges: Sequence[HourRange]
    ) -> Mapping[str, Sequence[int]]:
        """Return by subject how many calls are counted in each of the ranges, without subjects of none.

        The ranges are contiguous and in order.
        """

    def shown_times(self, organization_id: str, caller_ids: Sequence[str]) -> Mapping[str, int]:
        """Return when counted calls last showed the caller IDs, without those that none has shown."""

    def counted_until(self) -> int | None:
        """Return before which time calls must have been recorded to be counted; None if none is."""

    def request(self, organization_id: str, request_id: str) -> StoredRequest | None:
        """Return the request, or None."""

    def api_key(self, key_id: str) -> ApiKey | None:
        """Return the API key, in whatever state, or None if there is none."""

    def api_keys(self, organization_id: str | None, after: str, limit: int) -> Sequence[ApiKey]:
        """Return up to `limit` API keys of the organization (None: all keys), by key_id."""

    def count_api_keys(self, organization_id: str | None) -> int:
        """Return the number of API keys of the organization (None: of all keys)."""

    def audit_events(
        self, query: AuditQuery, before: tuple[int, str] | None, limit: int
    ) -> Sequence[AuditEvent]:
        """Return up to `limit` recorded changes that match, newest first by (event_time, event_id).

        Begin after the pair `before`, or with the newest if it is None.
        """


class Transaction(Reader, Protocol):
    """A consistent view that can be changed. No other transaction interleaves.

    Every change of what the contract shows is recorded in the same transaction, with what was there
    before and after (`audit_events`). Claims, purchases, requests and revisions are not recorded by
    themselves: they follow from changes that are.
    """

    def bump_revision(self, organization_id: str) -> int:
        """Count one change of the organization and return its new revision."""

    def put_organization(self, organization: Organization) -> None:
        """Create or replace the organization. This changes no claim of a phone number."""

    def delete_organization(self, organization_id: str) -> None:
        """Delete the organization with its users, claims and requests. It must have no numbers.

        Its revision, its API keys and the records of its calls stay. The last day's purchases stay too,
        without their request_id.
        """

    def put_users(self, users: Sequence[User]) -> None:
        """Create or replace the users."""

    def delete_user(self, organization_id: str, user_id: str) -> None:
        """Delete the user, if it exists. The records of its calls stay."""

    def claim(self, phone_number: str, organization_id: str) -> bool:
        """Claim the number for the organization, in all its spellings (`phone_key`).

        Returns False if another organization has claimed it.
        """

    def claim_all(self, phone_numbers: Sequence[str], organization_id: str) -> Collection[str]:
        """Claim the numbers as `claim` does; return those that the organization has claimed."""

    def disclaim(self, phone_number: str, organization_id: str) -> None:
        """End the organization's claim unless the number is its organization number or in its inventory.

        Another spelling of the number (`phone_key`) counts too.
        """

    def add_numbers(self, numbers: Sequence[Number]) -> None:
        """Add numbers that their organization has claimed. Their mappings are not stored."""

    def update_numbers(self, numbers: Sequence[Number]) -> Sequence[Number]:
        """Replace every field of the numbers but their mappings; return each with its next `version`."""

    def delete_number(self, organization_id: str, phone_number: str) -> None:
        """Delete the number with its mappings. The claim stays."""

    def add_purchases(self, orders: Sequence[Number]) -> None:
        """Record the orders for the numbers, for the purchase limit and under their `request_id`."""

    def delete_purchase(self, organization_id: str, reference: str) -> None:
        """Delete the purchase of an abandoned order, if there is one."""

    def delete_purchases_before(self, organization_id: str, time: int) -> None:
        """Delete the purchases before `time`, except those of unanswered requests."""

    def add_mappings(self, organization_id: str, phone_number: str, area_codes: Sequence[str]) -> int:
        """Map the area codes to the number; return how many were not mapped to it before."""

    def delete_mappings(
        self, organization_id: str, phone_number: str, area_codes: Sequence[str] | None
    ) -> int:
        """Delete these mappings of the number (None: all of them); return how many were deleted."""

    def add_request(self, request: StoredRequest) -> None:
        """Store a request that was not stored yet."""

    def set_answer(self, organization_id: str, request_id: str, answer: str) -> None:
        """Store the answer of the request."""

    def delete_request(self, organization_id: str, request_id: str) -> None:
        """Delete the request, if it exists."""

    def put_api_key(self, api_key: ApiKey) -> None:
        """Create or replace the API key, except for its `last_use_time`."""


class Store(Protocol):
    """The database. Every method raises `StorageUnavailable` when the database does not answer.

    Every unit of work has a constant `name`, "<use case>.<step>", which identifies it in the log when
    it fails.
    """

    async def read(self, name: str, work: Callable[[Reader], T]) -> T:
        """Run `work` on one consistent view of everything committed before, and return its result."""

    async def write(
        self, name: str, work: Callable[[Transaction], T], *, serialize_on: str | None = None
    ) -> T:
        """Run `work` in a transaction and return its result.

        On return the change is durable; if `work` raises, it is rolled back. On return this process also
        decides calls at the revisions that `work` bumped or read: older snapshots in memory were reloaded,
        or dropped if that failed. Revisions that were only read count too: a repeated change finds nothing
        to do, but must give the same guarantee. Changes of API keys apply to this process as well.

        Units of work with the same `serialize_on` run one at a time in this process. Pass the
        organization_id where `work` bumps or reads the organization's revision: concurrent
        transactions on that row would only roll each other back.
        """
