"""Random operations on the use cases: the results never differ from the model of the rules.

There are few names and numbers, so that operations interact: a purchase finds
organization numbers, agents call numbers of the inventory, and an organization gets
the name of a deleted one. After every change, every possible resolve is compared.
"""

import itertools
import uuid

from hypothesis import settings
from hypothesis.stateful import initialize, invariant, precondition, rule
from hypothesis.strategies import integers, lists, sampled_from, tuples

from tests.scenarios.model import WITHHELD, ModelCall, area_code
from tests.scenarios.model_comparison import ComparingMachine

_ORGANIZATIONS = ["acme", "zenith"]
_USERS = ["ann", "bob"]
# The first numbers on sale in their area codes, those of the account from the start, and unowned ones.
_ON_SALE = ["+14155550100", "+14155550101", "+15105550100", "+442079460000"]
_OWNED_FROM_START = ["+14155550199", "+15105550199"]
_NOBODYS = ["+14155550172", "+15105550172", "+16285550172", "+442083660177", "+18005550172"]
_CODES = ["415", "510", "628", "+4420"]
_PHONES = [*_ON_SALE, *_OWNED_FROM_START, *_NOBODYS]

_organizations = sampled_from(["acme", "acme", "zenith"])
_users = sampled_from(_USERS)
_phones = sampled_from(_PHONES)
_maybe_phones = sampled_from([None, *_PHONES])
# The index of a number in all inventories, and the organization that acts on it; None is its owner.
_indexes = integers(0, 9)
_actors = sampled_from([None, None, None, "acme", "zenith"])
# The index of a user, the callee, the call_id, and whether the call is only validated.
_calls = tuples(
    integers(0, 4), _phones, sampled_from([None, None, "c1", "c2"]), sampled_from([False, False, True])
)


class RulesMachine(ComparingMachine):
    """The operations, in any order."""

    @initialize(main_number=_maybe_phones, caller_id=_maybe_phones, work_phone=_maybe_phones)
    def begin(self, main_number: str | None, caller_id: str | None, work_phone: str | None) -> None:
        """Create some state, so that most operations find something."""
        for organization in _ORGANIZATIONS:
            self.set_organization(organization, None)
            self.set_user(organization, "ann", caller_id, work_phone)
        self.set_user("acme", "bob", None, "+13125550152")
        self.buy("acme", "415", 2)
        for index in 0, 1:
            self.map_area_code(None, index, "628")
        self.set_organization("acme", main_number)

    # Changes.

    @rule(organization=_organizations, number=_maybe_phones)
    def set_organization(self, organization: str, number: str | None) -> None:
        taken = number is not None and self.model.owner_of(number) not in {None, organization}
        changing = self.target.set_organization(organization, number)
        if self.done(organization, changing, "NUMBER_IN_USE" if taken else None):
            self.model.organization_numbers[organization] = number

    @rule(organization=_organizations)
    def delete_organization(self, organization: str) -> None:
        error = self.unknown(organization)
        if organization in self.model.owners.values():
            error = "ORGANIZATION_HAS_NUMBERS"
        if self.done(organization, self.target.delete_organization(organization), error):
            del self.model.organization_numbers[organization]
            for user in _USERS:
                self.model.caller_ids.pop((organization, user), None)
                self.model.work_phones.pop((organization, user), None)

    @rule(organization=_organizations, user=_users, caller_id=_maybe_phones, work_phone=_maybe_phones)
    def set_user(self, organization: str, user: str, caller_id: str | None, work_phone: str | None) -> None:
        changing = self.target.set_user(organization, user, caller_id, work_phone)
        if self.done(organization, changing, self.unknown(organization)):
            self.model.caller_ids[organization, user] = caller_id
            self.model.work_phones[organization, user] = work_phone

    @rule(organization=_organizations, user=_users)
    def delete_user(self, organization: str, user: str) -> None:
        error = self.unknown(organization)
        if error is None and (organization, user) not in self.model.caller_ids:
            error = "USER_NOT_FOUND"
        if self.done(organization, self.target.delete_user(organization, user), error):
            del self.model.caller_ids[organization, user]
            del self.model.work_phones[organization, user]

    @rule(
        organization=_organizations,
        code=sampled_from(["415", "415", "510", "+4420", "907"]),
        quantity=integers(1, 2),
    )
    def buy(self, organization: str, code: str, quantity: int) -> None:
        request_id = str(uuid.uuid4())
        bought = self.ask(
            self.application.use_cases.purchasing.purchase(organization, code, quantity, request_id)
        )
        if self.unknown(organization) or code == "907":  # which is sold out
            assert bought == (self.unknown(organization) or "NO_NUMBERS_AVAILABLE")
            return
        assert not isinstance(bought, str), bought
        assert (len(bought.numbers), bought.unfilled_count) == (quantity, 0)
        for each in bought.numbers:
            number = each.phone_number
            assert area_code(number) == code
            # It must be in no inventory, and no organization number.
            assert self.model.owner_of(number) is None
            self.model.owners[number], self.model.mapped[number] = organization, set()
        self.revisions[organization] = bought.revision
        self.changed = True

    @rule(organization=_organizations, number=sampled_from([*_OWNED_FROM_START, *_ON_SALE]))
    def import_number(self, organization: str, number: str) -> None:
        known_here = number in self.model.owners and number not in self.model.external
        at_carrier = known_here or number in {*_OWNED_FROM_START} - self.gone_for_good
        taken = self.model.owner_of(number) not in {None, organization}
        if taken and not at_carrier:
            return  # Two errors apply, and the server may return either.
        error = self.unknown(organization)
        if error is None and number in self.model.external:
            # The server sees this in its inventory, before it asks the carrier.
            error = "NUMBER_IN_USE"
        if error is None and not at_carrier:
            error = "NUMBER_NOT_AT_CARRIER"
        if error is None and taken:
            error = "NUMBER_IN_USE"
        if self.done(organization, self.import_one(organization, number), error):
            self.model.owners[number] = organization
            self.model.mapped.setdefault(number, set())

    @rule(organization=_organizations, number=_phones)
    def import_external(self, organization: str, number: str) -> None:
        taken = self.model.owner_of(number) not in {None, organization}
        held_here = number in self.model.owners and number not in self.model.external
        error = self.unknown(organization) or ("NUMBER_IN_USE" if taken or held_here else None)
        if self.done(organization, self.target.import_external(organization, number), error):
            self.model.owners[number] = organization
            self.model.mapped.setdefault(number, set())
            self.model.external.add(number)

    @rule(actor=_actors, index=_indexes)
    def delete_number(self, actor: str | None, index: int) -> None:
        organization, number = self.actor_and_number(actor, index)
        changing = self.target.delete_number(organization, number)
        if self.done(organization, changing, self.not_its(organization, number)):
            del self.model.owners[number], self.model.mapped[number]
            if number not in self.model.external:
                self.gone_for_good |= {number} & set(_OWNED_FROM_START)
            self.model.external.discard(number)

    @rule(actor=_actors, index=_indexes, code=sampled_from([*_CODES, "800"]))
    def map_area_code(self, actor: str | None, index: int, code: str) -> None:
        organization, number = self.actor_and_number(actor, index)
        senseless = code in {area_code(number), "800"}  # its own, or no place
        error = "INVALID_FIELDS" if senseless else self.not_its(organization, number)
        if self.done(organization, self.target.map_area_codes(organization, number, [code]), error):
            self.model.mapped[number].add(code)

    @rule(actor=_actors, index=_indexes, code=sampled_from(_CODES))
    def unmap_area_code(self, actor: str | None, index: int, code: str) -> None:
        organization, number = self.actor_and_number(actor, index)
        changing = self.target.unmap_area_codes(organization, number, [code])
        if self.done(organization, changing, self.not_its(organization, number)):
            self.model.mapped[number].discard(code)

    # Calls.

    @rule(calls=lists(_calls, min_size=2, max_size=6))
    def call_and_be_called_back(self, calls: list[tuple[int, str, str | None, bool]]) -> None:
        agents = [*sorted(self.model.caller_ids), ("acme", "nobody"), ("nobody", "ann")]
        for index, callee, call_id, validate_only in calls:
            organization, user = agents[index % len(agents)]
            self.call(organization, user, callee, call_id, validate_only=validate_only)
            for called in sorted(self.model.owners)[:2]:
                self.route(called, callee)

    @precondition(lambda self: self.model.calls)
    @rule(index=integers(0, 19), other_callee=sampled_from([None, None, None, *_NOBODYS[:2]]))
    def repeat(self, index: int, other_callee: str | None) -> None:
        call = self.model.calls[index % len(self.model.calls)]
        callee = other_callee or call.callee
        self.call(call.organization, call.user, callee, call.call_id, validate_only=False)

    @rule(calls=lists(_calls, min_size=1, max_size=4))
    def explain_calls(self, calls: list[tuple[int, str, str | None, bool]]) -> None:
        agents = [*sorted(self.model.caller_ids), ("acme", "nobody"), ("nobody", "ann")]
        for index, callee, _, _ in calls:
            organization, user = agents[index % len(agents)]
            self.explain(organization, user, callee)

    @precondition(lambda self: self.model.calls)
    @rule(index=integers(0, 19))
    def explain_recorded_call(self, index: int) -> None:
        self.explain_record(self.model.calls[index % len(self.model.calls)])

    @rule()
    def call_back_everything(self) -> None:
        callers = {*WITHHELD, _NOBODYS[0], *(call.callee for call in self.model.calls[-5:])}
        main_numbers = filter(None, self.model.organization_numbers.values())
        called = {_NOBODYS[0], *main_numbers, *sorted(self.model.owners)[:5]}
        for number, caller in itertools.product(sorted(called), sorted(callers)):
            self.route(number, caller)

    @rule(organization=_organizations)
    def look(self, organization: str) -> None:
        calls = self.ask(self.target.list_calls(organization, None, None))
        numbers = self.ask(self.target.list_numbers(organization))
        if self.unknown(organization):
            assert calls == numbers == self.unknown(organization)
            return
        assert not isinstance(calls, str)
        assert not isinstance(numbers, str)
        assert [ModelCall(organization, call.call_id, call.user, call.callee) for call in calls] == [
            call for call in reversed(self.model.calls) if call.organization == organization
        ]
        assert {number: set(codes) for number, codes in numbers.items()} == {
            number: self.model.mapped[number]
            for number, owner in self.model.owners.items()
            if owner == organization
        }

    @invariant()
    @precondition(lambda self: self.changed)
    def try_every_call(self) -> None:
        callees = sorted({*_PHONES, *self.model.owners})
        for (organization, user), callee in itertools.product(sorted(self.model.caller_ids), callees):
            self.call(organization, user, callee, None, validate_only=True)
        self.changed = False

    def actor_and_number(self, actor: str | None, index: int) -> tuple[str, str]:
        numbers = [*sorted(self.model.owners), _NOBODYS[0]]
        number = numbers[index % len(numbers)]
        return actor or self.model.owners.get(number, "acme"), number


TestRules = RulesMachine.TestCase
TestRules.settings = settings(max_examples=60, stateful_step_count=40)
