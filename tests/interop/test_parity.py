"""Every client has a method for every RPC of the contract."""

from tests.interop.conftest import StartDriver
from tests.interop.contract import METHODS


def test_every_rpc_has_its_method(language: str, start_driver: StartDriver) -> None:
    driver = start_driver(language)
    assert driver.ask({"op": "connect", "client": "parity", "addresses": ["127.0.0.1:1"]}) == {"ok": True}
    answer = driver.ask({"op": "methods", "client": "parity"})
    assert driver.end() == 0
    assert sorted(answer["methods"]) == sorted(METHODS)
