"""The contract with its field rules, for parsing and checking requests.

The clients' generated code does not have the rules. So `scripts/generate` puts the whole
contract beside this module, and the server parses requests into classes made from it. They
have the same fields as the generated classes and are annotated as those.
"""

import asyncio
import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import DecodeError, Message

from localdial_server.concurrency.time_slices import TimeSlices
from localdial_server.domain.display_names import why_unfit
from localdial_server.domain.errors import FieldViolation, InvalidFields, Reason, ServiceError
from localdial_server.domain.possible_numbers import is_possible, why_impossible
from localdial_server.domain.suggested_numbers import suggested_number
from localdial_server.rpc.fast_check import IGNORE_ALWAYS, Check, fast_check

# Only requests that break a rule need it, and it takes 18 MB and 0.08 s to load.
if TYPE_CHECKING:
    import protovalidate

PACKAGE = "localdial.v1"
# Items of a long list that are checked before the event loop is let go: about 3 ms if all are wrong.
_CHECKED_AT_ONCE: Final = 20

SERVICES = ("Administration", "CallRouting", "Directory", "NumberInventory")


def _why_impossible(number: str) -> str | None:
    # Every call comes through here, and possible numbers are found faster.
    if is_possible(number):
        return None
    return _with_suggestion(why_impossible(number) or "", number)


def _with_suggestion(text: str, value: str) -> str:
    meant = suggested_number(value)
    return text if meant is None else f"{text}; did you mean {meant}?"


# The rules that the contract's expressions check only in part, by their names in `rules.proto` without `is_`.
# Each returns what is wrong with a value, or None.
_Rule = Callable[[str], str | None]
_DOMAIN_RULES: Final[Mapping[str, _Rule]] = {"phone_number": _why_impossible, "display_name": why_unfit}


class MalformedRequest(ServiceError, reason=Reason.MALFORMED_REQUEST):
    """The bytes are not a message of the request's type."""


class Contract:
    """The services and messages of `localdial.v1`, with their rules."""

    def __init__(self) -> None:
        image = resources.files("localdial_server.rpc").joinpath("contract.binpb").read_bytes()
        pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(image).file:
            pool.AddSerializedFile(file.SerializeToString())
        self._pool = pool
        self._fast_checks: dict[type[Message], Check | None] = {}
        self._lists: dict[type[Message], Sequence[tuple[str, int]]] = {}
        self._fields_of_domain: dict[type[Message], Sequence[tuple[str, bool, _Rule | None]]] = {}

    def service(self, name: str) -> ServiceDescriptor:
        """Return one of `SERVICES`."""
        service: ServiceDescriptor = self._pool.FindServiceByName(f"{PACKAGE}.{name}")
        return service

    def message_class(self, full_name: str) -> type[Message]:
        """Return the class of a message, such as `localdial.v1.LocalPresenceNumber`."""
        return message_factory.GetMessageClass(self._pool.FindMessageTypeByName(full_name))

    def request_class(self, service: str, method: str) -> type[Message]:
        """Return the class that the method's requests are parsed into."""
        message = self.service(service).methods_by_name[method].input_type
        request_class = self.message_class(message.full_name)
        self._fast_checks[request_class] = fast_check(message, self.rules_of)
        return request_class

    @functools.cached_property
    def _validator(self) -> "protovalidate.Validator":
        import protovalidate  # noqa: PLC0415 - see above

        validator = protovalidate.Validator()
        # Compile the rules now, so that no later caller waits for that.
        for request_class in self._fast_checks:
            validator.collect_violations(request_class())
        return validator

    async def _load_validator(self) -> None:
        """Load the validator in a thread, so that other calls do not wait for the first invalid request."""
        if "_validator" not in vars(self):
            await asyncio.to_thread(getattr, self, "_validator")

    def is_surely_valid(self, request: Message) -> bool:
        """Return whether no field breaks a rule; False too if only the whole check finds out.

        Nearly every request is valid, and this takes a fifth of the time of the whole check.
        """
        is_valid = self._fast_checks.get(type(request))
        return is_valid is not None and bool(is_valid(request))

    def check(self, request: Message) -> None:
        """Raise `InvalidFields` with every field that breaks a rule."""
        if not self.is_surely_valid(request):
            self._require_lengths(request)
            _raise_if_any(self.violations(request))

    async def check_whole(self, request: Message) -> None:
        """Do what `check` does for a request that is not surely valid."""
        await self._load_validator()
        self._require_lengths(request)
        _raise_if_any(self.violations(request))

    async def check_in_slices(self, request: Message, long: str) -> None:
        """Do what `check` does, and let the event loop go in between. `long` is the request's `long_list`."""
        self._require_lengths(request)
        items = getattr(request, long)
        if len(items) <= _CHECKED_AT_ONCE or _has_duplicates(items):
            # Only the whole list shows that an item occurs twice.
            if not self.is_surely_valid(request):
                await self.check_whole(request)
            return
        rest = type(request)()
        rest.CopyFrom(request)
        rest.ClearField(long)
        violations: list[FieldViolation] = []
        slices = TimeSlices()
        for begin in range(0, len(items), _CHECKED_AT_ONCE):
            part = type(request)()
            part.CopyFrom(rest)
            getattr(part, long).extend(items[begin : begin + _CHECKED_AT_ONCE])
            found: Sequence[FieldViolation] = ()
            if not self.is_surely_valid(part):
                await self._load_validator()
                found = self.violations(part)
            # Those of the other fields are the same for every part.
            violations += [
                _moved(each, long, begin) for each in found if not begin or each.field.startswith(f"{long}[")
            ]
            await slices.pause()
        _raise_if_any(violations)

    def long_list(self, request_class: type[Message]) -> str | None:
        """Return the field whose items take long to check; None if the class has none."""
        return next(
            (
                field.name
                for field in request_class.DESCRIPTOR.fields
                if (rules := self.rules_of(field).repeated).max_items > _CHECKED_AT_ONCE * 10
                and rules.items.ignore != IGNORE_ALWAYS
            ),
            None,
        )

    def _require_lengths(self, request: Message) -> None:
        # Check the lengths of lists first: the validator looks at every item of a list that
        # is too long, and a request may hold thousands.
        for name, most in self._max_items(type(request)):
            if len(getattr(request, name)) > most:
                raise too_many_items(name, most)

    def violations(self, request: Message) -> Sequence[FieldViolation]:
        """Return every violation of a rule, in the order of the list items that they are about.

        The lists of the request must not be longer than allowed.
        """
        violations = [_describe(one) for one in self._validator.collect_violations(request)]
        known = {violation.field for violation in violations}
        violations += [
            FieldViolation(path, problem)
            for path, problem in self._domain_problems(request, "")
            if path not in known
        ]
        # An error lists only the first violations, and must list all of an item before those of the next.
        return sorted(violations, key=_indexes)

    def _domain_problems(self, message: Message, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield the violations of the domain's rules in the message: the field's path and the problem."""
        for name, is_list, why_wrong in self._domain_fields(type(message)):
            value = getattr(message, name)
            values = (
                [(f"{prefix}{name}[{index}]", one) for index, one in enumerate(value)]
                if is_list
                else [(prefix + name, value)]
            )
            for path, one in values:
                if why_wrong is None:
                    yield from self._domain_problems(one, f"{path}.")
                elif one and (problem := why_wrong(one)) is not None:
                    yield path, problem

    def _domain_fields(self, message: type[Message]) -> Sequence[tuple[str, bool, _Rule | None]]:
        """Return the fields that a domain rule applies to, and those that hold messages with such fields.

        For each: its name, whether it is a list, and its rule, or None if it holds messages.
        """
        known = self._fields_of_domain.get(message)
        if known is None:
            known = [
                (field.name, field.is_repeated, rule)
                for field in message.DESCRIPTOR.fields
                if (rule := self._domain_rule(field)) is not None or self._holds_domain_fields(field)
            ]
            self._fields_of_domain[message] = known
        return known

    def _domain_rule(self, field: Any) -> _Rule | None:
        rules = self.rules_of(field)
        strings = rules.repeated.items.string if field.is_repeated else rules.string
        for name, rule in _DOMAIN_RULES.items():
            if self.has_rule(strings, f"is_{name}"):
                return rule
        return None

    def _holds_domain_fields(self, field: Any) -> bool:
        if field.message_type is None:
            return False
        inner = field.message_type.full_name
        # The legs of a batch, which the contract ignores, are checked one by one.
        return (
            inner.startswith(PACKAGE)
            and self.rules_of(field).repeated.items.ignore != IGNORE_ALWAYS
            and bool(self._domain_fields(self.message_class(inner)))
        )

    def _max_items(self, message: type[Message]) -> Sequence[tuple[str, int]]:
        """Return the names of the message's own lists, each with its greatest length."""
        known = self._lists.get(message)
        if known is None:
            known = [
                (field.name, int(rules.repeated.max_items))
                for field in message.DESCRIPTOR.fields
                if (rules := self.rules_of(field)).repeated.HasField("max_items")
            ]
            self._lists[message] = known
        return known

    def rules_of(self, field: Any) -> Any:
        """Return the rules of a field, a `buf.validate.FieldRules`."""
        # Only our own pool knows the extension, so a class of that pool has to read the options.
        options: Any = self.message_class("google.protobuf.FieldOptions")()
        options.ParseFromString(field.GetOptions().SerializeToString())
        return options.Extensions[self._pool.FindExtensionByName("buf.validate.field")]

    def has_rule(self, strings: Any, name: str) -> bool:
        """Return whether a `buf.validate.StringRules` has a rule of `rules.proto`, such as `is_e164`."""
        return bool(strings.Extensions[self._pool.FindExtensionByName(f"{PACKAGE}.{name}")])


def _raise_if_any(violations: Sequence[FieldViolation]) -> None:
    if violations:
        raise InvalidFields(violations)


def _has_duplicates(items: Sequence[Any]) -> bool:
    return isinstance(items[0], str) and len(set(items)) < len(items)


def _moved(violation: FieldViolation, long: str, by: int) -> FieldViolation:
    """Return the violation with the index of its item in the list `long` raised; others as they are."""
    head, bracket, tail = violation.field.partition("[")
    if head != long or not bracket:
        return violation
    index, _, rest = tail.partition("]")
    return replace(violation, field=f"{long}[{int(index) + by}]{rest}")


def too_many_items(field: str, most: int) -> InvalidFields:
    """Return the error for a list of more than `most` items."""
    return InvalidFields([FieldViolation(field, f"must have at most {most} items")])


def parse(request_class: type[Message], raw: bytes) -> Message:
    """Return the parsed request. Raises `MalformedRequest`."""
    try:
        return request_class.FromString(raw)
    except DecodeError:
        raise MalformedRequest(
            f"the request is not a {request_class.DESCRIPTOR.full_name}; build the client from this contract"
        ) from None


def _describe(violation: "protovalidate.Violation") -> FieldViolation:
    rule = violation.proto
    text = rule.message
    for noise in "repeated value ", "value ":
        text = text.removeprefix(noise)
    value = violation.field_value
    if isinstance(value, str):
        domain_rule = _DOMAIN_RULES.get(rule.rule_id.removeprefix("string."))
        if domain_rule is not None:
            text = domain_rule(value) or text
        elif rule.rule_id == "string.e164":
            text = _with_suggestion(text, value)
    return FieldViolation(_path(rule.field.elements if rule.field is not None else ()), text)


def _indexes(violation: FieldViolation) -> list[int]:
    return [int(index) for index in re.findall(r"\[([0-9]+)\]", violation.field)]


def _path(elements: Sequence[Any]) -> str:
    """Return a field path as callers write it: `users[3].caller_id`."""
    path = ""
    for element in elements:
        path += f".{element.field_name}" if path else element.field_name
        if element.subscript is not None:
            path += f"[{element.subscript.value}]"
    return path
