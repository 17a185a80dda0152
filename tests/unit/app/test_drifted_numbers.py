"""Numbers whose calls the carrier does not send to this service."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from typing_extensions import override

from localdial_server.app.ports.carrier import CallRoute, OwnedNumber
from localdial_server.carriers.simulator.faults import Fault, Operation
from tests.support.carriers import DelegatingCarrier
from tests.unit.app.harness import FIRST, SECOND, A, Harness

OURS = CallRoute("https://voice.example/voice", "POST")


class RoutedCarrier(DelegatingCarrier):
    """A carrier that shows these routes for its numbers until they are configured."""

    ours = OURS
    warning = ""

    def __init__(self, harness: Harness) -> None:
        super().__init__(harness.carrier)
        self.set: dict[str, CallRoute] = {}
        self.without_voice: set[str] = set()

    @property
    @override
    def call_route(self) -> CallRoute:
        return self.ours

    @property
    @override
    def callback_warning(self) -> str:
        return self.warning

    @override
    async def list_owned(self) -> Sequence[OwnedNumber]:
        owned = await super().list_owned()
        return [
            replace(
                one,
                call_route=self.set.get(one.phone_number, self.ours),
                takes_calls=one.phone_number not in self.without_voice,
            )
            for one in owned
        ]

    @override
    async def configure(self, carrier_number_id: str) -> OwnedNumber:
        configured = await super().configure(carrier_number_id)
        self.set[configured.phone_number] = self.ours
        return configured


@pytest.fixture
async def carrier(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> RoutedCarrier:
    carrier = RoutedCarrier(harness)
    for name in "for_organization", "by_account":
        monkeypatch.setattr(harness._carriers, name, lambda _: carrier)
    monkeypatch.setattr(harness._carriers, "all", lambda: [carrier])
    return carrier


@pytest.mark.parametrize(
    "route",
    [
        CallRoute("https://pbx.example/voice", "POST"),
        CallRoute(OURS.voice_url, "GET"),
        replace(OURS, application_id="AP1"),
        replace(OURS, trunk_id="TK1"),
        CallRoute(),
    ],
)
async def test_a_number_whose_calls_go_elsewhere_is_reported_and_configured_on_demand(
    harness: Harness, carrier: RoutedCarrier, route: CallRoute
) -> None:
    await harness.bought(2)
    carrier.set[FIRST] = route
    report = await harness.reconciling.reconcile(A)
    assert [(one.phone_number, one.call_route, one.error) for one in report.drifted] == [(FIRST, route, None)]
    assert report.configured == []
    assert harness.carrier.calls[Operation.CONFIGURE] == 0
    report = await harness.reconciling.reconcile(A, configure=True)
    assert (report.drifted, [number.phone_number for number in report.configured]) == ([], [FIRST])
    assert harness.carrier.calls[Operation.CONFIGURE] == 1
    report = await harness.reconciling.reconcile(None, configure=True)
    assert (report.drifted, report.configured) == ([], [])


@pytest.mark.parametrize(
    ("ours", "shown"),
    [
        (CallRoute(application_id="AP1"), CallRoute("https://old.example", "POST", application_id="AP1")),
        (CallRoute(trunk_id="TK1"), CallRoute("https://old.example", "POST", "AP1", "TK1")),
    ],
)
async def test_only_what_is_in_effect_is_compared(
    harness: Harness, carrier: RoutedCarrier, ours: CallRoute, shown: CallRoute
) -> None:
    await harness.bought()
    carrier.ours, carrier.set[FIRST] = ours, shown
    assert (await harness.reconciling.reconcile(A)).drifted == []


async def test_without_a_route_of_our_own_nothing_is_drifted_and_the_report_says_so(
    harness: Harness, carrier: RoutedCarrier
) -> None:
    await harness.bought()
    carrier.ours, carrier.warning = CallRoute(), "no route"
    carrier.set[FIRST] = CallRoute("https://pbx.example/voice", "POST")
    report = await harness.reconciling.reconcile(A, configure=True)
    assert (report.drifted, report.configured, report.callback_warning) == ([], [], "no route")


async def test_a_number_that_could_not_be_configured_is_reported_with_the_reason(
    harness: Harness, carrier: RoutedCarrier
) -> None:
    await harness.bought(2)
    carrier.set |= {FIRST: CallRoute(), SECOND: CallRoute()}
    harness.faults.add(Operation.CONFIGURE, Fault.SUSPENDED)
    report = await harness.reconciling.reconcile(A, configure=True)
    assert len(report.configured) == 1
    (left,) = report.drifted
    assert left.error is not None
    assert left.error.reason == "CARRIER_REFUSED"


@pytest.mark.parametrize("ours", [OURS, CallRoute()])
async def test_a_number_that_lost_its_voice_is_reported_and_cannot_be_repaired(
    harness: Harness, carrier: RoutedCarrier, ours: CallRoute
) -> None:
    await harness.bought(2)
    carrier.ours = ours
    carrier.without_voice.add(FIRST)
    (drifted,) = (await harness.reconciling.reconcile(A)).drifted
    assert (drifted.phone_number, drifted.takes_calls, drifted.error) == (FIRST, False, None)
    report = await harness.reconciling.reconcile(A, configure=True)
    (drifted,) = report.drifted
    assert drifted.error is not None
    assert (drifted.error.reason, report.configured) == ("NUMBER_WITHOUT_VOICE", [])
    assert harness.carrier.calls[Operation.CONFIGURE] == harness.carrier.calls[Operation.RELEASE] == 0


async def test_a_purchase_logs_that_call_backs_will_reach_nobody(
    harness: Harness, carrier: RoutedCarrier, caplog: pytest.LogCaptureFixture
) -> None:
    await harness.bought()
    assert "call-backs reach nobody" not in caplog.text
    carrier.warning = "no route"
    await harness.bought()
    assert "numbers are bought whose call-backs reach nobody" in caplog.text
    assert harness.inventory.callback_warning(A) == "no route"


async def test_the_simulated_carrier_has_no_drift(harness: Harness) -> None:
    await harness.importing.import_numbers(A, ["+14155550199"])
    await harness.bought()
    report = await harness.reconciling.reconcile(None)
    assert (report.drifted, report.callback_warning) == ([], "")
