"""The fast check of a request: whether it keeps the rules of its fields, but not which one it breaks.

Every resolve is checked, and nearly every request is valid. So this check is built once for each type of
message, from the rules in its descriptor. Only if it fails, protovalidate is asked what is wrong. A type that
has a rule unknown to this module gets no fast check. A property test holds the two checks equal.
"""

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from localdial_server.domain.display_names import why_unfit
from localdial_server.domain.formats import AREA_CODE, IDENTIFIER
from localdial_server.domain.phone_numbers import is_e164
from localdial_server.domain.possible_numbers import is_possible

Check: TypeAlias = Callable[[Any], object]
"""Returns something true for a value that keeps the rules."""

RulesOf = Callable[[FieldDescriptor], Any]
"""Returns the `buf.validate.FieldRules` of a field."""

# Those of `buf.validate.Ignore`.
_IF_ZERO, IGNORE_ALWAYS = 1, 3

_Makers: TypeAlias = Mapping[str, Callable[[Any], Check]]


def _if_true(check: Check) -> Callable[[Any], Check]:
    """Return the check for a rule of `rules.proto`, whose value is a boolean."""
    return lambda is_on: check if is_on else _accept


def _accept(_value: object) -> bool:
    return True


# For each kind of rules, by the name of a rule, what makes a check of the rule's value.
_NUMBERS: Final[_Makers] = {
    "gte": lambda least: lambda value: value >= least,
    "lte": lambda most: lambda value: value <= most,
}
_KINDS: Final[Mapping[str, _Makers]] = {
    "int32": _NUMBERS,
    "int64": _NUMBERS,
    "string": {
        "max_len": lambda most: lambda value: len(value) <= most,
        "is_e164": _if_true(is_e164),
        "is_area_code": _if_true(re.compile(AREA_CODE.pattern).fullmatch),
        "is_identifier": _if_true(re.compile(IDENTIFIER.pattern).fullmatch),
        "is_phone_number": _if_true(is_possible),
        "is_display_name": _if_true(lambda value: why_unfit(value) is None),
    },
}
_LISTS: Final[_Makers] = {
    "min_items": lambda least: lambda values: len(values) >= least,
    "max_items": lambda most: lambda values: len(values) <= most,
    "unique": lambda is_on: lambda values: not is_on or len(set(values)) == len(values),
}

# An expression that lists the values; the list means the same in CEL and in Python.
_ONE_OF: Final = re.compile(r"this in (\[(?:[0-9]+|'[a-z]*')(?:, (?:[0-9]+|'[a-z]*'))*\])")


class _UnknownRule(Exception):
    """The contract has a rule that this module does not know."""


def fast_check(message: Descriptor, rules_of: RulesOf) -> Check | None:
    """Return the check of this type of message; None if it has a rule that is not known here."""
    try:
        return _of_message(message, rules_of)
    except _UnknownRule:
        return None


def _of_message(message: Descriptor, rules_of: RulesOf) -> Check:
    if message.has_options or any(each.has_options for each in message.oneofs):
        raise _UnknownRule
    plain: list[tuple[str, Check]] = []
    optional: list[tuple[str, Check, bool]] = []
    for field in message.fields:
        rules = rules_of(field)
        check = _of_list(field, rules, rules_of) if field.is_repeated else _of_value(field, rules, rules_of)
        if field.has_presence:
            optional.append((field.name, check, rules.required))
        elif check is not _accept:
            plain.append((field.name, check))

    def is_valid(value: Any) -> bool:
        for name, check in plain:
            if not check(getattr(value, name)):
                return False
        for name, check, is_required in optional:
            if not (check(getattr(value, name)) if value.HasField(name) else not is_required):
                return False
        return True

    return is_valid if plain or optional else _accept


def _of_list(field: FieldDescriptor, rules: Any, rules_of: RulesOf) -> Check:
    given = _named(rules)
    of_list = _named(given.pop("repeated", None))
    if rules.ignore == IGNORE_ALWAYS:
        return _accept
    of_item = of_list.pop("items", None)
    if given or (of_item is not None and (of_item.required or of_item.ignore == _IF_ZERO)):
        raise _UnknownRule
    # The bounds come first: a list may have many more items than it should.
    checks = _made(_LISTS, of_list)
    check = _of_value(field, of_item, rules_of)
    return _all(checks if check is _accept else [*checks, lambda values: all(map(check, values))])


def _of_value(field: FieldDescriptor, rules: Any, rules_of: RulesOf) -> Check:
    """Return the check of a single field, or of an item of a list, by its rules; None: it has none."""
    given = _named(rules)
    ignore, is_required = given.pop("ignore", 0), given.pop("required", False)
    if ignore == IGNORE_ALWAYS:
        return _accept
    if (given and field.message_type is not None) or (ignore and field.has_presence):
        raise _UnknownRule
    if field.message_type is not None:
        return _of_message(field.message_type, rules_of)
    check = _all([check for kind, of_kind in given.items() for check in _of_kind(field, kind, of_kind)])
    # A field without presence is never absent: the rules apply to its zero value.
    if field.has_presence or field.is_repeated:
        return check
    if is_required and check(field.default_value):
        return _all([bool, check])
    if ignore == _IF_ZERO and not check(field.default_value):
        return lambda value: not value or check(value)
    return check


def _of_kind(field: FieldDescriptor, kind: str, rules: Any) -> Sequence[Check]:
    if kind == "cel":
        return [_of_expression(rule.expression) for rule in rules]
    if kind == "enum":
        values = frozenset(field.enum_type.values_by_number) if field.enum_type is not None else ()
        return _made({"defined_only": _if_true(lambda value: value in values)}, _named(rules))
    if kind not in _KINDS:
        raise _UnknownRule
    given = _named(rules)
    if "gte" in given and "lte" in given and given["gte"] > given["lte"]:
        # To protovalidate, this means the values outside.
        raise _UnknownRule
    return _made(_KINDS[kind], given)


def _of_expression(expression: str) -> Check:
    match = _ONE_OF.fullmatch(expression)
    if match is None:
        raise _UnknownRule
    return frozenset(ast.literal_eval(match[1])).__contains__


def _named(rules: Any) -> dict[str, Any]:
    return {} if rules is None else {rule.name: value for rule, value in rules.ListFields()}


def _made(makers: _Makers, rules: Mapping[str, Any]) -> Sequence[Check]:
    if not makers.keys() >= rules.keys():
        raise _UnknownRule
    return [makers[name](value) for name, value in rules.items()]


def _all(checks: Sequence[Check]) -> Check:
    """Return one check for all of them, which are made in this order until one fails."""
    if len(checks) > 1:
        first, rest = checks[0], _all(checks[1:])
        return lambda value: first(value) and rest(value)
    return checks[0] if checks else _accept
