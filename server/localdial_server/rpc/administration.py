"""The Administration service."""

from google.protobuf.duration_pb2 import Duration

from localdial.v1 import administration_pb2 as pb
from localdial_server.app.administration import FORMER_VALID_FOR, Administration
from localdial_server.app.ports.store import AuditQuery
from localdial_server.app.status import Status
from localdial_server.domain.api_keys import ApiKey
from localdial_server.domain.audit import AuditEvent
from localdial_server.domain.display_names import trimmed
from localdial_server.domain.errors import FieldViolation, InvalidFields
from localdial_server.domain.principals import Role
from localdial_server.rpc.encoding import AUDIT_EVENT_KINDS, period, timestamp
from localdial_server.rpc.handlers import Call
from localdial_server.rpc.paging import NEWEST, Page
from localdial_server.rpc.server_status import status_message

_ROLES = {role: pb.Role.Value(f"ROLE_{role.name}") for role in Role}
_ROLE_OF = {value: role for role, value in _ROLES.items()}
_KIND_OF = {value: kind for kind, value in AUDIT_EVENT_KINDS.items()}


class AdministrationServicer:
    """Serves API keys, the record of changes, and the state of the server.

    Without `status` it does not serve the latter.
    """

    def __init__(self, use_cases: Administration, status: Status | None = None) -> None:
        self._use_cases = use_cases
        self._status = status

    async def create_api_key(self, request: pb.CreateApiKeyRequest) -> pb.CreateApiKeyResponse:
        made = await self._use_cases.create_api_key(
            trimmed(request.display_name),
            _ROLE_OF[request.role],
            request.organization_id or None,
            _microseconds(request.valid_for) if request.HasField("valid_for") else None,
        )
        return pb.CreateApiKeyResponse(api_key=api_key_message(made.api_key), key=made.text)

    async def list_api_keys(self, request: pb.ListApiKeysRequest) -> pb.ListApiKeysResponse:
        page = Page(request, ("",))
        found, total = await self._use_cases.list_api_keys(
            request.organization_id or None, *page.cursor, page.limit
        )
        keys, token = page.cut(found, lambda item: (item.key_id,))
        return pb.ListApiKeysResponse(
            api_keys=map(api_key_message, keys), next_page_token=token, total_size=total
        )

    async def rotate_api_key(self, request: pb.RotateApiKeyRequest) -> pb.RotateApiKeyResponse:
        is_given = request.HasField("former_valid_for")
        made = await self._use_cases.rotate_api_key(
            request.key_id, _microseconds(request.former_valid_for) if is_given else FORMER_VALID_FOR
        )
        return pb.RotateApiKeyResponse(api_key=api_key_message(made.api_key), key=made.text)

    async def revoke_api_key(self, request: pb.RevokeApiKeyRequest) -> pb.RevokeApiKeyResponse:
        revoked = await self._use_cases.revoke_api_key(request.key_id)
        return pb.RevokeApiKeyResponse(api_key=api_key_message(revoked))

    async def list_audit_events(self, request: pb.ListAuditEventsRequest) -> pb.ListAuditEventsResponse:
        start_time, end_time = period(request)
        page = Page(request, NEWEST)
        query = AuditQuery(
            request.organization_id or None,
            request.principal or None,
            _KIND_OF.get(request.kind),
            _subject(request),
            start_time,
            end_time,
        )
        found = await self._use_cases.list_audit_events(query, page.cursor, page.limit)
        events, token = page.cut(found, lambda event: (event.event_time, event.event_id))
        return pb.ListAuditEventsResponse(events=map(_event_message, events), next_page_token=token)

    async def get_caller(self, _request: pb.GetCallerRequest, call: Call) -> pb.GetCallerResponse:
        principal = call.principal
        return pb.GetCallerResponse(
            principal=principal.name,
            role=_ROLES[principal.role],
            organization_id=principal.organization_id or "",
        )

    async def get_status(self, request: pb.GetStatusRequest, call: Call) -> pb.GetStatusResponse:
        assert self._status is not None, "only a server has a state"
        report = await self._status.report(request.organization_id or None)
        return status_message(report, with_certificates=call.principal.role is Role.ADMIN)


def _subject(request: pb.ListAuditEventsRequest) -> str | None:
    """Return the subject of the changes that are asked for; None for any. Raises `InvalidFields`."""
    if request.user_id and request.phone_number:
        raise InvalidFields([FieldViolation("user_id", "must not be set together with phone_number")])
    if request.user_id and not request.organization_id:
        problem = "requires organization_id, because other organizations may have a user with this user_id"
        raise InvalidFields([FieldViolation("user_id", problem)])
    return request.user_id or request.phone_number or None


def _event_message(event: AuditEvent) -> pb.AuditEvent:
    return pb.AuditEvent(
        event_id=event.event_id,
        event_time=timestamp(event.event_time),
        organization_id=event.organization_id,
        kind=AUDIT_EVENT_KINDS[event.kind],
        subject=event.subject,
        principal=event.principal,
        address=event.address,
        method=event.method,
        request_id=event.request_id,
        before=event.before,
        after=event.after,
    )


def api_key_message(key: ApiKey) -> pb.ApiKey:
    """Return the key as a message, without its hashes."""
    times = {
        name: timestamp(time)
        for name in (
            "create_time",
            "expire_time",
            "last_use_time",
            "revoke_time",
            "rotate_time",
        )
        if (time := getattr(key, name)) is not None
    }
    if key.former_expire_time is not None:
        times["former_secret_expire_time"] = timestamp(key.former_expire_time)
    return pb.ApiKey(
        key_id=key.key_id,
        display_name=key.display_name,
        role=_ROLES[key.role],
        organization_id=key.organization_id or "",
        **times,
    )


def _microseconds(duration: Duration) -> int:
    return duration.seconds * 1_000_000 + duration.nanos // 1000
