"""The voice webhook as an ASGI application: its URLs, and the steps behind them."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from localdial_server.web.webhook.flow import (
    Call,
    Dial,
    DialEnded,
    HangUp,
    Message,
    Step,
    after_dial,
    is_accepted,
)
from localdial_server.web.webhook.localdial import Localdial, Nowhere
from localdial_server.web.webhook.signature import Signatures
from localdial_server.web.webhook.signed_requests import RequestReader, SignedRequest
from localdial_server.web.webhook.twiml import DIAL_ENDED, SCREEN, SCREENED, VOICE, TwimlWriter

_log = logging.getLogger(__name__)

HEALTH: Final = "/health"

_Steps = Callable[[SignedRequest], Awaitable[str]]


class Webhook:
    """The steps of a call-back, each for one URL that the carrier asks."""

    def __init__(
        self, localdial: Localdial, signatures: Signatures, twiml: TwimlWriter, *, screening: bool
    ) -> None:
        """``screening``: a user has to press a key for the call; a voicemail will not."""
        self._localdial = localdial
        self._signatures = signatures
        self._twiml = twiml
        self._screening = screening

    def application(self, public_url: str) -> Starlette:
        """Make the application. It serves below the path of the public URL, and without it as well."""
        path_prefix = urlsplit(public_url).path
        reader = RequestReader(self._signatures, path_prefix)
        # The caller is told something, whatever goes wrong. Whoever is asked whether to
        # accept a call is not: there is a caller to go on with.
        message, hang_up = self._twiml.step(Message()), self._twiml.step(HangUp())
        steps = {
            VOICE: _endpoint(reader, self._call_arrived, message),
            DIAL_ENDED: _endpoint(reader, self._dial_ended, message),
            SCREEN: _endpoint(reader, self._phone_answered, hang_up),
            SCREENED: _endpoint(reader, self._question_answered, hang_up),
        }
        routes = [Route(HEALTH, self._health)]
        for prefix in {path_prefix, ""}:
            routes += [Route(prefix + path, endpoint, methods=["POST"]) for path, endpoint in steps.items()]
        application = Starlette(routes=routes, exception_handlers={HTTPException: _say_nothing})
        # What we did not tell the carrier is not ours, nor nearly ours.
        application.router.redirect_slashes = False
        return application

    async def _call_arrived(self, request: SignedRequest) -> str:
        call = Call.of(request.form)
        destination = await self._localdial.destination(call)
        step: Step
        if isinstance(destination, Nowhere):
            step = Message(await self._name(destination.organization_id, call.call_sid))
        else:
            step = Dial(
                destination.number,
                call.shown_number,
                destination.organization_id,
                # At the organization number there may be nobody but a machine that
                # connects callers further.
                screened=self._screening and destination.is_user,
            )
        return self._said(step, call)

    async def _dial_ended(self, request: SignedRequest) -> str:
        call, ended = Call.of(request.form), DialEnded.of(request.parameters, request.form)
        organization = None
        if not ended.was_connected:
            organization = await self._localdial.organization(ended.organization_id, call.call_sid)
        return self._said(after_dial(call, ended, organization), call)

    async def _phone_answered(self, request: SignedRequest) -> str:
        organization_id = request.parameters.get("organization", "")
        return self._twiml.question(await self._name(organization_id, request.form.get("CallSid", "")))

    async def _question_answered(self, request: SignedRequest) -> str:
        accepted = is_accepted(request.form)
        return self._twiml.accepted() if accepted else self._twiml.step(HangUp())

    async def _name(self, organization_id: str, call_sid: str) -> str:
        organization = await self._localdial.organization(organization_id, call_sid)
        return organization.display_name if organization is not None else ""

    def _said(self, step: Step, call: Call) -> str:
        # Without phone numbers: the carrier shows them to who is allowed to see them.
        _log.info("a call-back goes on", extra={"call_sid": call.call_sid, "step": type(step).__name__})
        return self._twiml.step(step)

    async def _health(self, _: Request) -> Response:
        if await self._localdial.is_serving():
            return PlainTextResponse("SERVING")
        return PlainTextResponse("NOT_SERVING", 503)


def _endpoint(
    reader: RequestReader, step: _Steps, otherwise: str
) -> Callable[[Request], Awaitable[Response]]:
    """Make the endpoint of a step. ``otherwise`` is what a signed request is answered when it fails."""

    async def endpoint(request: Request) -> Response:
        signed = await reader.read(request)
        try:
            twiml = await step(signed)
        except Exception:  # noqa: BLE001 (whatever it is, a caller waits)
            _log.exception("a step of a call-back failed", extra={"call_sid": signed.form.get("CallSid", "")})
            twiml = otherwise
        return Response(twiml, media_type="application/xml")

    return endpoint


async def _say_nothing(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return Response(status_code=error.status_code, headers=error.headers)
