"""The voice webhook as an ASGI application: its URLs, and the step that each one runs."""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from localdial_server.observability.log_limit import LimitedLog
from localdial_server.web.webhook.call_steps import (
    Call,
    CarrierFallback,
    Dial,
    DialEnded,
    Message,
    Step,
    after_dial,
    is_accepted,
)
from localdial_server.web.webhook.routing_client import Health, RoutingClient
from localdial_server.web.webhook.signed_requests import RequestReader, Signatures, SignedRequest
from localdial_server.web.webhook.twiml import DIAL_ENDED, SCREEN, SCREENED, VOICE, TwimlWriter

_log = logging.getLogger(__name__)
_limited_log = LimitedLog(_log)

HEALTH: Final = "/health"

_Handler = Callable[[SignedRequest], Awaitable[str | None]]
"""Returns TwiML; None leaves the call to the carrier's fallback URL."""


class Webhook:
    """The steps of a call-back, one for each URL that Twilio requests."""

    def __init__(self, localdial: RoutingClient, signatures: Signatures, twiml: TwimlWriter) -> None:
        self._localdial = localdial
        self._signatures = signatures
        self._twiml = twiml

    def application(self, public_url: str) -> Starlette:
        """Return the application, which serves its URLs both with and without the public URL's path."""
        path_prefix = urlsplit(public_url).path
        reader = RequestReader(self._signatures, path_prefix)
        # If a step fails, the carrier's fallback URL is next. The user being asked whether to take the
        # call has none: only that leg ends, and the caller's call goes on.
        hang_up = self._twiml.hang_up()
        steps = {
            VOICE: _endpoint(reader, self._call_arrived, None),
            DIAL_ENDED: _endpoint(reader, self._dial_ended, None),
            SCREEN: _endpoint(reader, self._phone_answered, hang_up),
            SCREENED: _endpoint(reader, self._question_answered, hang_up),
        }
        routes = [Route(HEALTH, self._health)]
        for prefix in {path_prefix, ""}:
            routes += [Route(prefix + path, endpoint, methods=["POST"]) for path, endpoint in steps.items()]
        application = Starlette(routes=routes, exception_handlers={HTTPException: _empty_response})
        # Only the exact URLs that Twilio was given exist.
        application.router.redirect_slashes = False
        # The HTTP server sets it before it stops.
        application.state.is_stopping = False
        return application

    async def _call_arrived(self, request: SignedRequest) -> str | None:
        call, until = Call.of(request.form), self._localdial.step_ends()
        return await self._answer(await self._localdial.route(call, until), call, until)

    async def _dial_ended(self, request: SignedRequest) -> str | None:
        call, until = Call.of(request.form), self._localdial.step_ends()
        ended = DialEnded.of(request.parameters, request.form)
        self._localdial.report(call.call_sid, ended)
        return await self._answer(after_dial(ended), call, until)

    async def _phone_answered(self, request: SignedRequest) -> str:
        organization_id = request.parameters.get("organization", "")
        call_sid = request.form.get("CallSid", "")
        until = self._localdial.step_ends()
        return self._twiml.question(await self._localdial.organization_name(organization_id, call_sid, until))

    async def _question_answered(self, request: SignedRequest) -> str:
        return self._twiml.connect() if is_accepted(request.form) else self._twiml.hang_up()

    async def _answer(self, step: Step, call: Call, until: float) -> str | None:
        # Log no phone numbers: Twilio shows them to those who may see them.
        _log.info("next step of a call-back", extra={"call_sid": call.call_sid, "step": type(step).__name__})
        if isinstance(step, CarrierFallback):
            return None
        if isinstance(step, Message):
            name = await self._localdial.organization_name(step.organization_id, call.call_sid, until)
            return self._twiml.message(name)
        return self._twiml.dial(step, call) if isinstance(step, Dial) else self._twiml.hang_up()

    async def _health(self, request: Request) -> Response:
        is_stopping = request.app.state.is_stopping
        health = Health.NOT_SERVING if is_stopping else await self._localdial.health()
        # A degraded webhook still gets callers to a phone, so a balancer must not turn away from it.
        return PlainTextResponse(health, 503 if health is Health.NOT_SERVING else 200)


def _endpoint(
    reader: RequestReader, handler: _Handler, otherwise: str | None
) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of a step. `otherwise` is the TwiML if the handler of a signed request fails.

    Without TwiML the response is 503, so that the carrier requests its fallback URL.
    """

    async def endpoint(request: Request) -> Response:
        signed = await reader.read(request)
        try:
            twiml = await handler(signed)
        except Exception:  # noqa: BLE001 - the caller waits, whatever went wrong
            sid = signed.form.get("CallSid", "")
            _limited_log.exception("a step of a call-back failed", extra={"call_sid": sid})
            twiml = otherwise
        if twiml is None:
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)
        return Response(twiml, media_type="application/xml")

    return endpoint


async def _empty_response(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return Response(status_code=error.status_code, headers=error.headers)
