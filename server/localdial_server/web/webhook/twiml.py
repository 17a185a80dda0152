"""The steps as TwiML, Twilio's language for controlling calls."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

from twilio.twiml.voice_response import VoiceResponse

from localdial_server.domain.callers import NumberReader
from localdial_server.web.webhook.call_steps import Call, Dial

VOICE: Final = "/voice"
DIAL_ENDED: Final = "/dial-ended"
SCREEN: Final = "/screen"
SCREENED: Final = "/screened"

_LANGUAGE: Final = "en-US"

# How long a user has to press 1 after the question.
_ACCEPT_SECONDS: Final = 6

# Characters that XML 1.0 cannot hold, not even escaped, and control characters.
_NOT_SPOKEN: Final = re.compile(r"[^\x20-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]+")


class TwimlWriter:
    """Builds TwiML whose URLs for the next steps are below `public_url`.

    `dial_seconds`: how long a phone rings. `reader` reads the numbers that phones show.
    """

    def __init__(self, public_url: str, dial_seconds: int, reader: NumberReader) -> None:
        self._public_url = public_url
        self._dial_seconds = dial_seconds
        self._reader = reader

    def dial(self, step: Dial, call: Call) -> str:
        """Return the TwiML that rings a phone."""
        parameters = step.parameters()
        response = VoiceResponse()
        dial = response.dial(
            action=self._url(DIAL_ENDED, parameters),
            method="POST",
            timeout=self._dial_seconds,
            caller_id=step.shown_number(call, self._reader),
            # Until someone answers, the caller hears it ring and is not charged.
            answer_on_bridge=True,
        )
        screen = {"url": self._url(SCREEN, parameters), "method": "POST"} if step.screened else {}
        dial.number(step.number, **screen)
        return str(response)

    def message(self, organization_name: str) -> str:
        """Return the TwiML that tells the caller to call again later. The name may be empty."""
        name = _spoken(organization_name)
        response = VoiceResponse()
        response.say(
            f"Thank you for calling {name}. Nobody can take your call right now. "
            "Please call again later. Goodbye."
            if name
            else "Your call cannot be connected right now. Please call again later. Goodbye.",
            language=_LANGUAGE,
        )
        response.hangup()
        return str(response)

    def question(self, organization_name: str) -> str:
        """Return the TwiML that asks the user who answered whether to take the call."""
        name = _spoken(organization_name)
        announcement = f"A call back for {name}." if name else "A call back."
        response = VoiceResponse()
        gather = response.gather(
            num_digits=1, timeout=_ACCEPT_SECONDS, action=self._url(SCREENED, {}), method="POST"
        )
        gather.say(f"{announcement} Press 1 to accept.", language=_LANGUAGE)
        # Voicemail presses no key.
        response.hangup()
        return str(response)

    def connect(self) -> str:
        """Return the TwiML that connects the user who answered with the caller."""
        return str(VoiceResponse())

    def hang_up(self) -> str:
        """Return the TwiML that ends the call."""
        response = VoiceResponse()
        response.hangup()
        return str(response)

    def _url(self, path: str, parameters: Mapping[str, str]) -> str:
        query = f"?{urlencode(parameters, quote_via=quote, safe='')}" if parameters else ""
        return f"{self._public_url}{path}{query}"


def _spoken(name: str) -> str:
    return _NOT_SPOKEN.sub(" ", name).strip()
