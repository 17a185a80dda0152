"""The TypeScript client: its own tests, its package, and its programs against a live server."""

import json
import re
import subprocess
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from localdial.v1.directory_pb2 import ListUsersRequest, Organization, SetOrganizationRequest
from localdial.v1.number_inventory_pb2 import (
    ListNumbersRequest,
    MapAreaCodesRequest,
    PurchaseNumbersRequest,
)
from localdial_client import Client, __version__
from scripts.lib import node
from tests.functional.server_process import ServerProcess
from tests.support import typescript

USERS = """user_id,display_name,caller_id,work_phone
ann,Ann,+14155550142,+14155550143
bob,"Bob, the second",,+12125550144
"""
PROGRAM = """
import { Client, items, type LocalPresenceNumber, NotFoundError } from "@localdial/client";

await using client = new Client({ address: ["a.example:1", "b.example:1"], tls: true, key: "k" });
const list = client.numberInventory.listNumbers;
const found: LocalPresenceNumber[] = [];
try {
  for await (const one of items(list, { organizationId: "acme" }, (page) => page.numbers)) found.push(one);
} catch (error) {
  if (!(error instanceof NotFoundError)) throw error;
  if (error.reason === "ORGANIZATION_NOT_FOUND") console.log(error.metadata);
}
// @ts-expect-error A field that the request does not have.
await client.directory.getUser({ user: "ann" });
"""
AREA_CODES = "area_code,borrowers\n415,1200\n312,640\n415,1\n628,75\n"


@pytest.fixture(scope="module")
def package() -> Path:
    """Return the folder of the compiled package."""
    try:
        return typescript.build()
    except node.NoNode as missing:
        pytest.skip(f"typescript: {missing}")


def test_it_is_formatted_and_linted(package: Path) -> None:
    typescript.run("npm", "run", "--silent", "lint", folder=package)


def test_its_own_tests_pass(package: Path) -> None:
    tests = sorted(str(path) for path in (package / "build" / "test").glob("*.test.js"))
    report = typescript.run(
        node.node(), "--test", "--test-concurrency=3", "--test-reporter=tap", *tests, folder=package
    )
    assert int(re.findall(r"^# pass (\d+)$", report, re.MULTILINE)[-1]) > 100


def test_its_version_is_that_of_the_other_clients(package: Path) -> None:
    manifest = json.loads((package / "package.json").read_text("utf-8"))
    assert manifest["version"] == __version__


def test_its_lock_file_has_no_download_addresses(package: Path) -> None:
    for lock in (package, Path("scripts/lib/generate/typescript")):
        assert "://" not in (lock / "package-lock.json").read_text("utf-8").replace(
            "https://opencollective", ""
        )


@pytest.fixture(scope="module")
def tarball(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the archive that would be published."""
    folder = tmp_path_factory.mktemp("pack")
    typescript.run("npm", "pack", "--ignore-scripts", "--pack-destination", str(folder), folder=package)
    (packed,) = folder.glob("*.tgz")
    return packed


def test_the_package_holds_what_it_needs_and_nothing_else(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        names = {name.removeprefix("package/") for name in archive.getnames()}
    assert {
        "package.json",
        "README.md",
        "LICENSE",
        "dist/index.js",
        "dist/index.d.ts",
        "src/index.ts",
    } <= names
    assert {name.split("/")[0] for name in names} == {
        "package.json",
        "README.md",
        "LICENSE",
        "dist",
        "src",
        "examples",
    }
    sources = {path.removesuffix(".ts") for path in names if path.startswith("src/")}
    compiled = {path.removesuffix(".js") for path in names if path.endswith(".js")}
    assert {path.replace("src/", "dist/", 1) for path in sources} == compiled


@pytest.fixture(scope="module")
def fresh_project(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that has installed the package."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "package.json").write_text('{"private": true, "type": "module"}', "utf-8")
    install = (
        "npm",
        "install",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefer-offline",
        str(tarball),
    )
    typescript.run(*install, folder=folder)
    return folder


def test_a_fresh_project_compiles_with_the_package(package: Path, fresh_project: Path) -> None:
    """The project is strict, as `tsc --init` creates it, and skips the declarations of other packages."""
    (fresh_project / "main.ts").write_text(PROGRAM, "utf-8")
    options = (
        "--strict",
        "--module",
        "nodenext",
        "--target",
        "es2022",
        "--lib",
        "es2023,esnext.disposable,dom",
    )
    tsc = str(package / "node_modules" / ".bin" / "tsc")
    typescript.run(tsc, "--noEmit", "--skipLibCheck", *options, "main.ts", folder=fresh_project)


def test_the_example_of_the_package_runs(fresh_project: Path, server: ServerProcess) -> None:
    example = fresh_project / "node_modules" / "@localdial" / "client" / "examples" / "quickstart.mjs"
    expected = [
        "ann calls +12125550123, who sees +14085550100",
        "  because: ORGANIZATION_NUMBER",
        "+12125550123 calls back and is connected with +14155550142",
        "  because: LAST_CALLER, user ann",
    ]
    for _ in range(2):
        assert typescript.run(node.node(), str(example), server.address).splitlines() == expected


class CrmSync:
    """The example program, with its own organization for each test."""

    def __init__(self, package: Path, server: ServerProcess, client: Client, folder: Path) -> None:
        self.organization = f"acme-{uuid.uuid4()}"
        self.client = client
        self._address = server.address
        self._program = package / "examples" / "crm-sync" / "dist" / "main.js"
        self._folder = folder
        acme = Organization(organization_id=self.organization)
        client.directory.set_organization(SetOrganizationRequest(organization=acme))

    def __call__(self, *arguments: str, **files: str) -> "subprocess.CompletedProcess[str]":
        """Run the program; a file is given by its content."""
        options: list[str] = []
        for name, content in files.items():
            path = self._folder / f"{name}.csv"
            path.write_text(content, "utf-8")
            options += [f"--{name.replace('_', '-')}", path.name]
        if "--address" not in arguments:
            options += ["--address", self._address]
        return subprocess.run(
            [
                node.node(),
                str(self._program),
                *("--organization", self.organization),
                *options,
                *arguments,
            ],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def users(self) -> list[tuple[str, str, str, str]]:
        """Return the users of the organization."""
        users = self.client.directory.list_users(ListUsersRequest(organization_id=self.organization)).users
        return [(user.user_id, user.display_name, user.caller_id, user.work_phone) for user in users]

    def area_codes(self) -> list[str]:
        """Return the area codes of the organization's numbers."""
        request = ListNumbersRequest(organization_id=self.organization)
        return sorted(
            number.area_code for number in self.client.number_inventory.list_numbers(request).numbers
        )


@pytest.fixture
def crm_sync(package: Path, server: ServerProcess, tmp_path: Path) -> Iterator[CrmSync]:
    with Client(server.address) as client:
        yield CrmSync(package, server, client, tmp_path)


def test_crm_sync_sets_users_and_buys_missing_numbers(crm_sync: CrmSync) -> None:
    done = crm_sync("--yes", users=USERS, area_codes=AREA_CODES)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 users are set" in done.stdout
    assert crm_sync.users() == [
        ("ann", "Ann", "+14155550142", "+14155550143"),
        ("bob", "Bob, the second", "", "+12125550144"),
    ]
    assert crm_sync.area_codes() == ["312", "415", "628"]

    again = crm_sync("--yes", users=USERS, area_codes=AREA_CODES)
    assert (again.returncode, again.stdout) == (0, "2 users are set\nevery area code has a number\n")
    assert crm_sync.area_codes() == ["312", "415", "628"]


def test_crm_sync_counts_a_mapped_area_code_as_served(crm_sync: CrmSync) -> None:
    bought = crm_sync.client.number_inventory.purchase_numbers(
        PurchaseNumbersRequest(organization_id=crm_sync.organization, area_code="415")
    )
    crm_sync.client.number_inventory.map_area_codes(
        MapAreaCodesRequest(
            organization_id=crm_sync.organization,
            phone_number=bought.numbers[0].phone_number,
            area_codes=["628"],
        )
    )
    done = crm_sync("--dry-run", area_codes=AREA_CODES)
    assert done.stdout == f"would buy 1 number for {crm_sync.organization}, 1 in each of: 312\n"


def test_crm_sync_shows_all_bad_rows_with_their_lines_and_writes_nothing(crm_sync: CrmSync) -> None:
    done = crm_sync(
        "--yes",
        users=USERS + 'cem,Cem,415-555-0100,12\neve,"E\nve",,\ndan,Dan\nann,Ann again,,\n\n,Nobody,,\n',
        area_codes="area_code\n415\n800\n99\n",
    )
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    assert [re.match(r"[a-z_]+\.csv:\d+: \w+", line) and line.split(":")[:2] for line in lines[:-1]] == [
        ["area_codes.csv", "3"],
        ["area_codes.csv", "4"],
        ["users.csv", "4"],
        ["users.csv", "4"],
        ["users.csv", "5"],
        ["users.csv", "7"],
        ["users.csv", "8"],
        ["users.csv", "10"],
    ]
    assert "caller_id must be a phone number in E.164" in lines[2]
    assert "did you mean +14155550100" in lines[2]
    assert lines[5] == "users.csv:7: has 2 cells instead of 4"
    assert lines[6] == "users.csv:8: user_id ann is already in line 2"
    assert lines[-1] == "8 problems; nothing was written or bought"
    assert crm_sync.users() == []
    assert crm_sync.area_codes() == []


def test_crm_sync_shows_thousands_of_bad_rows(crm_sync: CrmSync) -> None:
    """Node.js could not read an error that names every field of all rows."""
    rows = "".join(f"user {n},{'x' * 201},12,34\n" for n in range(1500))
    done = crm_sync(users=USERS.splitlines()[0] + "\n" + rows)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "6000 problems; nothing was written or bought"


@pytest.mark.parametrize(
    ("users", "message"),
    [
        ("", "users.csv:1: column user_id is missing"),
        ("user_id,name\n", "users.csv:1: unknown column"),
        ("user_id,display_name,caller_id,work_phone,user_id\n", "users.csv:1: column user_id appears twice"),
        ('user_id,display_name,caller_id,work_phone\nann,A,,\nbob,\'B","x,\n', "users.csv:3: is not CSV"),
        ('user_id,display_name,caller_id,work_phone\nann,"A,,\nbob,B,,\n', "is not CSV"),
    ],
)
def test_crm_sync_refuses_a_file_that_is_not_a_list_of_users(
    crm_sync: CrmSync, users: str, message: str
) -> None:
    done = crm_sync(users=users)
    assert done.returncode == 1
    assert message in done.stderr
    assert crm_sync.users() == []


def test_crm_sync_warns_if_the_carrier_has_too_few_numbers(crm_sync: CrmSync) -> None:
    done = crm_sync("--yes", "--quantity", "5", area_codes="area_code\n907\n307\n415\n")
    assert done.returncode == 0
    no_numbers, unfilled = done.stderr.splitlines()
    assert no_numbers == "warning: 907: the carrier has no numbers; borrowers there are shown another one"
    assert unfilled.startswith("warning: 307: 2 of 5 numbers could not be bought: ")
    assert len(re.findall("^bought ", done.stdout, re.MULTILINE)) == 8
    assert crm_sync.area_codes() == ["307"] * 3 + ["415"] * 5


def test_crm_sync_dry_run_changes_nothing(crm_sync: CrmSync) -> None:
    done = crm_sync("--dry-run", "--quantity", "2", users=USERS, area_codes=AREA_CODES)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "2 users would be set",
        f"would buy 6 numbers for {crm_sync.organization}, 2 in each of: 312, 415, 628",
    ]
    assert crm_sync.users() == []
    assert crm_sync.area_codes() == []


def test_crm_sync_spends_no_money_without_confirmation(crm_sync: CrmSync) -> None:
    done = crm_sync(users=USERS, area_codes=AREA_CODES)
    assert done.returncode == 2
    assert "nobody to ask" in done.stderr
    assert crm_sync.users() == []
    assert crm_sync.area_codes() == []


def test_crm_sync_explains_a_server_that_cannot_be_reached(crm_sync: CrmSync) -> None:
    done = crm_sync("--address", "127.0.0.1:1", users=USERS)
    assert done.returncode == 1
    assert done.stderr.startswith("error: UNAVAILABLE: cannot connect to")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to do"),
        (["--quantity", "0", "--users", "x"], "--quantity must be 1 to 100"),
        (["--colour", "red"], "Unknown option"),
        (["--users", "x", "--root-certificate", "no-such-file"], "no such file"),
    ],
)
def test_crm_sync_explains_its_usage(crm_sync: CrmSync, arguments: list[str], message: str) -> None:
    done = crm_sync(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "usage: crm-sync" in done.stderr


def test_crm_sync_explains_a_missing_file(crm_sync: CrmSync) -> None:
    done = crm_sync("--users", "no-such-file.csv")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ENOENT")
