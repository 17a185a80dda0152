"""The contract's field rules, described in words."""

from collections.abc import Iterable
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

FIELD_RULES = "buf.validate.field"
PREDEFINED = "buf.validate.predefined"


def format_name(extension: str) -> str:
    """Return the display name of a format: `area code` for `is_area_code`."""
    return extension.removeprefix("is_").replace("_", " ").replace("e164", "E.164")


class FieldRules:
    """Reads field options that protobuf's generated code does not know."""

    def __init__(self, files: Iterable[descriptor_pb2.FileDescriptorProto]) -> None:
        """Load the options from the files of the contract, which include their definitions."""
        pool = descriptor_pool.DescriptorPool()
        for file in files:
            pool.AddSerializedFile(file.SerializeToString())
        self._options = message_factory.GetMessageClass(
            pool.FindMessageTypeByName("google.protobuf.FieldOptions")
        )

    def words(self, field: descriptor_pb2.FieldDescriptorProto) -> str:
        """Return the values that the field may hold if it is set, as Markdown; empty if it has no rules.

        Raises `ValueError` for a rule that this module cannot describe.
        """
        rules = self._option(field, FIELD_RULES)
        return ", ".join(_words(rules)) if rules is not None else ""

    def required(self, field: descriptor_pb2.FieldDescriptorProto) -> bool:
        """Return whether the field must be set."""
        rules = self._option(field, FIELD_RULES)
        return rules is not None and bool(rules.required or rules.repeated.min_items)

    def sentence(self, extension: descriptor_pb2.FieldDescriptorProto) -> str:
        """Return the message for a value that does not have the format."""
        predefined = self._option(extension, PREDEFINED)
        assert predefined is not None, extension.name
        return str(predefined.cel[0].message)

    def _option(self, field: descriptor_pb2.FieldDescriptorProto, name: str) -> Any | None:
        options = self._options.FromString(field.options.SerializeToString())
        for option, value in options.ListFields():
            if option.full_name == name:
                return value
        return None


def _words(rules: Any) -> list[str]:
    """Return the requirements of a `buf.validate.FieldRules`, each in words."""
    words: list[str] = []
    kind = rules.WhichOneof("type")
    if kind is None:
        return words
    set_: dict[str, Any] = {}
    for rule, value in getattr(rules, kind).ListFields():
        if rule.is_extension:
            words.append(f"[{format_name(rule.name)}](#formats)")
        else:
            set_[rule.name] = value
    if kind == "repeated":
        words.append(_between(set_.pop("min_items"), set_.pop("max_items")) + " items")
        if set_.pop("unique", False):
            words.append("each once")
        items = set_.pop("items", None)
        words.extend(_words(items) if isinstance(items, Message) else [])
    if "max_len" in set_:
        words.append(f"up to {set_.pop('max_len')} characters")
    if "gte" in set_:
        words.append(_between(set_.pop("gte"), set_.pop("lte", None)))
    if set_.pop("defined_only", False):
        words.append("a value of the enum")
    if set_:
        raise ValueError(f"the reference cannot describe these rules: {', '.join(set_)}")
    return words


def _between(least: int, most: int | None) -> str:
    return f"{least} or more" if most is None else f"{least} to {most}"
