"""Who may call which method for which organization."""

from localdial_server.rpc.access import ROLES
from localdial_server.rpc.contract import SERVICES, Contract


def test_the_table_of_roles_has_every_method_of_the_contract_and_no_other() -> None:
    contract = Contract()
    methods = {f"{name}.{method.name}" for name in SERVICES for method in contract.service(name).methods}
    assert set(ROLES) == methods
