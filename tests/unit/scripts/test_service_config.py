"""All clients retry the methods that the contract declares safe, by the same policy."""

import json
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet, MethodOptions

from scripts.lib.service_config import main, retry_names, service_config

ROOT = Path(__file__).parents[3]
CONTRACT = ROOT / "server/localdial_server/rpc/contract.binpb"


def test_only_methods_that_are_declared_safe_are_retried() -> None:
    file = FileDescriptorProto(name="shop.proto", package="localdial.v1")
    service = file.service.add(name="Shop")
    for name, level in (
        ("Look", MethodOptions.NO_SIDE_EFFECTS),
        ("Buy", MethodOptions.IDEMPOTENCY_UNKNOWN),
        ("Tidy", MethodOptions.IDEMPOTENT),
    ):
        service.method.add(name=name).options.idempotency_level = level
    service.method.add(name="Sell")
    assert retry_names([file]) == [
        {"service": "localdial.v1.Shop", "method": "Look"},
        {"service": "localdial.v1.Shop", "method": "Tidy"},
    ]


def test_methods_of_other_packages_are_left_out() -> None:
    file = FileDescriptorProto(name="other.proto", package="localdial.v1beta")
    file.service.add(name="Other").method.add(name="Get").options.idempotency_level = MethodOptions.IDEMPOTENT
    assert retry_names([file]) == []


@pytest.mark.parametrize("name", ["config.json", "src/config.ts"])
def test_json_and_module_hold_the_same_config(tmp_path: Path, name: str) -> None:
    main(CONTRACT, tmp_path / name)
    text = (tmp_path / name).read_text("ascii")
    held = json.loads(text[text.index("{") : text.rindex("}") + 1])
    assert held == service_config(FileDescriptorSet.FromString(CONTRACT.read_bytes()).file)
    # gRPC's core takes a whole number here for thousandths.
    assert '"tokenRatio": 1.0' in text
