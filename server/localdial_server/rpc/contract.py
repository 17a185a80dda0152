"""The contract with its field rules, for parsing and checking requests.

The clients' generated code does not have the rules. So `scripts/generate` puts the whole
contract beside this module, and the server parses requests into classes made from it. They
have the same fields as the generated classes and are annotated as those.
"""

from collections.abc import Sequence
from importlib import resources
from typing import Any

import protovalidate
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import DecodeError, Message

from localdial_server.domain.area_codes import probable_us_number
from localdial_server.domain.errors import FieldViolation, InvalidFields, Reason, ServiceError

PACKAGE = "localdial.v1"
# A suggestion takes time to compute. More mistakes than this in one request are likely
# the same mistake many times.
_MAX_SUGGESTIONS = 20

SERVICES = ("CallRouting", "Directory", "NumberInventory")


class MalformedRequest(ServiceError, reason=Reason.MALFORMED_REQUEST):
    """The bytes are not a message of the request's type."""


class RequestTooLarge(ServiceError, reason=Reason.REQUEST_TOO_LARGE):
    """The request is larger than the server accepts."""


class Contract:
    """The services and messages of `localdial.v1`, with their rules."""

    def __init__(self) -> None:
        image = resources.files("localdial_server.rpc").joinpath("contract.binpb").read_bytes()
        pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(image).file:
            pool.AddSerializedFile(file.SerializeToString())
        self._pool = pool
        self._validator = protovalidate.Validator()
        self._lists: dict[type[Message], Sequence[tuple[str, int]]] = {}

    def service(self, name: str) -> ServiceDescriptor:
        """Return one of `SERVICES`."""
        service: ServiceDescriptor = self._pool.FindServiceByName(f"{PACKAGE}.{name}")
        return service

    def message_class(self, full_name: str) -> type[Message]:
        """Return the class of a message, such as `localdial.v1.LocalPresenceNumber`."""
        return message_factory.GetMessageClass(self._pool.FindMessageTypeByName(full_name))

    def request_class(self, service: str, method: str) -> type[Message]:
        """Return the class that the method's requests are parsed into."""
        request_class = self.message_class(self.service(service).methods_by_name[method].input_type.full_name)
        # Compile the rules now, so that no caller waits for that.
        self._validator.collect_violations(request_class())
        return request_class

    def check(self, request: Message) -> None:
        """Raise `InvalidFields` with every field that breaks a rule."""
        # Check the lengths of lists first: the validator looks at every item of a list that
        # is too long, and a request may hold millions.
        too_long = [
            FieldViolation(name, f"must have at most {most} items")
            for name, most in self._max_items(type(request))
            if len(getattr(request, name)) > most
        ]
        if too_long:
            raise InvalidFields(too_long)
        violations = self._validator.collect_violations(request)
        if violations:
            raise InvalidFields(
                [_describe(one, suggest=index < _MAX_SUGGESTIONS) for index, one in enumerate(violations)]
            )

    def _max_items(self, message: type[Message]) -> Sequence[tuple[str, int]]:
        """Return the names of the message's own lists, each with its greatest length."""
        known = self._lists.get(message)
        if known is None:
            known = [
                (field.name, int(rules.repeated.max_items))
                for field in message.DESCRIPTOR.fields
                if (rules := self._rules_of(field)).repeated.HasField("max_items")
            ]
            self._lists[message] = known
        return known

    def _rules_of(self, field: Any) -> Any:
        # Only our own pool knows the extension, so a class of that pool has to read the options.
        options: Any = self.message_class("google.protobuf.FieldOptions")()
        options.ParseFromString(field.GetOptions().SerializeToString())
        return options.Extensions[self._pool.FindExtensionByName("buf.validate.field")]


def parse(request_class: type[Message], raw: bytes, max_bytes: int) -> Message:
    """Return the parsed request. Raises `RequestTooLarge` and `MalformedRequest`."""
    if len(raw) > max_bytes:
        raise RequestTooLarge(
            f"the request has {len(raw)} bytes; the server accepts {max_bytes}. Send it in parts",
            size_bytes=str(len(raw)),
            max_size_bytes=str(max_bytes),
        )
    try:
        return request_class.FromString(raw)
    except DecodeError:
        raise MalformedRequest(
            f"the request is not a {request_class.DESCRIPTOR.full_name}; build the client from this contract"
        ) from None


def _describe(violation: protovalidate.Violation, *, suggest: bool) -> FieldViolation:
    rule = violation.proto
    text = rule.message
    for noise in "repeated value ", "value ":
        text = text.removeprefix(noise)
    if suggest and rule.rule_id == "string.e164" and isinstance(violation.field_value, str):
        meant = probable_us_number(violation.field_value)
        if meant is not None:
            text = f"{text}; did you mean {meant}?"
    return FieldViolation(_path(rule.field.elements if rule.field is not None else ()), text)


def _path(elements: Sequence[Any]) -> str:
    """Return a field path as callers write it: `users[3].caller_id`."""
    path = ""
    for element in elements:
        path += f".{element.field_name}" if path else element.field_name
        if element.subscript is not None:
            path += f"[{element.subscript.value}]"
    return path
