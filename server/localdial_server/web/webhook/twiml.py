"""The steps as TwiML, Twilio's language for what happens to a call."""

import re
from collections.abc import Mapping
from typing import Final, assert_never
from urllib.parse import quote, urlencode

from twilio.twiml.voice_response import VoiceResponse

from localdial_server.web.webhook.flow import Dial, HangUp, Message, Step

VOICE: Final = "/voice"
DIAL_ENDED: Final = "/dial-ended"
SCREEN: Final = "/screen"
SCREENED: Final = "/screened"

_LANGUAGE: Final = "en-US"

# How long who has answered may take to press 1, once the question is asked.
_ACCEPT_SECONDS: Final = 6

# What XML 1.0 cannot hold, not even escaped, and what is no text to be spoken.
_NOT_SPOKEN: Final = re.compile(r"[^\x20-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]+")


class TwimlWriter:
    """Writes steps for the carrier, which comes back to URLs below ``public_url``."""

    def __init__(self, public_url: str, dial_seconds: int) -> None:
        self._public_url = public_url
        self._dial_seconds = dial_seconds

    def step(self, step: Step) -> str:
        """Write what happens to the caller next."""
        response = VoiceResponse()
        match step:
            case Dial():
                self._dial(response, step)
            case Message(name):
                response.say(_spoken_message(name), language=_LANGUAGE)
                response.hangup()
            case HangUp():
                response.hangup()
            case _:
                assert_never(step)
        return str(response)

    def question(self, organization_name: str) -> str:
        """Write the question whether to accept the call, for who has answered."""
        name = _spoken(organization_name)
        whose = f"A call back for {name}." if name else "A call back."
        response = VoiceResponse()
        gather = response.gather(
            num_digits=1, timeout=_ACCEPT_SECONDS, action=self._url(SCREENED, {}), method="POST"
        )
        gather.say(f"{whose} Press 1 to accept.", language=_LANGUAGE)
        # A voicemail presses nothing.
        response.hangup()
        return str(response)

    def accepted(self) -> str:
        """Write that who has answered is connected with the caller."""
        return str(VoiceResponse())

    def _dial(self, response: VoiceResponse, step: Dial) -> None:
        parameters = step.parameters()
        dial = response.dial(
            action=self._url(DIAL_ENDED, parameters),
            method="POST",
            timeout=self._dial_seconds,
            caller_id=step.shown_number,
            # The caller hears it ring, and pays for nothing, until somebody answers.
            answer_on_bridge=True,
        )
        screen = {"url": self._url(SCREEN, parameters), "method": "POST"} if step.screened else {}
        dial.number(step.number, **screen)

    def _url(self, path: str, parameters: Mapping[str, str]) -> str:
        query = f"?{urlencode(parameters, quote_via=quote, safe='')}" if parameters else ""
        return f"{self._public_url}{path}{query}"


def _spoken_message(organization_name: str) -> str:
    name = _spoken(organization_name)
    if name:
        return (
            f"Thank you for calling {name}. Nobody can take your call right now. "
            "Please call again later. Goodbye."
        )
    return "Your call cannot be connected right now. Please call again later. Goodbye."


def _spoken(name: str) -> str:
    return _NOT_SPOKEN.sub(" ", name).strip()
