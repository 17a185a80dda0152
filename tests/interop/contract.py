"""The methods of the contract, and their messages in the driver protocol."""

import base64
import re
from typing import Any

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from localdial.v1 import administration_pb2, call_routing_pb2, directory_pb2, number_inventory_pb2
from tests.interop.driver import DriverBroken

SERVICES: tuple[ServiceDescriptor, ...] = tuple(
    service
    for file in (administration_pb2, call_routing_pb2, directory_pb2, number_inventory_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
)

METHODS: dict[str, MethodDescriptor] = {
    f"{service.full_name}/{method.name}": method for service in SERVICES for method in service.methods
}

# The methods by the Python client's names, such as `directory.set_user`.
BY_ATTRIBUTE: dict[str, str] = {
    ".".join(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", part).lower() for part in (service.name, method.name)): (
        f"{service.full_name}/{method.name}"
    )
    for service in SERVICES
    for method in service.methods
}


def response_of(method: str, answered: str) -> Message:
    """Decode a response. Raises `DriverBroken` unless its bytes are the canonical ones, in any order."""
    raw = base64.b64decode(answered, validate=True)
    message = GetMessageClass(METHODS[method].output_type).FromString(raw)
    # Go writes the fields of a oneof after all others.
    if sorted(message.SerializeToString(deterministic=True)) != sorted(raw):
        raise DriverBroken(f"not the canonical encoding of an answer to {method}: {raw!r}, {message}")
    return message


def as_json(message: Message, *, defaults: bool = False) -> dict[str, Any]:
    """Return a message as proto3 JSON with the contract's own names."""
    return MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=defaults
    )
