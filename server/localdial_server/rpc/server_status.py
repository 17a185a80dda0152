"""The state of the server as a message."""

from google.protobuf.duration_pb2 import Duration

from localdial.v1 import administration_pb2 as pb
from localdial_server.app.ports.server_state import Component, ComponentState
from localdial_server.app.status import OpenWork, StatusReport
from localdial_server.rpc.encoding import timestamp

_COMPONENTS = {each: pb.Component.Value(f"COMPONENT_{each.name}") for each in Component}
_STATES = {each: pb.ComponentState.Value(f"COMPONENT_STATE_{each.name}") for each in ComponentState}


def status_message(report: StatusReport, *, with_certificates: bool) -> pb.GetStatusResponse:
    """Return the report as a message. The names of certificates are addresses of the server."""
    response = pb.GetStatusResponse(
        server_version=report.version,
        start_time=timestamp(report.start_time),
        components=[
            pb.ComponentStatus(
                component=_COMPONENTS[each.component],
                state=_STATES[each.state],
                detail=each.detail,
                since_time=timestamp(each.since_time),
            )
            for each in report.components
        ],
        spooled_call_count=report.spooled_calls,
    )
    if report.staleness is not None:
        staleness = Duration()
        staleness.FromMicroseconds(int(report.staleness * 1_000_000))
        response.staleness.CopyFrom(staleness)
    if report.open is not None:
        response.open_orders.CopyFrom(_open_work(report.open.orders))
        response.open_releases.CopyFrom(_open_work(report.open.releases))
        response.missed_call_back_count = report.open.missed_call_backs
    if with_certificates:
        for each in report.certificates:
            response.certificates.add(names=each.names, expire_time=timestamp(each.expire_time))
    return response


def _open_work(work: OpenWork) -> pb.OpenWork:
    oldest = timestamp(work.oldest_time) if work.oldest_time is not None else None
    return pb.OpenWork(count=work.count, oldest_time=oldest)
