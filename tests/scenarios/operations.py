"""The given state and the operations of a case."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,64}$")]
PhoneNumber = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
AreaCode = Annotated[str, StringConstraints(pattern=r"^([2-9][0-9]{2}|\+[2-9][0-9]{1,6})$")]


class Strict(BaseModel):
    """Accepts only its own keys, and converts no values.

    Without the latter a phone number without quotes, which YAML reads as an
    integer, would pass unnoticed.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class GivenUser(Strict):
    caller_id: PhoneNumber | None = None
    work_phone: PhoneNumber | None = None


class GivenOrganization(Strict):
    organization_number: PhoneNumber | None = None
    users: dict[Name, GivenUser] = {}
    # Each number with its mapped area codes.
    numbers: dict[PhoneNumber, list[AreaCode]] = {}


class Operation(Strict):
    # Optional if only one organization is given.
    organization: Name | None = None


class Resolve(Operation):
    user: Name
    callee: PhoneNumber
    call_id: Name | None = None
    validate_only: bool = False
    # "current" is the revision of the organization's last change.
    min_revision: int | Literal["current"] = 0


class ResolveMany(Operation):
    """Resolve callees with consecutive numbers, without recording the calls."""

    user: Name
    first_callee: PhoneNumber
    count: Annotated[int, Field(ge=2, le=200)]

    @property
    def callees(self) -> list[str]:
        return [f"+{int(self.first_callee) + index}" for index in range(self.count)]


class Route(Strict):
    called: str
    # Any text that a carrier may send, or none.
    caller: Annotated[str, StringConstraints(max_length=256)] = ""


class ListCalls(Operation):
    callee: PhoneNumber | None = None
    user: Name | None = None


class ListNumbers(Operation):
    pass


class SetOrganization(Operation):
    organization_number: PhoneNumber | None = None


class DeleteOrganization(Operation):
    pass


class SetUser(Operation):
    user: Name
    caller_id: PhoneNumber | None = None
    work_phone: PhoneNumber | None = None


class DeleteUser(Operation):
    user: Name


class AddNumber(Operation):
    """Buy or import the number, as for the given state."""

    number: PhoneNumber


class ImportExternal(Operation):
    """Import the number as one that is held elsewhere."""

    number: PhoneNumber


class DeleteNumber(Operation):
    number: PhoneNumber


class MapAreaCodes(Operation):
    number: PhoneNumber
    area_codes: Annotated[list[AreaCode], Field(min_length=1)]


class UnmapAreaCodes(Operation):
    number: PhoneNumber
    area_codes: Annotated[list[AreaCode], Field(min_length=1)]
