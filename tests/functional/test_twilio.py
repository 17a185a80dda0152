"""A server that buys from the Twilio simulator, both as processes."""

import functools
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from localdial.v1 import call_routing_pb2 as calls
from localdial.v1 import directory_pb2 as directory
from localdial.v1 import number_inventory_pb2 as inventory
from localdial.v1 import number_pb2
from localdial_client import Client, LocaldialError, from_status
from tests.functional.server_process import ServerProcess, environment_with
from tests.functional.simulator_process import ACCOUNT_SID, SUBACCOUNT_SID, SimulatorProcess

StartServer = Callable[..., ServerProcess]


def connected(server: ServerProcess) -> Client:
    client = Client(server.address)
    for organization_id in "acme", "other":
        client.directory.set_organization(
            directory.SetOrganizationRequest(
                organization=directory.Organization(organization_id=organization_id)
            )
        )
    return client


def buy(client: Client, organization_id: str, area_code: str, quantity: int = 1) -> list[str]:
    answer = client.number_inventory.purchase_numbers(
        inventory.PurchaseNumbersRequest(
            organization_id=organization_id, area_code=area_code, quantity=quantity
        )
    )
    return [number.phone_number for number in answer.numbers]


def test_numbers_are_bought_set_up_imported_and_released(
    simulator: SimulatorProcess, start_server: StartServer
) -> None:
    server = start_server(**simulator.settings)
    with connected(server) as client:
        bought = buy(client, "acme", "415", 2)
        assert bought == ["+14155550100", "+14155550101"]
        assert buy(client, "acme", "+4420") == ["+442079460000"]
        client.number_inventory.import_numbers(
            inventory.ImportNumbersRequest(organization_id="acme", phone_numbers=["+14155550199"])
        )
        at_carrier = {each["phone_number"]: each for each in simulator.ask("numbers")["numbers"]}
        assert set(at_carrier) == {*bought, "+442079460000", "+14155550199"}
        for phone_number in bought:
            fields = at_carrier[phone_number]["fields"]
            assert fields["FriendlyName"].startswith("localdial-")
            assert fields["VoiceUrl"] == "https://voice.example.com/voice"
        assert at_carrier["+14155550199"]["fields"] == {}, "an import changes nothing unasked"
        deleted = client.number_inventory.delete_numbers(
            inventory.DeleteNumbersRequest(organization_id="acme", phone_numbers=bought)
        )
        assert len(deleted.deleted) == 2
        left = [each["phone_number"] for each in simulator.ask("numbers")["numbers"]]
        assert left == ["+14155550199", "+442079460000"]
    assert simulator.ask("journal")["bought"] == 3
    assert server.stop() == 0


def test_importing_with_configure_keeps_the_name_that_the_customer_gave_the_number(
    simulator: SimulatorProcess, start_server: StartServer
) -> None:
    server = start_server(**simulator.settings)
    simulator.change_number("+14155550199", FriendlyName="Branch 7", VoiceUrl="https://pbx.example.com")
    with connected(server) as client:
        request = inventory.ImportNumbersRequest(
            organization_id="acme", phone_numbers=["+14155550199"], configure=True
        )
        # A repeat configures the number of the inventory.
        for _ in range(2):
            assert len(client.number_inventory.import_numbers(request).numbers) == 1
            (number,) = simulator.ask("numbers")["numbers"]
            assert number["fields"]["FriendlyName"] == "Branch 7"
            assert number["fields"]["VoiceUrl"] == "https://voice.example.com/voice"


def command_line(server: ServerProcess, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "localdial_server", "--server", server.address, *arguments]
    return subprocess.run(
        command, env=environment_with(), capture_output=True, text=True, timeout=60, check=False
    )


def test_numbers_whose_calls_go_elsewhere_are_reported_and_repaired(
    simulator: SimulatorProcess, start_server: StartServer
) -> None:
    server = start_server(**simulator.settings)
    run = functools.partial(command_line, server)
    with connected(server) as client:
        by_url, by_trunk, kept = buy(client, "acme", "415", 3)
    simulator.change_number(by_url, VoiceUrl="https://pbx.example.com/in")
    simulator.change_number(by_trunk, TrunkSid="TK" + "0" * 32)
    database = {"LOCALDIAL_DATABASE_URL": f"sqlite:///{server.database}"}

    def of_doctor() -> tuple[str, str]:
        return examined(**simulator.settings, **database)[1]["call-backs"]

    state, text = of_doctor()
    assert state == "warning"
    elsewhere = f"{by_url} to POST https://pbx.example.com/in, {by_trunk} to trunk TK{'0' * 32}"
    assert f"to 2 of 3 active numbers go elsewhere: {elsewhere};" in text
    reported = run("reconcile", "acme")
    assert reported.returncode == 6
    assert "POST https://pbx.example.com/in" in reported.stdout
    assert f"trunk TK{'0' * 32}" in reported.stdout
    assert "--configure" in reported.stderr
    assert run("reconcile", "acme", "--configure").returncode == 2, "it asks first"
    repaired = run("reconcile", "acme", "--configure", "--yes", "--json")
    assert repaired.returncode == 0
    document = json.loads(repaired.stdout)
    assert [number["phone_number"] for number in document["configured"]] == [by_url, by_trunk]
    assert (document["configured_count"], document["drifted"], document["drifted_count"]) == (2, [], 0)
    for number in simulator.ask("numbers")["numbers"]:
        if number["phone_number"] in {by_url, by_trunk, kept}:
            assert number["fields"]["VoiceUrl"] == "https://voice.example.com/voice"
            assert not number["fields"].get("TrunkSid")
            assert number["fields"]["FriendlyName"].startswith("localdial-")
    assert run("reconcile", "acme").returncode == 0
    assert of_doctor()[0] == "ok"
    server.stop()
    assert of_doctor()[0] == "ok"


def test_a_number_that_lost_its_voice_is_reported_and_not_configured(
    simulator: SimulatorProcess, start_server: StartServer
) -> None:
    server = start_server(**simulator.settings)
    with connected(server) as client:
        lost, _ = buy(client, "acme", "415", 2)
    simulator.take_voice(lost)
    reported = command_line(server, "reconcile", "acme")
    assert reported.returncode == 6
    assert "nobody: the number takes no voice calls" in reported.stdout
    tried = command_line(server, "reconcile", "acme", "--configure", "--yes")
    assert tried.returncode == 6
    assert f"{lost}: this number takes no voice calls any more" in tried.stderr
    database = {"LOCALDIAL_DATABASE_URL": f"sqlite:///{server.database}"}
    state, text = examined(**simulator.settings, **database)[1]["call-backs"]
    assert state == "warning"
    assert f"{lost} takes no voice calls; delete those that take no voice calls" in text


def test_a_server_without_a_voice_url_warns_before_it_buys(
    simulator: SimulatorProcess, start_server: StartServer
) -> None:
    server = start_server(**{**simulator.settings, "LOCALDIAL_TWILIO_VOICE_URL": ""})
    with connected(server):
        pass
    bought = command_line(server, "numbers", "buy", "acme", "415", "--yes", "--json")
    assert bought.returncode == 0
    assert bought.stderr.startswith("Warning: call-backs to numbers that are bought now reach nobody")
    reconciled = command_line(server, "reconcile", "acme")
    assert reconciled.returncode == 0
    assert "whether calls go elsewhere was not checked" in reconciled.stderr
    assert "numbers are bought whose call-backs reach nobody" in str(server.logged())
    refused = command_line(server, "numbers", "import", "acme", "+14155550199", "--configure", "--yes")
    assert "LOCALDIAL_WEBHOOK_PUBLIC_URL" in refused.stderr


def test_a_refused_release_is_reported_until_its_cause_is_removed(
    simulator: SimulatorProcess, start_server: StartServer
) -> None:
    server = start_server(**simulator.settings)

    run = functools.partial(command_line, server)
    with connected(server) as client:
        (number,) = buy(client, "acme", "415")
    simulator.change_number(number, EmergencyAddressSid="AD" + "0" * 32)
    deleted = run("numbers", "delete", "acme", number, "--yes", "--request-id", "first")
    assert deleted.returncode == 6
    assert "emergency address" in deleted.stderr
    assert "CARRIER_REFUSED (FAILED_PRECONDITION)" in deleted.stderr
    repeated = run("numbers", "delete", "acme", number, "--yes", "--request-id", "first")
    assert (repeated.returncode, repeated.stdout) == (6, deleted.stdout)
    (listed,) = json.loads(run("numbers", "list", "acme", "--json").stdout)["numbers"]
    assert listed["state"] == "NUMBER_STATE_RELEASING"
    assert listed["release_status"]["details"][0]["reason"] == "CARRIER_REFUSED"
    assert "emergency address" in listed["release_status"]["message"]
    assert "RELEASE REFUSED" in run("numbers", "list", "acme").stdout
    reconciled = run("reconcile", "acme")
    assert reconciled.returncode == 6
    assert "emergency address" in reconciled.stderr
    simulator.change_number(number, EmergencyAddressSid="")
    assert run("numbers", "delete", "acme", number, "--yes").returncode == 0
    assert json.loads(run("numbers", "list", "acme", "--json").stdout)["numbers"] == []
    assert simulator.ask("journal")["events"][-1]["event"] == "number_released"


@pytest.mark.parametrize("fault", ["error_500_after", "reset_after", "cut_after", "error_503_after"])
def test_an_order_whose_response_is_lost_is_found_and_made_once(
    simulator: SimulatorProcess, start_server: StartServer, fault: str
) -> None:
    server = start_server(**simulator.settings)
    simulator.tell("faults", {"operation": "order", "fault": fault})
    with connected(server) as client:
        assert buy(client, "acme", "415") == ["+14155550100"]
    assert simulator.ask("journal")["bought"] == 1
    assert simulator.ask("faults")["left"] == 0


def test_an_organization_buys_in_its_own_subaccount(
    simulator: SimulatorProcess, start_server: StartServer
) -> None:
    subaccounts = json.dumps({"acme": SUBACCOUNT_SID})
    server = start_server(**simulator.settings, LOCALDIAL_TWILIO_SUBACCOUNTS=subaccounts)
    with connected(server) as client:
        (of_acme,) = buy(client, "acme", "415")
        (of_other,) = buy(client, "other", "415")
        owners = {each["phone_number"]: each["account_sid"] for each in simulator.ask("numbers")["numbers"]}
        assert (owners[of_acme], owners[of_other]) == (SUBACCOUNT_SID, ACCOUNT_SID)
        client.number_inventory.delete_numbers(
            inventory.DeleteNumbersRequest(organization_id="acme", phone_numbers=[of_acme])
        )
        assert of_acme not in {each["phone_number"] for each in simulator.ask("numbers")["numbers"]}


@pytest.mark.parametrize(
    ("account", "said"), [({"status": "suspended"}, "suspended"), ({"balance": "0.10"}, "balance")]
)
def test_a_problem_of_the_carrier_account_is_reported_to_the_user(
    simulator: SimulatorProcess, start_server: StartServer, account: dict[str, str], said: str
) -> None:
    server = start_server(**simulator.settings)
    simulator.tell(f"accounts/{ACCOUNT_SID}", account)
    with connected(server) as client, pytest.raises(LocaldialError) as refused:
        buy(client, "acme", "415")
    assert said in refused.value.message
    assert "simulator" not in refused.value.message, "no credentials in what users see"
    assert simulator.ask("journal")["bought"] == 0


def test_a_hanging_carrier_delays_neither_resolves_nor_the_stop(
    simulator: SimulatorProcess, start_server: StartServer
) -> None:
    server = start_server(
        **simulator.settings, LOCALDIAL_CARRIER_TIMEOUT_SECONDS="2", LOCALDIAL_DRAIN_SECONDS="1"
    )
    with connected(server) as client:
        buy(client, "acme", "415")
        client.directory.set_user(
            directory.SetUserRequest(
                user=directory.User(organization_id="acme", user_id="ann", caller_id="+13125550150")
            )
        )
        simulator.tell("faults", {"operation": "search", "fault": "timeout_before", "count": 1000})
        began = time.monotonic()
        with pytest.raises(LocaldialError) as unavailable:
            buy(client, "acme", "212")
        assert time.monotonic() - began < 30
        assert unavailable.value.reason == "CARRIER_UNAVAILABLE"
        asked = client.call_routing.resolve_outbound_caller_id(
            calls.ResolveOutboundCallerIdRequest(
                organization_id="acme", user_id="ann", callee_number="+14155550188"
            ),
            timeout=5,
        )
        assert asked.caller_id == "+14155550100"
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 20


def test_the_simulator_remembers_what_it_sold_after_a_crash(
    simulator: SimulatorProcess, start_server: StartServer
) -> None:
    server = start_server(**simulator.settings)
    with connected(server) as client:
        buy(client, "acme", "415")
    before = simulator.ask("numbers")
    simulator.kill()
    simulator.start()
    assert simulator.ask("numbers") == before
    assert simulator.stop() == 0


def examined(**settings: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """Run `localdial doctor`; return its exit code, and the state and text of each finding."""
    done = subprocess.run(
        [sys.executable, "-m", "localdial_server", "doctor", "--json"],
        env=environment_with(**settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    document = json.loads(done.stdout)
    assert document["ok"] is (done.returncode == 0), done.stderr
    return done.returncode, {each["check"]: (each["state"], each["text"]) for each in document["findings"]}


def test_the_doctor_finds_no_problem_in_a_working_setup(
    simulator: SimulatorProcess, start_server: StartServer
) -> None:
    webhook = {"LOCALDIAL_WEBHOOK_PUBLIC_URL": "https://voice.example.com"}
    settings = {
        **simulator.settings,
        **webhook,
        "LOCALDIAL_TWILIO_SUBACCOUNTS": f'{{"a": "{SUBACCOUNT_SID}"}}',
    }
    server = start_server(**settings)
    database = {"LOCALDIAL_DATABASE_URL": f"sqlite:///{server.database}"}
    code, found = examined(**settings, **database)
    assert code == 0
    assert "in use by a running server" in found["database"][1]
    states = {check: state for check, (state, _) in found.items()}
    # The only warnings are that the carrier is not Twilio itself, which also matters to the webhook.
    assert (states.pop("carrier"), states.pop("webhook")) == ("warning", "warning")
    assert "use it for numbers only" in found["webhook"][1]
    # Of this machine's SQLite.
    states.pop("sqlite", None)
    assert set(states.values()) == {"ok"}
    assert "1000 USD" in found["balance"][1]
    assert "1.15 USD" in found["search"][1]
    assert simulator.ask("journal")["bought"] == 0
    server.stop()
    assert "the schema of this release" in examined(**settings, **database)[1]["database"][1]


def test_the_doctor_reports_each_problem(simulator: SimulatorProcess, tmp_path: Path) -> None:
    settings = {**simulator.settings, "LOCALDIAL_DATABASE_URL": f"sqlite:///{tmp_path}/none.db"}
    unknown = f'{{"acme": "AC{"2" * 32}"}}'

    def problems(**changes: str) -> dict[str, str]:
        code, found = examined(**{**settings, **changes})
        wrong = {check: text for check, (state, text) in found.items() if state == "problem"}
        assert bool(code) is bool(wrong)
        return wrong

    assert problems() == {}
    assert not (tmp_path / "none.db").exists(), "it changes nothing"
    assert "LOCALDIAL_TWILIO_AUTH_TOKEN" in problems(LOCALDIAL_TWILIO_AUTH_TOKEN="wrong")["credentials"]
    assert "cannot be reached" in problems(LOCALDIAL_TWILIO_BASE_URL="http://127.0.0.1:1")["credentials"]
    assert "cannot be used" in problems(LOCALDIAL_TWILIO_SUBACCOUNTS=unknown)["subaccount of acme"]
    assert "reach nobody" in problems(LOCALDIAL_TWILIO_VOICE_URL="")["calls"]
    assert (
        "has no TwiML application"
        in problems(LOCALDIAL_TWILIO_VOICE_URL="", LOCALDIAL_TWILIO_VOICE_APPLICATION_SID="AP1")["calls"]
    )
    assert "LOCALDIAL_WEBHOOK_PUBLIC_URL" in problems(LOCALDIAL_WEBHOOK_LISTEN="127.0.0.1:0")["webhook"]
    nowhere = "postgresql://localdial:hunter2@127.0.0.1:1/localdial"
    database = problems(LOCALDIAL_DATABASE_URL=nowhere)["database"]
    assert "127.0.0.1:1" in database
    assert "hunter2" not in database
    simulator.tell(f"accounts/{ACCOUNT_SID}", {"balance": "0"})
    assert "add money" in problems()["balance"]
    simulator.tell(f"accounts/{ACCOUNT_SID}", {"status": "suspended"})
    assert "suspended" in problems()["credentials"]


def test_the_doctor_warns_about_a_trial_account(simulator: SimulatorProcess) -> None:
    simulator.tell(f"accounts/{ACCOUNT_SID}", {"type": "Trial"})
    code, found = examined(**simulator.settings)
    assert code == 0
    assert found["account"][0] == "warning"
    assert "one number" in found["account"][1]


def test_the_doctor_warns_about_files_that_other_users_can_read(tmp_path: Path) -> None:
    file = tmp_path / "localdial.db"
    file.touch(mode=0o600)
    settings = {"LOCALDIAL_DATABASE_URL": f"sqlite:///{file}"}
    assert examined(**settings)[1]["files"] == ("ok", "can be read by their owner only")
    file.chmod(0o640)
    state, text = examined(**settings)[1]["files"]
    assert state == "warning"
    assert f"chmod go= {file}" in text


def test_the_doctor_reports_the_simulated_carrier() -> None:
    code, found = examined()
    assert code == 0
    assert found["carrier"] == ("ok", "is the simulator: its numbers cost nothing and cannot be called")


def test_numbers_of_no_use_block_nothing_and_are_reported_as_what_they_are(
    simulator: SimulatorProcess, start_server: StartServer
) -> None:
    text_only, not_e164 = "+14155550198", ["24567", "+1 206 555 0103"]
    server = start_server(**simulator.settings)
    for phone_number in *not_e164, text_only, "+14155550197", "+18005550199":
        grant = {
            "account_sid": ACCOUNT_SID,
            "phone_number": phone_number,
            "takes_calls": phone_number != text_only,
        }
        simulator.tell("numbers", grant)
    with connected(server) as client:
        service = client.number_inventory
        listed = service.list_importable_numbers(
            inventory.ListImportableNumbersRequest(organization_id="acme")
        )
        importable = [number.phone_number for number in listed.numbers]
        assert importable == ["+14155550197", "+14155550199", "+18005550199"]
        report = service.reconcile_numbers(inventory.ReconcileNumbersRequest())
        assert [number.phone_number for number in report.strays] == importable
        assert {number.phone_number: number.obstacle for number in report.unusable} == {
            not_e164[0]: "is not a possible phone number in E.164",
            not_e164[1]: "is not a possible phone number in E.164",
            text_only: "takes no voice calls",
        }
        imported = service.import_numbers(
            inventory.ImportNumbersRequest(organization_id="acme", phone_numbers=[*importable, text_only])
        )
        assert [number.phone_number for number in imported.numbers] == importable
        assert [number.area_code for number in imported.numbers] == ["415", "415", ""]
        (failure,) = [from_status(failed.status) for failed in imported.failures]
        assert (failure.reason, failure.metadata) == (
            "NUMBER_WITHOUT_VOICE",
            {"phone_number": text_only},
        )
        assert failure.code is grpc.StatusCode.FAILED_PRECONDITION
        report = service.reconcile_numbers(inventory.ReconcileNumbersRequest())
        assert (report.strays_count, report.unusable_count) == (0, 3)


def test_a_number_that_twilio_sells_without_voice_is_given_back(
    simulator: SimulatorProcess, start_server: StartServer
) -> None:
    server = start_server(**simulator.settings)
    simulator.tell("faults", {"operation": "order", "fault": "no_voice"})
    with connected(server) as client:
        answer = client.number_inventory.purchase_numbers(
            inventory.PurchaseNumbersRequest(organization_id="acme", area_code="415")
        )
        (number,) = answer.numbers
        assert number.state == number_pb2.NUMBER_STATE_RELEASING
        # The carrier may take up to the read lag to show it, so a release may have to be repeated.
        client.number_inventory.reconcile_numbers(inventory.ReconcileNumbersRequest())
        assert [each["phone_number"] for each in simulator.ask("numbers")["numbers"]] == ["+14155550199"]
    assert simulator.ask("journal")["bought"] == 1
