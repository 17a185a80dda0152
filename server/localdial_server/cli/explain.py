"""`localdial explain`: why a callee sees a number, as a tree."""

from collections.abc import Iterable
from typing import Annotated, Final

import typer
from rich.text import Text
from rich.tree import Tree

from localdial.v1.call_routing_pb2 import (
    CandidateNumber,
    CandidateVerdict,
    ExplainOutboundCallerIdRequest,
    ExplainOutboundCallerIdResponse,
    InventoryMembership,
    RecordedCallExplanation,
    RuleOutcome,
)
from localdial_server.cli.command import Session, client_command
from localdial_server.cli.exit_codes import CliError, ExitCode
from localdial_server.cli.options import OrganizationArgument
from localdial_server.cli.output import counted
from localdial_server.cli.routing import MinRevisionOption
from localdial_server.cli.values import enum_name, printable, utc_time

_WIDTH_OF_RULES: Final = len("AGENT_CALLER_ID_LOCAL")
_MEMBERSHIPS: Final = {
    InventoryMembership.INVENTORY_MEMBERSHIP_YES: "it was in the inventory then",
    InventoryMembership.INVENTORY_MEMBERSHIP_NO: "it was not in the inventory then",
}
_MEMBERSHIP_UNKNOWN: Final = (
    "whether it was in the inventory then is unknown: the record of changes does not reach back that far"
)


@client_command
def explain(
    session: Session,
    organization: OrganizationArgument,
    user: Annotated[str, typer.Argument(metavar="USER", help="The user (agent) who would call.")] = "",
    callee: Annotated[
        str, typer.Argument(metavar="CALLEE", help="The number to call, such as +14155550100.")
    ] = "",
    *,
    call_id: Annotated[
        str,
        typer.Option(
            "--call-id", metavar="ID", help="Explain this recorded call, and what has become of it."
        ),
    ] = "",
    min_revision: MinRevisionOption = 0,
) -> None:
    """Explain which number a callee sees, rule by rule. Nothing is recorded.

    Name a user and a callee, or a recorded call with --call-id.
    """
    if call_id and (user or callee):
        raise CliError("give USER and CALLEE, or --call-id, but not both", ExitCode.USAGE)
    if not call_id and not (user and callee):
        raise CliError("give USER and CALLEE, or the ID of a recorded call with --call-id", ExitCode.USAGE)
    request = ExplainOutboundCallerIdRequest(
        organization_id=organization,
        user_id=user,
        callee_number=callee,
        call_id=call_id,
        min_revision=min_revision,
    )
    response = session.client.call_routing.explain_outbound_caller_id(request)
    session.out.result(response, _tree(response))


def _tree(response: ExplainOutboundCallerIdResponse) -> Tree:
    tree = Tree(_text(_headline(response), "bold"))
    _add(tree, _callee(response), ())
    if response.rules:
        rules = tree.add("the rules, of which the first that applies wins")
        for rule in response.rules:
            is_chosen = rule.outcome == RuleOutcome.RULE_OUTCOME_CHOSEN
            name = enum_name(rule, "rule")
            rules.add(
                _text(
                    f"{'*' if is_chosen else ' '} {name:{_WIDTH_OF_RULES}}  {rule.detail}",
                    "green" if is_chosen else "",
                )
            )
    if response.candidates:
        candidates = tree.add(_candidates_title(response))
        for candidate in response.candidates:
            is_chosen = candidate.verdict == CandidateVerdict.CANDIDATE_VERDICT_CHOSEN
            candidates.add(_text(_candidate(candidate), "green" if is_chosen else ""))
    if response.HasField("recorded_call"):
        _add_recorded_call(tree, response.recorded_call)
    return tree


def _headline(response: ExplainOutboundCallerIdResponse) -> str:
    to = response.callee.phone_number
    match response.WhichOneof("decision"):
        case "response":
            return f"{response.response.caller_id} is shown to {to}: {enum_name(response.response, 'reason')}"
        case "no_caller_id":
            return f"no call to {to}: {response.no_caller_id.message}"
        case _:
            return f"the user who called {to} was deleted"


def _callee(response: ExplainOutboundCallerIdResponse) -> str:
    callee = response.callee
    facts = [
        f"area code {callee.area_code}" if callee.area_code else "no geographic area code",
        callee.region or callee.country,
        *callee.time_zones,
    ]
    return f"the callee's number: {', '.join(filter(None, facts))}"


def _candidates_title(response: ExplainOutboundCallerIdResponse) -> str:
    listed, count = len(response.candidates), response.candidate_count
    title = f"{counted(count, 'number')} of the organization for this area code, in the order of choice"
    return title if listed == count else f"{title}; the first {listed}"


def _candidate(candidate: CandidateNumber) -> str:
    notes = {
        CandidateVerdict.CANDIDATE_VERDICT_CHOSEN: "shown",
        CandidateVerdict.CANDIDATE_VERDICT_CALLEES_OWN: "the callee's own number",
        CandidateVerdict.CANDIDATE_VERDICT_NOT_ACTIVE: f"not active: {enum_name(candidate, 'state')}",
    }
    rank = str(candidate.rank or "-")
    note = notes.get(candidate.verdict, "")
    return f"{rank:>3}  {candidate.phone_number}  {enum_name(candidate, 'rule')}  {note}".rstrip()


def _add_recorded_call(tree: Tree, recorded: RecordedCallExplanation) -> None:
    call = recorded.call
    membership = _MEMBERSHIPS.get(recorded.was_in_inventory, _MEMBERSHIP_UNKNOWN)
    branch = tree.add(
        _text(
            f"call {call.call_id}: {call.user_id} called {call.callee_number} at "
            f"{utc_time(call, 'call_time')}",
            "bold",
        )
    )
    _add(branch, f"{call.caller_id} was shown: {enum_name(call, 'reason')}; {membership}", ())
    _add(branch, _call_back(recorded), ())
    if recorded.changes:
        changes = [
            f"{utc_time(each, 'event_time')}  {enum_name(each, 'kind')}  {each.subject}".rstrip()
            for each in recorded.changes
        ]
        _add(branch, "changed since, newest first", changes)
    else:
        _add(branch, "nothing that bears on it has changed since", ())


def _call_back(recorded: RecordedCallExplanation) -> str:
    if recorded.HasField("no_call_back"):
        return f"a call-back would go nowhere now: {recorded.no_call_back.message}"
    found = recorded.call_back_destination
    whose = f", the work phone of {found.user_id}" if found.user_id else ""
    then = f"; if nobody answers, to {found.fallback_number}" if found.fallback_number else ""
    return (
        f"a call-back would go to {found.destination_number} now: {enum_name(found, 'reason')}{whose}{then}"
    )


def _add(tree: Tree, line: str, children: Iterable[str]) -> None:
    branch = tree.add(_text(line))
    for child in children:
        branch.add(_text(child))


def _text(line: str, style: str = "") -> Text:
    return Text(printable(line), style)
