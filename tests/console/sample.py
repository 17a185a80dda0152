"""A made-up lender with numbers, agents, calls and call-backs, for screenshots and for tests of whole views.

Every phone number is fictional.
"""

from typing import Final

from localdial.v1.call_routing_pb2 import (
    InboundCallOutcome,
    ReportInboundCallOutcomeRequest,
    ResolveOutboundCallerIdRequest,
    RouteInboundCallRequest,
)
from localdial_client import Client, LocaldialError
from tests.console.console_server import Tenant

_AGENTS: Final = (
    ("ann.lee", "Ann Lee", "+13125550190", "+13125550191"),
    ("bob.ray", "Bob Ray", "", "+13035550192"),
    ("carla.diaz", "Carla Diaz", "+16175550193", ""),
    ("dev.patel", "Dev Patel", "+14045550194", "+14045550195"),
    ("eve.kim", "Eve Kim", "", "+12065550196"),
)
# Area code, how many numbers, and the area codes that are mapped to the first of them.
_NUMBERS: Final = (
    ("415", 3, ("628", "650", "510")),
    ("212", 3, ("646", "917")),
    ("312", 2, ("773",)),
    ("305", 2, ("786",)),
    ("206", 1, ("425", "253")),
    ("404", 1, ()),
    ("713", 2, ("281", "832")),
    ("602", 1, ()),
)
# The area codes of the borrowers that are called, the most called first. The last few have no local number.
_CALLED: Final = ("415", "212", "312", "628", "713", "206", "305", "214", "619", "503")
_OUTCOMES: Final = (
    InboundCallOutcome.INBOUND_CALL_OUTCOME_ANSWERED,
    InboundCallOutcome.INBOUND_CALL_OUTCOME_MISSED,
    InboundCallOutcome.INBOUND_CALL_OUTCOME_ANSWERED,
)


def fill(client: Client, organization_id: str) -> Tenant:
    """Create the organization with everything that the views show."""
    tenant = Tenant(client, organization_id, display_name="Acme Lending", organization_number="+13035550199")
    for user_id, name, caller_id, work_phone in _AGENTS:
        tenant.add_user(user_id, display_name=name, caller_id=caller_id, work_phone=work_phone)
    for area_code, quantity, mapped in _NUMBERS:
        numbers = tenant.buy(area_code, quantity)
        if mapped:
            tenant.map(numbers[0], mapped)
    shown: dict[str, str] = {}
    for rank, area_code in enumerate(_CALLED):
        for call in range(3 * (len(_CALLED) - rank)):
            callee = f"+1{area_code}555{100 + call:04}"
            user_id = _AGENTS[(rank + call) % len(_AGENTS)][0]
            request = ResolveOutboundCallerIdRequest(
                organization_id=organization_id, user_id=user_id, callee_number=callee
            )
            shown[callee] = client.call_routing.resolve_outbound_caller_id(request).caller_id
    for index, (callee, number) in enumerate(list(shown.items())[::9]):
        _call_back(client, organization_id, callee, number, _OUTCOMES[index % len(_OUTCOMES)])
    return tenant


def _call_back(
    client: Client,
    organization_id: str,
    caller: str,
    called: str,
    outcome: "InboundCallOutcome.ValueType",
) -> None:
    call_id = f"in-{caller[1:]}"
    route = RouteInboundCallRequest(caller_number=caller, called_number=called, call_id=call_id)
    report = ReportInboundCallOutcomeRequest(
        organization_id=organization_id, call_id=call_id, outcome=outcome
    )
    try:
        client.call_routing.route_inbound_call(route)
        client.call_routing.report_inbound_call_outcome(report)
    except LocaldialError:
        # The number is not the organization's but an agent's own.
        return
