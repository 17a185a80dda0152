"""`localdial explain` against a fake server."""

import json

import pytest
from google.rpc.status_pb2 import Status

from localdial.v1 import call_routing_pb2 as pb
from localdial.v1.administration_pb2 import AuditEventKind
from localdial.v1.number_pb2 import NumberState
from localdial_server.cli.exit_codes import ExitCode

from .conftest import Cli

SHOWN, OTHER, CALLEE = "+14155550100", "+14155550101", "+14155550172"


def response() -> pb.ExplainOutboundCallerIdResponse:
    return pb.ExplainOutboundCallerIdResponse(
        response=pb.ResolveOutboundCallerIdResponse(
            caller_id=SHOWN, reason=pb.CALLER_ID_REASON_LOCAL_PRESENCE, callee_area_code="415", revision=7
        ),
        rules=[
            pb.RuleExplanation(
                rule=pb.CALLER_ID_REASON_AGENT_CALLER_ID_LOCAL,
                outcome=pb.RULE_OUTCOME_NO_CANDIDATE,
                detail="The user has no caller ID.",
            ),
            pb.RuleExplanation(
                rule=pb.CALLER_ID_REASON_LOCAL_PRESENCE,
                outcome=pb.RULE_OUTCOME_CHOSEN,
                caller_id=SHOWN,
                detail="Of the 2 active numbers, this callee sees it.",
            ),
        ],
        candidates=[
            pb.CandidateNumber(
                phone_number=SHOWN,
                rule=pb.CALLER_ID_REASON_LOCAL_PRESENCE,
                verdict=pb.CANDIDATE_VERDICT_CHOSEN,
                rank=1,
                state=NumberState.NUMBER_STATE_ACTIVE,
            ),
            pb.CandidateNumber(
                phone_number=OTHER,
                rule=pb.CALLER_ID_REASON_LOCAL_PRESENCE,
                verdict=pb.CANDIDATE_VERDICT_NOT_ACTIVE,
                state=NumberState.NUMBER_STATE_PURCHASING,
            ),
        ],
        candidate_count=250,
        callee=pb.CalleeFacts(
            phone_number=CALLEE,
            area_code="415",
            region="US-CA",
            country="US",
            time_zones=["America/Los_Angeles"],
        ),
    )


def recorded() -> pb.RecordedCallExplanation:
    return pb.RecordedCallExplanation(
        call=pb.OutboundCall(
            call_id="call-1",
            user_id="ann",
            callee_number=CALLEE,
            caller_id=OTHER,
            reason=pb.CALLER_ID_REASON_AGENT_CALLER_ID,
        ),
        was_in_inventory=pb.INVENTORY_MEMBERSHIP_NO,
        call_back_destination=pb.CallBackDestination(
            destination_number="+13125550151",
            reason=pb.DESTINATION_REASON_LAST_CALLER,
            user_id="ann",
            fallback_number="+18005550150",
        ),
        changes=[
            pb.ChangeSinceCall(kind=AuditEventKind.AUDIT_EVENT_KIND_NUMBER_ADDED, subject=SHOWN),
            pb.ChangeSinceCall(kind=AuditEventKind.AUDIT_EVENT_KIND_ORGANIZATION_SET),
        ],
    )


def test_a_call_is_explained_as_a_tree(cli: Cli) -> None:
    cli.server.answers(response())
    result = cli.run("explain", "acme", "ann", CALLEE, "--min-revision", "7")
    assert result.exit_code == ExitCode.OK
    assert (
        result.stdout
        == f"""\
{SHOWN} is shown to {CALLEE}: LOCAL_PRESENCE
├── the callee's number: area code 415, US-CA, America/Los_Angeles
├── the rules, of which the first that applies wins
│   ├──   AGENT_CALLER_ID_LOCAL  The user has no caller ID.
│   └── * LOCAL_PRESENCE         Of the 2 active numbers, this callee sees it.
└── 250 numbers of the organization for this area code, in the order of choice; the first 2
    ├──   1  {SHOWN}  LOCAL_PRESENCE  shown
    └──   -  {OTHER}  LOCAL_PRESENCE  not active: PURCHASING
"""
    )
    [request] = cli.requests("ExplainOutboundCallerId")
    assert request == pb.ExplainOutboundCallerIdRequest(
        organization_id="acme", user_id="ann", callee_number=CALLEE, min_revision=7
    )


def test_a_recorded_call_is_explained_with_what_became_of_it(cli: Cli) -> None:
    answer = response()
    answer.recorded_call.CopyFrom(recorded())
    cli.server.answers(answer)
    result = cli.run("explain", "acme", "--call-id", "call-1")
    tree = result.stdout[result.stdout.index("└── call call-1") :]
    assert f"{OTHER} was shown: AGENT_CALLER_ID; it was not in the inventory then" in tree
    assert (
        "a call-back would go to +13125550151 now: LAST_CALLER, the work phone of ann; if nobody answers, to "
        "+18005550150" in tree
    )
    assert f"NUMBER_ADDED  {SHOWN}" in tree
    assert tree.endswith("ORGANIZATION_SET\n")
    [request] = cli.requests("ExplainOutboundCallerId")
    assert request == pb.ExplainOutboundCallerIdRequest(organization_id="acme", call_id="call-1")


def test_that_nothing_can_be_shown_is_a_result(cli: Cli) -> None:
    answer = response()
    answer.no_caller_id.CopyFrom(Status(code=9, message="no caller ID can be shown"))
    cli.server.answers(answer)
    result = cli.run("explain", "acme", "ann", CALLEE)
    assert result.exit_code == ExitCode.OK
    assert result.stdout.startswith(f"no call to {CALLEE}: no caller ID can be shown\n")


def test_the_call_of_a_deleted_user_is_explained_without_rules(cli: Cli) -> None:
    answer = pb.ExplainOutboundCallerIdResponse(callee=response().callee, recorded_call=recorded())
    answer.recorded_call.was_in_inventory = pb.INVENTORY_MEMBERSHIP_UNKNOWN
    answer.recorded_call.no_call_back.CopyFrom(Status(code=5, message="there is no such number"))
    del answer.recorded_call.changes[:]
    cli.server.answers(answer)
    result = cli.run("explain", "acme", "--call-id", "call-1")
    assert result.stdout.startswith(f"the user who called {CALLEE} was deleted\n")
    assert "the rules" not in result.stdout
    assert "the record of changes does not reach back that far" in result.stdout
    assert "a call-back would go nowhere now: there is no such number" in result.stdout
    assert "nothing that bears on it has changed since" in result.stdout


def test_a_program_gets_the_response(cli: Cli) -> None:
    cli.server.answers(response())
    document = json.loads(cli.run("explain", "acme", "ann", CALLEE, "--json").stdout)
    assert document["response"]["caller_id"] == SHOWN
    assert [rule["outcome"] for rule in document["rules"]][1] == "RULE_OUTCOME_CHOSEN"


@pytest.mark.parametrize(
    "arguments",
    [(), ("ann",), ("--call-id", "call-1", "ann"), ("ann", CALLEE, "--call-id", "call-1")],
)
def test_a_user_and_a_callee_or_a_call_must_be_named(cli: Cli, arguments: tuple[str, ...]) -> None:
    result = cli.run("explain", "acme", *arguments)
    assert result.exit_code == ExitCode.USAGE
    assert "USER and CALLEE" in result.stderr
    assert cli.server.received == []
