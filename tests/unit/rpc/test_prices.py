from localdial_server.rpc.access import ROLES
from localdial_server.rpc.contract import SERVICES, Contract
from localdial_server.rpc.prices import PRICES, Work, price_of


def test_every_method_has_a_price_and_no_other_has() -> None:
    contract = Contract()
    methods = [method for name in SERVICES for method in contract.service(name).methods]

    assert {f"{method.containing_service.name}.{method.name}" for method in methods} == set(PRICES)
    assert set(PRICES) == set(ROLES)
    assert all(price_of(method).once >= 1 for method in methods)


def test_what_a_phone_call_waits_for_shares_no_capacity_with_anything_else() -> None:
    calls = {name for name, price in PRICES.items() if price.work is Work.CALLS}

    assert calls == {
        "CallRouting.ResolveOutboundCallerId",
        "CallRouting.RouteInboundCall",
        "CallRouting.ReportInboundCallOutcome",
    }
