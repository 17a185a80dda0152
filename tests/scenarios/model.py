"""The rules in their shortest form, without code from the server.

If several numbers fit, the server chooses one of them; the model returns all.
"""

from dataclasses import dataclass, field

_AREA_CODES = {"+1415": "415", "+1510": "510", "+1628": "628", "+4420": "+4420"}
WITHHELD = {"", "anonymous", "+266696687"}


def area_code(number: str | None) -> str | None:
    """Return the area code of one of the few numbers that the model knows."""
    return _AREA_CODES.get(number[:5]) if number else None


@dataclass(frozen=True)
class ModelCall:
    organization: str
    call_id: str
    user: str
    callee: str


@dataclass(frozen=True)
class ModelDestination:
    """Where a call-back is connected, and the user whose work phone that is."""

    organization: str
    reason: str
    number: str
    fallback: str | None = None
    user: str | None = None


@dataclass
class Model:
    """The whole state. None means that there is none."""

    organization_numbers: dict[str, str | None] = field(default_factory=dict)
    caller_ids: dict[tuple[str, str], str | None] = field(default_factory=dict)
    work_phones: dict[tuple[str, str], str | None] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    mapped: dict[str, set[str]] = field(default_factory=dict)
    # Those numbers of the inventories that are held elsewhere.
    external: set[str] = field(default_factory=set)
    # In order of time.
    calls: list[ModelCall] = field(default_factory=list)

    def shown(self, organization: str, user: str, callee: str) -> tuple[str, set[str]]:
        """Return the reason and every number that may be shown for it; an error has no numbers."""
        if organization not in self.organization_numbers:
            return "ORGANIZATION_NOT_FOUND", set()
        if (organization, user) not in self.caller_ids:
            return "USER_NOT_FOUND", set()
        place, agent = area_code(callee), self.caller_ids[organization, user]
        pool = {number for number, owner in self.owners.items() if owner == organization}
        rows: list[tuple[str, set[str | None]]] = [
            ("AGENT_CALLER_ID_LOCAL", {agent} if area_code(agent) == place else set()),
            ("LOCAL_PRESENCE", {number for number in pool if area_code(number) == place}),
            ("LOCAL_PRESENCE_MAPPED", {number for number in pool if place in self.mapped[number]}),
            ("AGENT_CALLER_ID", {agent}),
            ("ORGANIZATION_NUMBER", {self.organization_numbers[organization]}),
        ]
        for reason, numbers in rows if place else rows[3:]:
            if fitting := {number for number in numbers if number and number != callee}:
                return reason, fitting
        return "NO_CALLER_ID", set()

    def destination(self, called: str, sent: str) -> ModelDestination | str:
        """Return where a call-back is connected; an error is its reason."""
        organization, caller = self.called_organization(called), None if sent in WITHHELD else sent
        if organization is None:
            return "NUMBER_NOT_FOUND"
        last = self.last_call(organization, caller)
        owners = [user for name, user in self.users_with(called) if name == organization]
        rows = [
            ("LAST_CALLER", last.user if last else None),
            ("CALLER_ID_OWNER", owners[0] if len(owners) == 1 else None),
        ]
        main_number = self.organization_numbers[organization]
        rest = main_number if main_number not in {called, caller} else None
        for reason, user in rows:
            phone = self.work_phones.get((organization, user)) if user else None
            if phone not in {None, called, caller}:
                return ModelDestination(organization, reason, phone, rest if rest != phone else None, user)
        if rest is None:
            return "NO_DESTINATION"
        return ModelDestination(organization, "ORGANIZATION_NUMBER", rest)

    def owner_of(self, number: str) -> str | None:
        """Return the organization that holds the number, or has it as its organization number."""
        named = [name for name, own in self.organization_numbers.items() if own == number]
        return self.owners.get(number) or next(iter(named), None)

    def called_organization(self, number: str) -> str | None:
        """Return the organization that is called: the number's owner, or the only one whose users have it."""
        used = {organization for organization, _ in self.users_with(number)}
        return self.owner_of(number) or (used.pop() if len(used) == 1 else None)

    def users_with(self, caller_id: str) -> list[tuple[str, str]]:
        """Return the users with this caller ID."""
        return [user for user, own in self.caller_ids.items() if own == caller_id]

    def last_call(self, organization: str, callee: str | None) -> ModelCall | None:
        """Return the newest call of the organization to the callee."""
        made = [call for call in self.calls if (call.organization, call.callee) == (organization, callee)]
        return made[-1] if made else None
