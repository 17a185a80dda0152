"""What happens to a call-back, step by step: pure decisions.

The first destination that answers wins: where localdial sends the call-back, then
the organization number, then a spoken message. A caller never ends in silence.

Nothing is kept between the steps. What a later step needs to know travels in the
URL that it is asked for with, so any server can answer it, as often as it is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from localdial_server.domain.phone_numbers import caller_of, is_e164

_CONNECTED: Final = frozenset({"completed", "answered"})


@dataclass(frozen=True, slots=True)
class Call:
    """A call-back, as the carrier tells of it."""

    call_sid: str
    called_number: str
    caller_number: str
    """Whatever the carrier sent: a number, ``anonymous``, a SIP address, nothing."""

    @classmethod
    def of(cls, form: Mapping[str, str]) -> Self:
        """Read it from the carrier's parameters."""
        return cls(form.get("CallSid", ""), form.get("To", ""), form.get("From", ""))

    @property
    def shown_number(self) -> str:
        """The number that is shown where the call is connected.

        The carrier lets us pass on the caller's own number, and show numbers of the
        account; nothing else.
        """
        return caller_of(self.caller_number) or self.called_number


@dataclass(frozen=True, slots=True)
class Organization:
    """What is known of the organization that is called."""

    organization_id: str
    display_name: str = ""
    organization_number: str = ""


@dataclass(frozen=True, slots=True)
class Dial:
    """Ring this phone. ``screened``: whoever answers has to accept the call by a key."""

    number: str
    shown_number: str
    organization_id: str
    screened: bool = False

    def parameters(self) -> dict[str, str]:
        """Write down for the step after this one what it has to know."""
        return {
            "organization": self.organization_id,
            "screened": "yes" if self.screened else "no",
            # Without the + that some take for a blank. Last, and of digits alone: the
            # signature covers the URL and what follows it without a mark between them.
            "dialled": self.number.removeprefix("+"),
        }


@dataclass(frozen=True, slots=True)
class Message:
    """Tell the caller that the call cannot be connected, in the organization's name if it is known."""

    organization_name: str = ""


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call: it was answered."""


Step = Dial | Message | HangUp


@dataclass(frozen=True, slots=True)
class DialEnded:
    """How ringing a phone ended. ``None``, or empty, is what the request does not say."""

    organization_id: str
    dialled_number: str | None
    screened: bool
    status: str
    bridged: str

    @classmethod
    def of(cls, parameters: Mapping[str, str], form: Mapping[str, str]) -> Self:
        """Read it from the URL's parameters, which are those of a ``Dial``, and the carrier's."""
        dialled_number = f"+{parameters.get('dialled', '')}"
        return cls(
            parameters.get("organization", ""),
            dialled_number if is_e164(dialled_number) else None,
            parameters.get("screened") == "yes",
            form.get("DialCallStatus", ""),
            form.get("DialBridged", ""),
        )

    @property
    def was_connected(self) -> bool:
        """Whether the caller talked to somebody.

        A call that was answered, but not accepted, is "completed" too; only that it
        was not bridged tells the difference. Where neither is said, it is better to
        go on after a call than to leave a caller in silence.
        """
        if self.bridged:
            return self.bridged == "true"
        return self.status in _CONNECTED and not self.screened


def after_dial(call: Call, ended: DialEnded, organization: Organization | None) -> Step:
    """Decide what comes after a phone was rung; None: the organization is not known, or not now."""
    if ended.was_connected:
        return HangUp()
    if organization is None:
        return Message()
    number = organization.organization_number
    # Connecting a call with either of its own ends would loop.
    tried = {ended.dialled_number, call.called_number, caller_of(call.caller_number)}
    if not number or ended.dialled_number is None or number in tried:
        return Message(organization.display_name)
    return Dial(number, call.shown_number, organization.organization_id)


def is_accepted(form: Mapping[str, str]) -> bool:
    """Answer whether who was asked to press 1 did so."""
    return form.get("Digits") == "1"
