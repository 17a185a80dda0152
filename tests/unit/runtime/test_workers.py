"""What several workers share: the port, the settings and the metrics."""

import os
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from localdial_server.runtime import supervision, workers
from localdial_server.settings.errors import StartError
from localdial_server.settings.settings import read_settings
from localdial_server.settings.variables import CONFIG_ENV


def listener(address: str, *, shared: bool) -> socket.socket:
    """Listen as gRPC does."""
    host, _, port = address.rpartition(":")
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shared))
    try:
        listening.bind((host, int(port)))
        listening.listen(100)
    except OSError:
        listening.close()
        raise
    return listening


def test_workers_share_the_port_and_get_all_connections() -> None:
    with workers._held_port("listen", "127.0.0.1:0") as address:
        assert re.fullmatch(r"127\.0\.0\.1:[1-9][0-9]+", address)
        with listener(address, shared=True) as first, listener(address, shared=True) as second:
            port = int(address.rpartition(":")[2])
            clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(64)]
            counts = [accepted(first), accepted(second)]
            for client in clients:
                client.close()
    assert sum(counts) == 64
    assert min(counts) > 0


def accepted(listening: socket.socket) -> int:
    listening.settimeout(0)
    count = 0
    while True:
        try:
            listening.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


@pytest.mark.parametrize("shared", [False, True])
def test_a_port_on_which_another_server_listens_is_refused(*, shared: bool) -> None:
    with listener("127.0.0.1:0", shared=shared) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with (
            pytest.raises(StartError, match=f"^cannot listen on {address}: the address is in use"),
            workers._held_port("listen", address),
        ):
            pass


def test_a_port_is_reserved_before_any_worker_listens() -> None:
    with workers._held_port("listen", "127.0.0.1:0") as address:
        with pytest.raises(OSError, match="in use"):
            listener(address, shared=False)
        with pytest.raises(StartError), workers._held_port("listen", address):
            pass


def test_a_port_with_connections_closed_by_a_former_server_is_free() -> None:
    with listener("127.0.0.1:0", shared=False) as former:
        address = f"127.0.0.1:{former.getsockname()[1]}"
        with socket.create_connection(former.getsockname()) as client:
            # The server closes first, so that its end stays in TIME_WAIT.
            former.accept()[0].close()
            assert client.recv(1) == b""
    with workers._held_port("listen", address) as held:
        assert held == address


@pytest.mark.parametrize("host", ["localhost", "[::1]", "[::]", "0.0.0.0"])
def test_host_names_and_ipv6_addresses_are_reserved_too(host: str) -> None:
    with workers._held_port("listen", f"{host}:0") as address:
        name, _, port = address.rpartition(":")
        assert name == host
        with pytest.raises(StartError), workers._held_port("listen", address):
            pass
    assert int(port) > 0


def test_a_host_name_that_cannot_be_resolved_is_refused() -> None:
    with (
        pytest.raises(StartError, match="the host name cannot be resolved"),
        workers._held_port("listen", "nobody.invalid:0"),
    ):
        pass


def test_a_worker_has_the_settings_of_its_supervisor_from_every_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "localdial.toml"
    file.write_text(
        "drain_seconds = 3\n"
        'database_url = "postgresql://localdial:p%40ss=w%20@127.0.0.1:1/name"\n'
        'metrics_listen = "127.0.0.1:9"\n'
        'webhook_listen = "127.0.0.1:0"\n'
        'webhook_account_tokens = "AC1:a,AC2:b"\n'
        "webhook_screening = true\n"
        f'twilio_subaccounts = {{ acme = "AC{"0" * 32}", other = "AC{"1" * 32}" }}\n'
        'destination_countries = ["US", "CA"]\n'
        "[organization_limits.acme]\n"
        "max_numbers = 20000\n"
        "destination_countries = []\n"
        'allowed_number_kinds = ["satellite"]\n'
    )
    monkeypatch.setenv(CONFIG_ENV, str(file))
    monkeypatch.setenv("localdial_workers", "4")
    monkeypatch.setenv("LOCALDIAL_SPOOL_DIRECTORY", "with a space/and=more")
    settings = read_settings(listen="127.0.0.1:0")
    addresses = {
        "listen": "127.0.0.1:1234",
        "webhook_listen": "127.0.0.1:1235",
        "metrics_listen": "",
    }
    environment = workers._environment(settings, addresses)
    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert dict(read_settings()) == {**dict(settings), **addresses, "workers": 1}


def test_a_worker_imports_nothing_from_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise SystemExit('not the typer that is meant')")
    *program, serve, worker = supervision._WORKER
    assert (serve, worker) == ("serve", "--worker")
    subprocess.run([*program, "--version"], cwd=tmp_path, check=True, timeout=60)


COUNTING = """
from prometheus_client import Counter, Gauge
Counter("calls", "").inc(2)
Gauge("held", "", multiprocess_mode="livesum").set(5)
print("counted", flush=True)
input()
"""


def test_the_metrics_of_all_workers_are_added_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with supervision._metrics(address, uses_tls=False) as (variables, forget, _):
        counting = [
            subprocess.Popen(
                [sys.executable, "-c", COUNTING],
                env={**os.environ, **variables},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            for _ in range(2)
        ]
        for process in counting:
            assert process.stdout is not None
            assert process.stdout.readline() == b"counted\n"
        assert served(address) == {"calls_total": 4, "held": 10}
        for process in counting:
            process.communicate(b"\n", timeout=20)
        forget(counting[0].pid)
        # Counters of a worker that has ended still count; its gauges do not.
        assert served(address) == {"calls_total": 4, "held": 5}
        folder = Path(next(iter(variables.values())))
        assert folder.is_dir()
    assert not folder.exists()
    with pytest.raises(OSError, match="refused"):
        served(address)


def served(address: str) -> dict[str, float]:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines if line[0] != "#")}


def test_a_metrics_port_on_which_another_server_listens_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with (
            pytest.raises(StartError, match=f"cannot listen on {address}: .*LOCALDIAL_METRICS"),
            supervision._metrics(address, uses_tls=False),
        ):
            pass


def test_without_a_metrics_address_nothing_is_counted() -> None:
    with supervision._metrics("", uses_tls=False) as (variables, *_):
        assert variables == {}
