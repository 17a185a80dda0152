"""The schema of the matrix. Unknown keys are errors.

A case has a `name` (a sentence), what is `given` and the `steps` that are
taken, each with what is expected of it::

    - name: a number of the organization is shown to a callee in its area code
      given:
        acme:                                    # an organization
          organization_number: "+18005550150"
          users:
            ann: {caller_id: "+12125550142", work_phone: "+13125550151"}
          numbers:
            "+14155550100": ["628"]              # with the area codes mapped to it
      steps:
        - resolve: {user: ann, callee: "+14155550172"}
          expect: {caller_id: "+14155550100", reason: LOCAL_PRESENCE, callee_area_code: "415"}

The given state is created through the real operations, in the order in which it is
written. Numbers are bought by area code, so the numbers of an area code must be the
first of the simulated carrier's stock (`+14155550100`, `+14155550101`, ...;
`+442079460000`, ...). A number that ends in `5550199` is imported, because the carrier
account owns it from the start. Once deleted it is gone for good, so only one case may
use it. `import_external` takes any number as one that is held elsewhere; numbers of the
stock stay on sale, so it uses others.

A change without an expectation must succeed. A query always has an expectation.
"""

from typing import Annotated, Self

from pydantic import Discriminator, Field, Tag, model_validator

from tests.scenarios.expectations import (
    CallsListed,
    ManyResolved,
    NumbersListed,
    Refusal,
    Resolved,
    Routed,
)
from tests.scenarios.operations import (
    AddNumber,
    DeleteNumber,
    DeleteOrganization,
    DeleteUser,
    GivenOrganization,
    ImportExternal,
    ListCalls,
    ListNumbers,
    MapAreaCodes,
    Name,
    Operation,
    Resolve,
    ResolveMany,
    Route,
    SetOrganization,
    SetUser,
    Strict,
    UnmapAreaCodes,
)


class ResolveStep(Strict):
    resolve: Resolve
    label: Name | None = None
    expect: Resolved


class ResolveManyStep(Strict):
    resolve_many: ResolveMany
    label: Name | None = None
    expect: ManyResolved


class RouteStep(Strict):
    route: Route
    expect: Routed | Refusal


class ListCallsStep(Strict):
    list_calls: ListCalls
    expect: CallsListed | Refusal


class ListNumbersStep(Strict):
    list_numbers: ListNumbers
    expect: NumbersListed | Refusal


class SetOrganizationStep(Strict):
    set_organization: SetOrganization
    expect: Refusal | None = None


class DeleteOrganizationStep(Strict):
    delete_organization: DeleteOrganization
    expect: Refusal | None = None


class SetUserStep(Strict):
    set_user: SetUser
    expect: Refusal | None = None


class DeleteUserStep(Strict):
    delete_user: DeleteUser
    expect: Refusal | None = None


class AddNumberStep(Strict):
    add_number: AddNumber
    expect: Refusal | None = None


class ImportExternalStep(Strict):
    import_external: ImportExternal
    expect: Refusal | None = None


class DeleteNumberStep(Strict):
    delete_number: DeleteNumber
    expect: Refusal | None = None


class MapStep(Strict):
    map: MapAreaCodes
    expect: Refusal | None = None


class UnmapStep(Strict):
    unmap: UnmapAreaCodes
    expect: Refusal | None = None


ChangeStep = (
    SetOrganizationStep
    | DeleteOrganizationStep
    | SetUserStep
    | DeleteUserStep
    | AddNumberStep
    | ImportExternalStep
    | DeleteNumberStep
    | MapStep
    | UnmapStep
)

_OPERATIONS = (
    "resolve",
    "resolve_many",
    "route",
    "list_calls",
    "list_numbers",
    "set_organization",
    "delete_organization",
    "set_user",
    "delete_user",
    "add_number",
    "import_external",
    "delete_number",
    "map",
    "unmap",
)


def _operation_of(step: object) -> str | None:
    named = [name for name in _OPERATIONS if isinstance(step, dict) and name in step]
    return named[0] if len(named) == 1 else None


Step = Annotated[
    Annotated[ResolveStep, Tag("resolve")]
    | Annotated[ResolveManyStep, Tag("resolve_many")]
    | Annotated[RouteStep, Tag("route")]
    | Annotated[ListCallsStep, Tag("list_calls")]
    | Annotated[ListNumbersStep, Tag("list_numbers")]
    | Annotated[SetOrganizationStep, Tag("set_organization")]
    | Annotated[DeleteOrganizationStep, Tag("delete_organization")]
    | Annotated[SetUserStep, Tag("set_user")]
    | Annotated[DeleteUserStep, Tag("delete_user")]
    | Annotated[AddNumberStep, Tag("add_number")]
    | Annotated[ImportExternalStep, Tag("import_external")]
    | Annotated[DeleteNumberStep, Tag("delete_number")]
    | Annotated[MapStep, Tag("map")]
    | Annotated[UnmapStep, Tag("unmap")],
    # A plain union would report the errors of every type.
    Discriminator(
        _operation_of,
        custom_error_type="no_step",
        custom_error_message=f"a step does one of: {', '.join(_OPERATIONS)}",
    ),
]


class Case(Strict):
    name: Annotated[str, Field(min_length=10, max_length=120)]
    given: dict[Name, GivenOrganization]
    steps: Annotated[list[Step], Field(min_length=1)]

    @model_validator(mode="after")
    def _says_which_organization(self) -> Self:
        if len(self.given) == 1:
            return self
        for number, step in enumerate(self.steps, 1):
            for part in (getattr(step, name) for name in type(step).model_fields):
                if isinstance(part, Operation | Routed) and part.organization is None:
                    raise ValueError(f"step {number} must say its organization")
        return self

    @model_validator(mode="after")
    def _refers_to_labels_before(self) -> Self:
        many: dict[str, bool] = {}
        for number, step in enumerate(self.steps, 1):
            if not isinstance(step, ResolveStep | ResolveManyStep):
                continue
            if isinstance(step, ResolveStep):
                wanted = {step.expect.caller_id_of, step.expect.answer_of}
            else:
                wanted = {step.expect.since}
            is_many = isinstance(step, ResolveManyStep)
            for label in wanted:
                if label is not None and many.get(label) is not is_many:
                    raise ValueError(f"step {number} refers to {label}, which is no such step before it")
            if step.label in many:
                raise ValueError(f"step {number} repeats the label {step.label}")
            if step.label is not None:
                many[step.label] = is_many
        return self


class File(Strict):
    cases: Annotated[list[Case], Field(min_length=1)]
