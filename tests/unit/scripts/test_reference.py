"""The API reference is complete, and all its links work."""

import re
import subprocess
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from scripts.lib.reference import Reference

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/api.md").read_text("utf-8")
CONTRACT = FileDescriptorSet.FromString((ROOT / "server/localdial_server/rpc/contract.binpb").read_bytes())


@pytest.fixture
def commented(generators: Path, tmp_path: Path) -> FileDescriptorSet:
    image = tmp_path / "commented.binpb"
    subprocess.run([generators / "buf", "build", "proto", "--output", image], cwd=ROOT, check=True)
    return FileDescriptorSet.FromString(image.read_bytes())


def file_of(files: FileDescriptorSet, name: str) -> FileDescriptorProto:
    (found,) = (file for file in files.file if file.name == f"localdial/v1/{name}.proto")
    return found


def section(heading: str) -> str:
    """Return the text from a heading to the next one."""
    parts = re.split(r"^#+ (.+)$", PAGE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[heading]


def test_every_link_within_the_page_has_its_target() -> None:
    anchors = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    }
    anchors |= set(re.findall(r'<a id="(.+?)">', PAGE))
    links = set(re.findall(r"\]\(#(.+?)\)", PAGE))
    assert len(links) > 50
    assert links <= anchors


def test_every_link_to_a_file_has_its_target() -> None:
    for path in re.findall(r"\]\(([^#)]+)", PAGE):
        assert (ROOT / "docs" / path).exists()


def test_the_reference_has_everything_in_the_contract() -> None:
    said = 0
    for file in CONTRACT.file:
        if file.package != "localdial.v1":
            continue
        for service in file.service:
            for method in service.method:
                assert f"`localdial.v1.{service.name}/{method.name}`" in section(method.name)
        for message in file.message_type:
            for field in message.field:
                assert f"\n| `{field.name}` | " in section(message.name)
                said += 1
        for enum in file.enum_type:
            errors = enum.name == "ErrorReason"
            for value in enum.value[1:]:
                name = value.name.removeprefix("ERROR_REASON_")
                assert f"`{name}` | " in section("Errors" if errors else enum.name)
                said += 1
    assert said > 150


def test_the_reference_states_the_limits_of_a_field() -> None:
    assert "| `limit` | int32 | 1 to 100 | Optional." in section("SearchAvailableNumbersRequest")
    assert (
        "| `area_codes` | list of string | 1 to 100 items, each once, [area code](#formats) | Required."
        in section("MapAreaCodesRequest")
    )
    assert "up to 256 characters" in section("RouteInboundCallRequest")


def test_a_reason_without_its_status_is_refused(commented: FileDescriptorSet) -> None:
    for location in file_of(commented, "errors").source_code_info.location:
        location.leading_comments = location.leading_comments.replace(" INTERNAL. The server", " The server")
    with pytest.raises(ValueError, match="ERROR_REASON_INTERNAL does not say its status"):
        Reference(commented.file).page()


def test_a_required_field_whose_comment_does_not_say_so_is_refused(commented: FileDescriptorSet) -> None:
    for location in file_of(commented, "directory").source_code_info.location:
        location.leading_comments = location.leading_comments.replace(" Required. The user", " The user")
    with pytest.raises(ValueError, match="is required in its rules or its comment only"):
        Reference(commented.file).page()


def test_every_field_is_required_optional_or_output_only(commented: FileDescriptorSet) -> None:
    said = 0
    for file in commented.file:
        if file.package != "localdial.v1":
            continue
        comments = {tuple(each.path): each.leading_comments for each in file.source_code_info.location}
        for index, message in enumerate(file.message_type):
            for place, field in enumerate(message.field):
                comment = comments[(4, index, 2, place)]
                assert re.match(r" (Required|Optional|Output only)\. \S", comment), field.name
                said += 1
    assert said > 150


def test_a_rule_that_the_reference_cannot_describe_is_refused(commented: FileDescriptorSet) -> None:
    (message,) = (m for m in file_of(commented, "number").message_type if m.name == "LocalPresenceNumber")
    # (buf.validate.field).string.uuid = true, on the wire.
    string_rules = b"\xb0\x01\x01"
    rules = b"\x72" + bytes([len(string_rules)]) + string_rules
    message.field[0].options.MergeFromString(b"\xba\x48" + bytes([len(rules)]) + rules)
    with pytest.raises(ValueError, match="the reference cannot describe these rules: uuid"):
        Reference(commented.file).page()
