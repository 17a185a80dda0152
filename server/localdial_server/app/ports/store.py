"""The storage ports: what the use cases ask of the database.

A unit of work is a plain function of a ``Reader`` or a ``Transaction``. It
cannot await, so nothing holds a transaction open while it waits for a carrier
or a client, and it may be run again from the start, so it changes nothing but
what the transaction rolls back.

Every store is held to these promises by ``tests/conformance``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from localdial_server.domain.model import Number, NumberState, Organization, OutboundCall, User

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NumberQuery:
    """Which numbers to list. None: any. An area code matches own and mapped ones."""

    organization_id: str
    area_code: str | None = None
    state: NumberState | None = None


@dataclass(frozen=True, slots=True)
class CallQuery:
    """Which calls to list. None: any."""

    organization_id: str
    callee_number: str | None = None
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """A request that spends or deletes.

    `answer` is what a repeat is given; None until the request is answered.
    """

    organization_id: str
    request_id: str
    arguments: str
    answer: str | None
    create_time: int


class Reader(Protocol):
    """One consistent view of the database."""

    def revision(self, organization_id: str) -> int:
        """Answer how often the organization was changed; 0 if it never was."""

    def organization(self, organization_id: str) -> Organization | None:
        """Answer the organization."""

    def organizations(self, after: str, limit: int) -> Sequence[tuple[Organization, int]]:
        """Answer organizations with their revisions, by id, from behind ``after``."""

    def count_organizations(self) -> int:
        """Answer how many organizations there are."""

    def user(self, organization_id: str, user_id: str) -> User | None:
        """Answer the user."""

    def users_by_id(self, organization_id: str, user_ids: Sequence[str]) -> Mapping[str, User]:
        """Answer those of the users that there are, by id."""

    def users(self, organization_id: str, after: str, limit: int) -> Sequence[User]:
        """Answer users by id, from behind ``after``."""

    def count_users(self, organization_id: str) -> int:
        """Answer how many users the organization has."""

    def number(self, organization_id: str, phone_number: str) -> Number | None:
        """Answer the number, in whatever state, if the organization has it."""

    def numbers(self, query: NumberQuery, after: str, limit: int) -> Sequence[Number]:
        """Answer numbers by phone number, from behind ``after``."""

    def count_numbers(self, query: NumberQuery) -> int:
        """Answer how many numbers match."""

    def numbers_of_request(self, organization_id: str, request_id: str) -> Sequence[Number]:
        """Return the numbers that the request has ordered, by phone number, unless it was answered long ago.

        Abandoned orders are left out. A number that was released since is RELEASED, with no more
        than its phone number, area code, reference and purchase time.
        """

    def purchases_since(self, organization_id: str, since: int) -> tuple[int, int | None]:
        """Answer how many numbers were ordered from then on, and when the first of them was."""

    def owners_of(self, phone_numbers: Sequence[str]) -> Mapping[str, str]:
        """Answer which organization each number reaches; a number of nobody is left out."""

    def unsettled_numbers(self) -> Sequence[Number]:
        """Answer every organization's numbers that are PURCHASING or RELEASING."""

    def owner_of(self, phone_number: str) -> str | None:
        """Answer the organization that the number reaches, as inventory or its own."""

    def call(self, organization_id: str, call_id: str) -> OutboundCall | None:
        """Answer the recorded call."""

    def last_call_to(self, organization_id: str, callee_number: str) -> OutboundCall | None:
        """Answer the newest recorded call to the number. One row read, by index."""

    def calls(self, query: CallQuery, before: tuple[int, str] | None, limit: int) -> Sequence[OutboundCall]:
        """Answer calls, newest first, from behind the (call_time, call_id)."""

    def request(self, organization_id: str, request_id: str) -> StoredRequest | None:
        """Answer the request."""


class Transaction(Reader, Protocol):
    """A consistent view that can be changed. No other transaction interleaves."""

    def bump_revision(self, organization_id: str) -> int:
        """Count one change of the organization; answer its new revision."""

    def put_organization(self, organization: Organization) -> None:
        """Create or replace the organization. Claims are the caller's business."""

    def delete_organization(self, organization_id: str) -> None:
        """Delete it with its users, claims and requests; it must have no numbers.

        Its revision, the day's purchases, of no request any more, and the records of its calls stay.
        """

    def put_users(self, users: Sequence[User]) -> None:
        """Create or replace the users."""

    def delete_user(self, organization_id: str, user_id: str) -> None:
        """Delete the user; the records of the calls stay."""

    def claim(self, phone_number: str, organization_id: str) -> bool:
        """Make the organization the number's owner; False if another one is."""

    def disclaim(self, phone_number: str, organization_id: str) -> None:
        """Give the number up, unless inventory or organization still uses it."""

    def add_number(self, number: Number) -> None:
        """Add a number that the organization has claimed."""

    def update_number(self, number: Number) -> None:
        """Store the number's state and what the carrier said of it."""

    def delete_number(self, organization_id: str, phone_number: str) -> None:
        """Delete the number with its mappings. The claim stays."""

    def add_purchase(self, number: Number) -> None:
        """Record that the number was ordered: for the limit of the day, and for its `request_id`."""

    def delete_purchase(self, organization_id: str, reference: str) -> None:
        """Forget the order, of which nothing came; one that is not there is no error."""

    def delete_purchases_before(self, organization_id: str, time: int) -> None:
        """Forget the organization's purchases from before then, but for those of unanswered requests."""

    def add_mappings(self, organization_id: str, phone_number: str, area_codes: Sequence[str]) -> int:
        """Map the area codes that are not mapped yet; answer how many those were."""

    def delete_mappings(
        self, organization_id: str, phone_number: str, area_codes: Sequence[str] | None
    ) -> int:
        """End the mappings (None: all of the number's); answer how many there were."""

    def add_request(self, request: StoredRequest) -> None:
        """Store a request that was not stored yet."""

    def set_answer(self, organization_id: str, request_id: str, answer: str) -> None:
        """Store the request's answer."""

    def delete_request(self, organization_id: str, request_id: str) -> None:
        """Forget the request; one that is not there is no error."""


class Store(Protocol):
    """The database. Every method raises `StorageUnavailable` when it does not answer.

    Every unit of work has a constant `name`, "<use case>.<step>", by which the log tells it from
    others when it fails.
    """

    async def read(self, name: str, work: Callable[[Reader], T]) -> T:
        """Run `work` on one consistent view of everything committed before, and return its result."""

    async def write(
        self, name: str, work: Callable[[Transaction], T], *, serialize_on: str | None = None
    ) -> T:
        """Run `work` in a transaction and return its result: durable then, rolled back if `work` raises.

        On return this process decides calls at the revisions that `work` bumped or read: where an
        older snapshot of such an organization is in memory, it was reloaded. A read counts so that
        the repeat of a change, which finds nothing to do, promises no less. A reload that fails drops
        the snapshot instead, since the change itself is committed.

        Units of work with the same `serialize_on` run one at a time in this process. Pass the
        organization_id where `work` bumps or reads the organization's revision: concurrent
        transactions on that row would only roll each other back.
        """
