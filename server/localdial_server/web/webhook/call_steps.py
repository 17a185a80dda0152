"""The steps of a call-back, as pure decisions.

localdial names the phone to ring and the one to ring after it. If nobody answers, the
caller hears a spoken message: a call never ends in silence. If localdial does not answer, the
carrier's fallback URL is next.

The webhook keeps no state between the steps. The URL that Twilio requests for a
later step holds what that step needs, so any server can answer, any number of times.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from localdial.v1.call_routing_pb2 import InboundCallOutcome
from localdial_server.domain.callers import NumberReader
from localdial_server.domain.phone_numbers import is_e164

_CONNECTED: Final = frozenset({"completed", "answered"})


@dataclass(frozen=True, slots=True)
class Call:
    """A call-back, with the numbers exactly as Twilio sent them."""

    call_sid: str
    called_number: str
    caller_number: str

    @classmethod
    def of(cls, form: Mapping[str, str]) -> Self:
        """Read the call from Twilio's parameters."""
        return cls(form.get("CallSid", ""), form.get("To", ""), form.get("From", ""))


@dataclass(frozen=True, slots=True)
class Dial:
    """Ring a phone. Numbers are E.164.

    `shows_caller`: the phone shows the caller's number, otherwise the called number.
    `fallback_number` is rung next if nobody answers; None if there is no other phone.
    `is_fallback`: another phone has rung before.
    `screened`: whoever answers has to press a key to take the call.
    """

    number: str
    organization_id: str
    shows_caller: bool
    fallback_number: str | None = None
    is_fallback: bool = False
    screened: bool = False

    def shown_number(self, call: Call, reader: NumberReader) -> str:
        """Return the caller ID that the phone shows.

        It is read from what Twilio sent, because a carrier refuses a caller ID that is not E.164.
        """
        shown = reader.caller(call.caller_number).number if self.shows_caller else None
        return shown or reader.called_number(call.called_number) or call.called_number

    def parameters(self) -> dict[str, str]:
        """Return what the next step needs, as parameters of its URL.

        Numbers are without their `+`, which some proxies turn into a space. Twilio signs the URL
        and the form as one text, so characters can move from one to the other. That is why the
        last parameter is a plain yes or no: if it is cut or extended, no number changes.
        """
        return {
            "organization": self.organization_id,
            "shows_caller": "yes" if self.shows_caller else "no",
            "fallback": (self.fallback_number or "").removeprefix("+"),
            "is_fallback": "yes" if self.is_fallback else "no",
            "screened": "yes" if self.screened else "no",
        }


@dataclass(frozen=True, slots=True)
class Message:
    """Play the caller a message, in the organization's name: nobody can take the call.

    `organization_id` is empty if it is not known.
    """

    organization_id: str = ""


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call, which was answered."""


@dataclass(frozen=True, slots=True)
class CarrierFallback:
    """Refuse the request, so that the carrier requests its fallback URL."""


Step = Dial | Message | HangUp | CarrierFallback


@dataclass(frozen=True, slots=True)
class DialEnded:
    """How ringing a phone ended.

    `fallback_number` is E.164; None if no phone is left to ring. The strings are empty if the
    request does not have them.
    """

    organization_id: str
    shows_caller: bool
    fallback_number: str | None
    is_fallback: bool
    screened: bool
    status: str
    bridged: str

    @classmethod
    def of(cls, parameters: Mapping[str, str], form: Mapping[str, str]) -> Self:
        """Read the outcome from the URL's parameters, which `Dial.parameters` made, and from Twilio's."""
        fallback_number = f"+{parameters.get('fallback', '')}"
        return cls(
            parameters.get("organization", ""),
            parameters.get("shows_caller") == "yes",
            fallback_number if is_e164(fallback_number) else None,
            parameters.get("is_fallback") == "yes",
            parameters.get("screened") == "yes",
            form.get("DialCallStatus", ""),
            form.get("DialBridged", ""),
        )

    @property
    def was_connected(self) -> bool:
        """Whether the caller talked to someone.

        A screened call that was answered but not accepted is "completed" too; only `DialBridged`
        tells the difference. If Twilio omits it, a screened call counts as not connected, so that
        the caller is never left in silence.
        """
        if self.bridged:
            return self.bridged == "true"
        return self.status in _CONNECTED and not self.screened

    @property
    def outcome(self) -> InboundCallOutcome.ValueType:
        """The outcome of the call so far: if another phone rings next, its outcome may be better."""
        if self.was_connected:
            if self.is_fallback:
                return InboundCallOutcome.INBOUND_CALL_OUTCOME_ANSWERED_BY_FALLBACK
            return InboundCallOutcome.INBOUND_CALL_OUTCOME_ANSWERED
        if self.status in _CONNECTED:
            return InboundCallOutcome.INBOUND_CALL_OUTCOME_SCREENED_OUT
        return InboundCallOutcome.INBOUND_CALL_OUTCOME_MISSED


def after_dial(ended: DialEnded) -> Step:
    """Decide what happens after a phone has rung."""
    if ended.was_connected:
        return HangUp()
    if ended.fallback_number is not None:
        return Dial(ended.fallback_number, ended.organization_id, ended.shows_caller, is_fallback=True)
    return Message(ended.organization_id)


def is_accepted(form: Mapping[str, str]) -> bool:
    """Return whether the user who was asked to press 1 did so."""
    return form.get("Digits") == "1"
