"""The schema of `scenes.yaml`. Unknown keys are errors.

A scene has a `name` (a sentence) and `steps`. A step makes one call::

    - name: a purchase without stock says which area code
      steps:
        - call: NumberInventory/PurchaseNumbers
          request: {organization_id: "@acme", area_code: "808"}
          expect: {error: {code: NOT_FOUND, reason: NO_NUMBERS_AVAILABLE}}

or fetches all `pages` of a list, or makes a call and turns the `statuses` in its
answer into errors, or makes a call and `cancel`s it. In a request

- `"@acme"` is an organization that only this scene uses;
- `"$label.path.0.to"` is a value from the answer to the step with that label;
- `{times: 300, each: {user_id: "user-#"}}` is a list of 300 items, with `#` counting from 0;
- `{long: 5000}` is a text of that many characters.

Only the fields that an expectation names are checked. In addition, answers are
compared with those that Python gets, to the byte.

A real localdial answers the scenes of the `live` server. In those of the `scripted`
server, each step gives the server's `answers`, one for each attempt of the call
(then empty messages), and what the server must have `seen`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, model_validator

from tests.scenarios.operations import Name, Strict

Json = dict[str, Any]

_FILE = Path(__file__).with_name("scenes.yaml")


class Violation(Strict):
    field: str
    description: str


class Answered(Strict):
    """An answer of the scripted server: a message or a status with details, perhaps late or never sent."""

    response: Json | None = None
    code: str | None = None
    message: str = "told to fail"
    reason: str | None = None
    metadata: dict[str, str] = Field(default={})
    violations: list[Violation] = Field(default=[])
    retry_delay_ms: int | None = None
    # The retry delay that the server requests, by gRPC's own pushback.
    pushback_ms: int | None = None
    after_ms: int = 0
    never: bool = False


class Seen(Strict):
    """What the scripted server must have received in a step. A retry must be the same request."""

    calls: int = 1
    request: Json = Field(default={})
    metadata: dict[str, str] = Field(default={})
    # Fields, by name or list index, that must be a UUID.
    made_up: list[str] = Field(default=[])


class Error(Strict):
    code: str
    reason: str | None = None
    metadata: dict[str, str] | None = None
    # The fields of the violations, in any order.
    fields: list[str] | None = None
    retry_delay_ms: int | None = None


class Expected(Strict):
    error: Error | None = None
    response: Json | None = None
    pages: list[Json] | None = None
    errors: list[Error | None] | None = None
    at_least_ms: int = 0
    at_most_ms: int | None = None

    @model_validator(mode="after")
    def _expects_one_thing(self) -> Self:
        if (self.error is None) == (self.response is None and self.pages is None):
            raise ValueError("expect an error, or a response, or pages")
        return self


class Step(Strict):
    call: str | None = None
    pages: str | None = None
    statuses: str | None = None
    path: Literal["results", "failures"] | None = None
    cancel: str | None = None
    after_ms: int | None = None

    request: Json = Field(default={})
    timeout_ms: int | None = None
    label: Name | None = None
    answers: list[Answered] = Field(default=[])
    seen: Seen | None = None
    expect: Expected

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        if len([each for each in (self.call, self.pages, self.statuses, self.cancel) if each]) != 1:
            raise ValueError("a step does one of: call, pages, statuses, cancel")
        if (self.statuses is None) != (self.path is None):
            raise ValueError("statuses are those of a path")
        if (self.cancel is None) != (self.after_ms is None):
            raise ValueError("a cancel comes after some time")
        return self

    @property
    def method(self) -> str:
        """The full name of the method that is called."""
        return f"localdial.v1.{self.call or self.pages or self.statuses or self.cancel}"


class Scene(Strict):
    name: Annotated[str, Field(min_length=10, max_length=120)]
    server: Literal["live", "scripted"] = "live"
    # The options of the client, besides the address.
    client: Json = Field(default={})
    steps: Annotated[list[Step], Field(min_length=1)]

    @model_validator(mode="after")
    def _only_a_script_has_answers(self) -> Self:
        if self.server == "live" and any(step.answers or step.seen for step in self.steps):
            raise ValueError("the live server answers by itself")
        return self


class File(Strict):
    scenes: Annotated[list[Scene], Field(min_length=1)]


def load_scenes() -> Sequence[Scene]:
    """Return all scenes. Raises `pydantic.ValidationError` and `yaml.YAMLError`."""
    scenes = File.model_validate(yaml.safe_load(_FILE.read_text("utf-8"))).scenes
    names = [scene.name for scene in scenes]
    assert len(set(names)) == len(names), "two scenes have one name"
    return scenes
