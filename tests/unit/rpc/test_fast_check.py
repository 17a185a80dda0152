"""The fast check accepts those requests in which protovalidate and the domain find nothing, and no other."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localdial_server.rpc.contract import SERVICES, Contract
from localdial_server.rpc.fast_check import Check, fast_check

CONTRACT = Contract()

# They have a rule that is an expression of its own, or one about a duration.
WITHOUT = {"CreateApiKey", "RotateApiKey"}

FITTING: Final[Mapping[str, tuple[str, ...]]] = {
    "is_identifier": ("acme", "!~", "a" * 128),
    "is_e164": ("+14155550100", "+1415555"),
    "is_area_code": ("415", "+4420"),
    "is_phone_number": ("+14155550100", "+4930123456"),
    "is_display_name": ("", "Ann", " Zoë\u200e "),
}
EDGES: Final = (
    *("", " ", "a b", "a\n", "a" * 129, "é", "\x00", "x" * 256, "x" * 257, "x" * 1_024, "x" * 1_025),
    *("+14155550100\n", "+1415555010", "+10155550100", "+266696687", "+49030123456", "+999123456789"),
    *(
        "+123456",
        "+1234567",
        "+123456789012345",
        "+1234567890123456",
        "\uff0b14155550100",
        "+1415555010\u0660",
    ),
    *("external", "External", "external\n"),
    *("115", "4155", "+44201234", "+442012345", "Ann\u200b", "\u202eAnn", "\u200e\x0bAnn\x85", "n" * 201),
)
INTEGERS: Final = (-(2**31), -1, 0, 1, 2, 4, 5, 100, 101, 2**31 - 1)

Draw = Callable[[Any], Any]


def methods() -> list[MethodDescriptor]:
    return [method for service in SERVICES for method in CONTRACT.service(service).methods]


def fast_check_of(message: Descriptor) -> Check | None:
    return fast_check(message, CONTRACT.rules_of)


def fitting_texts(field: FieldDescriptor) -> tuple[str, ...]:
    rules = CONTRACT.rules_of(field)
    if rules.cel:
        return "", "external"
    strings = rules.repeated.items.string if field.is_repeated else rules.string
    return next((texts for rule, texts in FITTING.items() if CONTRACT.has_rule(strings, rule)), ("", "text"))


def value_of(draw: Draw, field: FieldDescriptor, *, is_wild: bool) -> Any:
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        fitting = fitting_texts(field)
        return draw(st.sampled_from(EDGES) | st.text() if is_wild else st.sampled_from(fitting))
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return draw(st.booleans())
    return draw(st.sampled_from(INTEGERS if is_wild else (0, 1, 2)))


def items_of(draw: Draw, field: FieldDescriptor, *, is_wild: bool) -> list[Any]:
    count = draw(st.sampled_from((0, 1, 2, 3, 100, 101))) if is_wild else 1
    if count > 3:
        # As many different ones that fit.
        form = "+{}" if fitting_texts(field) == FITTING["is_area_code"] else "+1415555{}"
        return [form.format(2000 + index) for index in range(count)]
    # There are few that fit, so some occur twice.
    return [value_of(draw, field, is_wild=is_wild and draw(st.booleans())) for _ in range(count)]


def fill(draw: Draw, message: Any) -> None:
    """Set the fields to values that fit, except up to two of them, which get any."""
    fields = message.DESCRIPTOR.fields
    wild = draw(st.sets(st.integers(0, max(len(fields) - 1, 0)), max_size=2))
    for field in fields:
        is_wild = field.index in wild
        if field.is_repeated and field.message_type is not None:
            for _ in range(draw(st.integers(0 if is_wild else 1, 2))):
                fill(draw, getattr(message, field.name).add())
        elif field.is_repeated:
            getattr(message, field.name).extend(items_of(draw, field, is_wild=is_wild))
        elif is_wild and field.has_presence and draw(st.booleans()):
            continue
        elif field.message_type is not None:
            getattr(message, field.name).SetInParent()
            fill(draw, getattr(message, field.name))
        else:
            setattr(message, field.name, value_of(draw, field, is_wild=is_wild))


def verdicts(is_valid: Check, request: Message) -> tuple[bool, bool]:
    """Return whether the request is valid by the fast check, and by the whole one."""
    return bool(is_valid(request)), not CONTRACT.violations(request)


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.name)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_the_fast_check_accepts_a_request_exactly_if_no_rule_is_broken(
    method: MethodDescriptor, data: st.DataObject
) -> None:
    is_valid = fast_check_of(method.input_type)
    if is_valid is None:
        assert method.name in WITHOUT
        return
    request = CONTRACT.message_class(method.input_type.full_name)()
    fill(data.draw, request)
    fast, whole = verdicts(is_valid, request)
    assert fast == whole


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.name)
def test_the_fast_check_judges_every_edge_of_every_field_like_the_whole_check(
    method: MethodDescriptor,
) -> None:
    is_valid = fast_check_of(method.input_type)
    if is_valid is None:
        return
    found = set()
    for field in method.input_type.fields:
        if field.cpp_type != FieldDescriptor.CPPTYPE_STRING or field.is_repeated:
            continue
        for text in EDGES + fitting_texts(field):
            request = valid_request(method.input_type)
            setattr(request, field.name, text)
            fast, whole = verdicts(is_valid, request)
            assert fast == whole, (field.name, text)
            found.add(fast)
    assert len(found) != 1, "only one of the two verdicts was ever given"


def valid_request(message: Descriptor) -> Any:
    """Return a message of this type that breaks no rule."""
    request: Any = CONTRACT.message_class(message.full_name)()
    for field in message.fields:
        target = getattr(request, field.name)
        if field.message_type is not None:
            filled = valid_request(field.message_type)
            if field.is_repeated:
                target.append(filled)
            elif CONTRACT.rules_of(field).required:
                target.CopyFrom(filled)
        elif field.cpp_type == FieldDescriptor.CPPTYPE_ENUM and CONTRACT.rules_of(field).required:
            setattr(request, field.name, 1)
        elif field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
            texts = fitting_texts(field)
            if field.is_repeated:
                target.append(texts[0])
            else:
                setattr(request, field.name, texts[-1])
    return request


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.name)
def test_a_valid_request_passes_the_fast_check(method: MethodDescriptor) -> None:
    is_valid = fast_check_of(method.input_type)
    assert (is_valid is None) == (method.name in WITHOUT)
    if is_valid is not None:
        assert is_valid(valid_request(method.input_type))
