"""Compares answers with expectations, which name only the fields that matter."""

import re
from typing import Any

from tests.interop.driver import Failure

_REFERENCE = re.compile(r"\$(?P<label>\w+)\.(?P<path>.+)")


def filled(  # noqa: PLR0911 - one for each way of writing
    value: Any, prefix: str, answers: dict[str, Any]
) -> Any:
    """Expand the shorthand of a scene: organizations, earlier answers, long lists."""
    match value:
        case {"times": int(times), "each": each}:
            return [filled(_numbered(each, index), prefix, answers) for index in range(times)]
        case {"long": int(length)}:
            return "x" * length
        case dict():
            return {name: filled(each, prefix, answers) for name, each in value.items()}
        case list():
            return [filled(each, prefix, answers) for each in value]
        case str() if value.startswith("@"):
            return f"{prefix}{value[1:]}"
        case str() if found := _REFERENCE.fullmatch(value):
            return at(answers[found["label"]], found["path"])
        case _:
            return value


def at(value: Any, path: str) -> Any:
    """Return the value at a path such as `users.0.user_id`."""
    for part in path.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def differences(actual: Any, wanted: Any, place: str = "") -> list[str]:
    """Return the differences of a value from the expected one, of which only the given fields count."""
    match wanted:
        case dict() if isinstance(actual, dict):
            return [
                difference
                for name, each in wanted.items()
                for difference in differences(actual.get(name), each, f"{place}.{name}")
            ]
        case list() if isinstance(actual, list) and len(actual) == len(wanted):
            return [
                difference
                for index, (left, right) in enumerate(zip(actual, wanted, strict=True))
                for difference in differences(left, right, f"{place}.{index}")
            ]
        case _:
            return [] if actual == wanted else [f"{place}: {actual!r} instead of {wanted!r}"]


def error_differences(actual: Failure, wanted: dict[str, Any]) -> list[str]:
    """Return the differences of an error from the expected one."""
    assert actual.type, "an error has a type"
    assert actual.message, "an error says something"
    found = {
        "code": actual.code,
        "reason": actual.reason,
        "metadata": actual.metadata,
        "fields": sorted(field for field, _ in actual.violations),
        "retry_delay_ms": actual.retry_delay_ms,
    }
    if "fields" in wanted:
        wanted = {**wanted, "fields": sorted(wanted["fields"])}
    return differences(found, wanted, "error")


def _numbered(value: Any, index: int) -> Any:
    match value:
        case dict():
            return {name: _numbered(each, index) for name, each in value.items()}
        case list():
            return [_numbered(each, index) for each in value]
        case str():
            return value.replace("#", str(index))
        case _:
            return value
