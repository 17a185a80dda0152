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

    def destination(self, called: str, sent: str) -> tuple[str, str | None, str | None]:
        """Return the reason, the destination of a call-back and its fallback; both are None for an error."""
        organization, caller = self.owner_of(called), None if sent in WITHHELD else sent
        if organization is None:
            return "NUMBER_NOT_FOUND", None, None
        last = self.last_call(organization, caller)
        work_phone = self.work_phones.get((organization, last.user)) if last else None
        owners = [user for user in self.users_with(called) if user[0] == organization]
        unusable = {None, called, caller}
        rows = [
            (reason, number)
            for reason, number in (
                ("LAST_CALLER", work_phone),
                ("CALLER_ID_OWNER", self.work_phones[owners[0]] if len(owners) == 1 else None),
                ("ORGANIZATION_NUMBER", self.organization_numbers[organization]),
            )
            if number not in unusable
        ]
        if not rows:
            return "NO_DESTINATION", None, None
        (reason, number), *others = rows
        return reason, number, next((other for _, other in others if other != number), None)

    def owner_of(self, number: str) -> str | None:
        """Return the organization of the number: its owner, or the only one whose users have it."""
        named = [name for name, own in self.organization_numbers.items() if own == number]
        used = {organization for organization, _ in self.users_with(number)}
        return self.owners.get(number) or next(iter(named), used.pop() if len(used) == 1 else None)

    def users_with(self, caller_id: str) -> list[tuple[str, str]]:
        """Return the users with this caller ID."""
        return [user for user, own in self.caller_ids.items() if own == caller_id]

    def last_call(self, organization: str, callee: str | None) -> ModelCall | None:
        """Return the newest call of the organization to the callee."""
        made = [call for call in self.calls if (call.organization, call.callee) == (organization, callee)]
        return made[-1] if made else None
