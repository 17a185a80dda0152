"""The commands as users type them, against a running server."""

import fcntl
import json
import os
import pty
import re
import shlex
import signal
import struct
import subprocess
import sys
import termios
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from localdial_server.cli.app import app
from tests.functional.server_process import ServerProcess

LOCALDIAL = (sys.executable, "-m", "localdial_server")
# Time limit in seconds for a command, so that a test fails instead of hanging.
TIMEOUT_SECONDS = 60.0

Run = Callable[..., Result]


def environment(**settings: str) -> dict[str, str]:
    """Return the environment without the settings and the terminal of the user who runs the tests."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("LOCALDIAL_") and name not in {"COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR"}
    }
    return {**clean, "LOCALDIAL_LISTEN": "127.0.0.1:0", "LOCALDIAL_STATE_DIRECTORY": "var", **settings}


@pytest.fixture
def run(server: ServerProcess, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a command that calls the server, in this process: starting one is slow."""
    for name in "COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR":
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOCALDIAL_SERVER", server.address)

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(app, arguments)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def answer(result: Result) -> Any:
    """Return the document that a command with --json printed."""
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def on_terminal(
    server: ServerProcess, *arguments: str, types: str = "", columns: int = 80
) -> tuple[int, str]:
    """Run a command that calls the server, on a terminal; see `typed`."""
    return typed(*arguments, types=types, columns=columns, LOCALDIAL_SERVER=server.address)


def typed(*arguments: str, types: str = "", columns: int = 80, **settings: str) -> tuple[int, str]:
    """Run a command on a terminal; return its exit code and everything that the terminal shows."""
    terminal, screen = pty.openpty()
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [*LOCALDIAL, *arguments],
        env=environment(TERM="xterm", **settings),
        stdin=screen,
        stdout=screen,
        stderr=screen,
    )
    os.close(screen)
    os.write(terminal, types.encode())
    shown = b""
    while chunk := _read(terminal):
        shown += chunk
    os.close(terminal)
    return process.wait(TIMEOUT_SECONDS), shown.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:
        # Reading a closed terminal fails instead of returning nothing.
        return b""


def test_the_demo_shows_every_rule_and_a_second_run_changes_nothing(run: Run) -> None:
    first = answer(run("demo", "--json"))
    owned = answer(run("numbers", "list", "demo", "--json"))
    second = answer(run("demo", "--json"))
    assert answer(run("numbers", "list", "demo", "--json")) == owned
    assert [number["area_code"] for number in owned["numbers"]] == ["212", "415", "808"]
    for shown in (first, second):
        outcomes = [step.get("response", step.get("error"))["reason"] for step in shown["steps"]]
        assert outcomes == [
            "CALLER_ID_REASON_AGENT_CALLER_ID_LOCAL",
            "CALLER_ID_REASON_LOCAL_PRESENCE",
            "CALLER_ID_REASON_LOCAL_PRESENCE_MAPPED",
            "CALLER_ID_REASON_LOCAL_PRESENCE",
            "CALLER_ID_REASON_AGENT_CALLER_ID",
            "CALLER_ID_REASON_ORGANIZATION_NUMBER",
            "NO_CALLER_ID",
            "DESTINATION_REASON_LAST_CALLER",
            "CALLER_ID_REASON_LOCAL_PRESENCE",
            "DESTINATION_REASON_ORGANIZATION_NUMBER",
            "DESTINATION_REASON_CALLER_ID_OWNER",
            "DESTINATION_REASON_ORGANIZATION_NUMBER",
            "NO_NUMBERS_AVAILABLE",
        ]
        call_back = shown["steps"][7]["response"]
        assert call_back["user_id"] == "bob"


def test_an_explanation_is_the_one_of_its_page(run: Run) -> None:
    answer(run("demo", "--json"))
    page = Path(__file__).parents[2].joinpath("docs", "explain.md").read_text("utf-8")
    found = re.search(r"```sh\nlocaldial (explain [^\n]+)\n```\n\n```text\n(.+?)```", page, re.DOTALL)
    assert found is not None
    command, shown = found.groups()
    assert run(*shlex.split(command)).stdout == shown


def test_the_demo_replaces_a_number_that_was_deleted(run: Run) -> None:
    [local, *_] = answer(run("demo", "--json"))["numbers"]
    deleted = run("numbers", "delete", "demo", local["phone_number"], "--yes")
    assert deleted.exit_code == 0, deleted.stderr
    [again, *_] = answer(run("demo", "--json"))["numbers"]
    assert again["area_code"] == "415"
    assert again["mapped_area_codes"] == [] or again["mapped_area_codes"] == ["628"]
    [listed] = answer(run("numbers", "list", "demo", "--area-code", "628", "--json"))["numbers"]
    assert listed["phone_number"] == again["phone_number"]


def test_each_command_of_the_demo_can_be_pasted(run: Run) -> None:
    for step in answer(run("demo", "--json"))["steps"]:
        program, *arguments = shlex.split(step["command"])
        assert program == "localdial"
        expected = (
            0
            if "response" in step
            else {"NO_CALLER_ID": 4, "NO_NUMBERS_AVAILABLE": 3}[step["error"]["reason"]]
        )
        assert run(*arguments).exit_code == expected, step["command"]


def test_a_number_is_bought_mapped_used_and_deleted(run: Run) -> None:
    answer(run("orgs", "set", "acme", "--name", "Acme", "--number", "+13035550199", "--json"))
    answer(run("users", "set", "acme", "ann", "--work-phone", "+13035550192", "--json"))
    available = answer(run("numbers", "search", "acme", "415", "--limit", "1", "--json"))["available"]
    bought = answer(run("numbers", "buy", "acme", "415", "--yes", "--json"))
    number = bought["numbers"][0]["phone_number"]
    assert [each["phone_number"] for each in available] == [number]

    mapped = answer(run("numbers", "map", "acme", number, "628", "--json"))
    resolved = run("resolve", "acme", "ann", "+16285550155", "--min-revision", mapped["revision"], "--json")
    assert answer(resolved)["caller_id"] == number
    assert answer(run("route", number, "+16285550155", "--json"))["user_id"] == "ann"
    [call] = answer(run("calls", "list", "acme", "--callee", "+16285550155", "--user", "ann", "--json"))[
        "calls"
    ]
    assert call["caller_id"] == number
    explained = answer(run("explain", "acme", "--call-id", call["call_id"], "--json"))
    assert explained["response"]["caller_id"] == number
    assert explained["recorded_call"]["was_in_inventory"] == "INVENTORY_MEMBERSHIP_YES"
    assert number in run("explain", "acme", "ann", "+16285550155").stdout

    assert (
        answer(run("numbers", "unmap", "acme", number, "628", "--json"))["number"]["mapped_area_codes"] == []
    )
    assert number in run("numbers", "get", "acme", number).stdout
    refused = run("orgs", "delete", "acme", "--yes")
    assert (refused.exit_code, "ORGANIZATION_HAS_NUMBERS" in refused.stderr) == (4, True)
    answer(run("numbers", "delete", "acme", number, "--yes", "--json"))
    assert run("numbers", "get", "acme", number).exit_code == 3
    answer(run("users", "delete", "acme", "ann", "--yes", "--json"))
    assert run("users", "get", "acme", "ann").exit_code == 3
    answer(run("orgs", "delete", "acme", "--yes", "--json"))
    assert answer(run("orgs", "list", "--json"))["organizations"] == []


def test_running_out_of_stock_is_first_a_partial_success_and_then_a_warning(run: Run) -> None:
    answer(run("orgs", "set", "acme", "--json"))
    in_part = run("numbers", "buy", "acme", "307", "--quantity", "5", "--yes", "--json")
    assert in_part.exit_code == 6
    document = json.loads(in_part.stdout)
    assert (len(document["numbers"]), document["unfilled_count"]) == (3, 2)
    none_left = run("numbers", "buy", "acme", "307", "--yes")
    assert none_left.exit_code == 3
    assert none_left.stderr.startswith("Warning: ")


def test_the_same_request_id_buys_once(run: Run) -> None:
    answer(run("orgs", "set", "acme", "--json"))
    buy = ("numbers", "buy", "acme", "415", "--yes", "--request-id", "order-1", "--json")
    assert answer(run(*buy)) == answer(run(*buy))
    assert answer(run("numbers", "list", "acme", "--json"))["total_size"] == 1


def test_a_number_in_national_format_is_refused_with_a_suggestion(run: Run) -> None:
    answer(run("demo", "--json"))
    result = run("resolve", "demo", "bob", "(415) 555-0155")
    assert result.exit_code == 2
    assert "callee_number: " in result.stderr
    assert "+14155550155" in result.stderr


def test_an_id_that_differs_from_another_only_by_case_is_warned_of_once(run: Run, tmp_path: Path) -> None:
    answer(run("orgs", "set", "acme", "--json"))
    answer(run("users", "set", "acme", "bob", "--json"))
    organization = run("orgs", "set", "Acme", "--json")
    assert organization.exit_code == 0
    assert "Warning: the organization Acme is not acme: ids are told apart" in organization.stderr
    user = run("users", "set", "acme", "BOB", "--name", " Bob\u200e", "--json")
    assert answer(user)["user"]["display_name"] == "Bob"
    assert "Warning: the user BOB is not bob: ids are told apart by upper and lower case" in user.stderr
    # Now both exist, so that setting one of them again is no mistake.
    assert run("users", "set", "acme", "BOB").stderr == ""
    assert "ORGANIZATION_NOT_FOUND" in run("users", "set", "zenith", "bob").stderr
    path = tmp_path / "users.csv"
    path.write_text("user_id,display_name,caller_id,work_phone\nBob, Bob ,,\nann,,,\n")
    imported = run("users", "import", "acme", str(path))
    assert imported.exit_code == 0
    assert imported.stderr.count("Warning") == 1
    assert "the user Bob is not BOB" in imported.stderr


def test_users_are_imported_all_or_none(run: Run, tmp_path: Path) -> None:
    answer(run("orgs", "set", "acme", "--json"))
    path = tmp_path / "users.csv"
    rows = [f"user{index},Agent {index},+1415555{index:04},\n" for index in range(2500)]
    header = "user_id,display_name,caller_id,work_phone\n"
    path.write_text(header + "".join(rows) + 'no id,"two\nlines",4155550155,\n')
    refused = run("users", "import", "acme", str(path))
    assert refused.exit_code == 2
    lines = refused.stderr.splitlines()
    assert lines[0] == "Error: users.csv: 1 of 2,501 rows is wrong, and nothing was written"
    assert [line.split(":")[0] for line in lines[1:]] == [
        "  line 2502, user_id",
        "  line 2502, display_name",
        "  line 2502, caller_id",
    ]
    assert answer(run("users", "list", "acme", "--json"))["total_size"] == 0

    path.write_text(header + "".join(rows))
    assert answer(run("users", "import", "acme", str(path), "--json"))["user_count"] == 2500
    assert len(answer(run("users", "list", "acme", "--json"))["users"]) == 2500


def test_a_file_of_a_crm_is_imported_and_leavers_are_deleted(run: Run, tmp_path: Path) -> None:
    answer(run("orgs", "set", "acme", "--json"))
    answer(run("users", "set", "acme", "leaver", "--work-phone", "+13035550199", "--json"))
    path, rejects = tmp_path / "crm.csv", tmp_path / "rejects.csv"
    rows = "Name\tLogin\tMobile Phone\r\nAnn\tann\t(303) 555-0192\r\nBob\tbob\t415555010.0\r\n"
    path.write_bytes(rows.encode("utf-16"))
    options = (
        *("--map", "display_name=Name", "--map", "user_id=login"),
        *("--map", "work_phone=Mobile Phone", "--map", "caller_id=Mobile Phone"),
        *("--default-country", "US"),
    )
    refused = run("users", "import", "acme", str(path), *options)
    assert refused.exit_code == 2
    assert "line 3, work_phone" in refused.stderr
    assert "did you mean" not in refused.stderr
    assert run("users", "import", "acme", str(path), *options, "--rejects", str(rejects)).exit_code == 6
    assert "line 3: caller_id: '415555010.0' is what a spreadsheet has made" in rejects.read_text()
    listed = answer(run("users", "list", "acme", "--json"))["users"]
    assert [(user["user_id"], user["work_phone"]) for user in listed] == [
        ("ann", "+13035550192"),
        ("leaver", "+13035550199"),
    ]
    corrected = tmp_path / "corrected.csv"
    corrected.write_text(rows.replace("415555010.0", "415.555.0100"))
    done = answer(
        run("users", "import", "acme", str(corrected), *options, "--delete-others", "--yes", "--json")
    )
    assert done["deleted_user_ids"] == ["leaver"]
    assert [user["user_id"] for user in answer(run("users", "list", "acme", "--json"))["users"]] == [
        "ann",
        "bob",
    ]


def test_a_file_full_of_errors_is_reported_to_the_last_field(run: Run, tmp_path: Path) -> None:
    answer(run("orgs", "set", "acme", "--json"))
    path = tmp_path / "users.csv"
    path.write_text("user_id,display_name,caller_id,work_phone\n" + "no id,x,1,2\n" * 1500)
    refused = run("users", "import", "acme", str(path))
    # All rows but the first are duplicates, which the command finds without the server.
    assert len(refused.stderr.splitlines()) == 1 + 3 + 1499
    path.write_text(
        "user_id,display_name,caller_id,work_phone\n"
        + "".join(f"no {index},x,1,2\n" for index in range(1500))
    )
    refused = run("users", "import", "acme", str(path))
    assert len(refused.stderr.splitlines()) == 1 + 3 * 1500


def test_on_a_terminal_a_purchase_needs_a_confirmation(run: Run, server: ServerProcess) -> None:
    answer(run("orgs", "set", "acme", "--json"))
    code, shown = on_terminal(server, "numbers", "buy", "acme", "415", types="n\n")
    assert code == 1
    assert "This spends money" in shown
    assert answer(run("numbers", "list", "acme", "--json"))["total_size"] == 0
    code, shown = on_terminal(server, "numbers", "buy", "acme", "415", types="y\n")
    assert code == 0, shown
    assert answer(run("numbers", "list", "acme", "--json"))["total_size"] == 1


def test_a_narrow_terminal_never_cuts_phone_numbers_or_identifiers(run: Run, server: ServerProcess) -> None:
    answer(run("demo", "--json"))
    [call, *_] = answer(run("calls", "list", "demo", "--json"))["calls"]
    _, shown = on_terminal(server, "calls", "list", "demo", columns=40)
    for part in (call["call_id"], call["user_id"], call["callee_number"], call["caller_id"]):
        assert part in shown
    _, shown = on_terminal(server, "users", "list", "demo", columns=40)
    assert "+13125550190" in shown
    assert "+13125550191" in shown


def test_an_import_shows_its_progress_on_a_terminal(run: Run, server: ServerProcess, tmp_path: Path) -> None:
    answer(run("orgs", "set", "acme", "--json"))
    path = tmp_path / "users.csv"
    path.write_text("user_id,display_name,caller_id,work_phone\nann,,,\n")
    code, shown = on_terminal(server, "users", "import", "acme", str(path))
    assert code == 0, shown
    assert "checking" in shown
    assert "writing" in shown
    assert "100%" in shown


@contextmanager
def serving(folder: Path, *arguments: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """Run `localdial serve` as a user starts it, and capture what it prints."""
    process = subprocess.Popen(
        [*LOCALDIAL, "serve", *arguments],
        env=environment(**settings),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_serve_with_the_demo_prints_three_calls_that_work(tmp_path: Path) -> None:
    with serving(tmp_path, "--demo") as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready.startswith("localdial is ready on 127.0.0.1:")
        address = ready.split()[4].removesuffix(";")
        with urllib.request.urlopen(ready.split()[-1]) as page:
            assert page.status == 200
        printed = [process.stdout.readline().strip() for _ in range(6)]
        resolve, route, grpcurl = [shlex.split(line) for line in printed[3:]]
        for program, *arguments in (resolve, route):
            assert program == "localdial"
            pasted = subprocess.run(
                [*LOCALDIAL, *arguments], env=environment(), capture_output=True, text=True, check=False
            )
            assert pasted.returncode == 0, pasted.stderr
        assert "LAST_CALLER" in pasted.stdout, "the second answers the first"
        assert grpcurl[0] == "grpcurl"
        assert grpcurl[-2:] == [address, "localdial.v1.CallRouting/ResolveOutboundCallerId"]
        assert json.loads(grpcurl[3])["organization_id"] == "demo"
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT_SECONDS) == 0
    assert (tmp_path / "var" / "localdial.db").is_file()


def test_serve_reads_settings_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "localdial.toml"
    file.write_text('database_url = "sqlite:///elsewhere.db"\nlog_format = "json"\n')
    with serving(tmp_path, "--config", str(file)) as process:
        assert process.stdout is not None
        assert "ready" in process.stdout.readline()
        assert (tmp_path / "elsewhere.db").is_file()
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=TIMEOUT_SECONDS)
        assert process.returncode == 0
    assert all(json.loads(line) for line in log.splitlines())


def test_an_error_that_prevents_serving_is_reported_in_one_line(
    server: ServerProcess, tmp_path: Path
) -> None:
    with serving(tmp_path, "--listen", server.address) as process:
        _, error = process.communicate(timeout=TIMEOUT_SECONDS)
        assert process.returncode == 1
    (line,) = error.splitlines()
    assert line.startswith(f"Error: cannot listen on {server.address}: the address is in use.")
    with serving(tmp_path, LOCALDIAL_DATABASE_URL="mysql://app:hunter2@db/localdial") as process:
        _, error = process.communicate(timeout=TIMEOUT_SECONDS)
        assert process.returncode == 2
    assert "LOCALDIAL_DATABASE_URL: must be an SQLite or a PostgreSQL URL" in error
    assert "hunter2" not in error


def test_an_address_that_is_none_is_refused_before_anything_is_sent(run: Run) -> None:
    for address in (
        "http://127.0.0.1:50051",
        "127.0.0.1",
        "127.0.0.1:50051/",
        "localhost:99999",
        "host name:1",
    ):
        refused = run("--server", address, "orgs", "list")
        assert refused.exit_code == 2, address
        assert "--server or LOCALDIAL_SERVER, cannot be used" in refused.stderr
        assert "127.0.0.1:50051" in refused.stderr, "the right form is shown"


def test_variables_that_kubernetes_sets_for_a_service_are_not_warned_of(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALDIAL_SERVER_PORT", "tcp://10.0.0.1:50051")
    assert run("orgs", "list").stderr == ""
    monkeypatch.setenv("LOCALDIAL_SERVER_PORT", "50051")
    assert "did you mean LOCALDIAL_SERVER?" in run("orgs", "list").stderr


def test_misspelled_variables_are_named_with_the_nearest_one(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LOCALDIAL_SERVR", "127.0.0.1:1")
    listed = run("orgs", "list")
    assert listed.exit_code == 0
    assert "LOCALDIAL_SERVR is not used: there is no such setting; did you mean LOCALDIAL_SERVER?" in (
        " ".join(listed.stderr.split())
    )
    with serving(tmp_path, LOCALDIAL_METRICS_LISTNE="127.0.0.1:0") as process:
        assert process.stdout is not None
        assert "ready" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=TIMEOUT_SECONDS)
    assert "LOCALDIAL_METRICS_LISTNE is not used" in log
    assert "did you mean LOCALDIAL_METRICS_LISTEN?" in log


def test_migrate_reports_a_migration_and_then_that_the_schema_is_up_to_date(tmp_path: Path) -> None:
    def migrate() -> str:
        return subprocess.run(
            [*LOCALDIAL, "migrate"],
            env=environment(),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert "was migrated" in migrate()
    assert "up to date" in migrate()
