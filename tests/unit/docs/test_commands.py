"""Everything that the documentation names exists: commands, options, settings, scripts and files."""

import importlib
import re
import shlex
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from localdial_server.cli.app import app
from localdial_server.cli.connection import CLIENT_VARIABLES
from localdial_server.settings.settings import Settings
from localdial_server.settings.variables import CONFIG_ENV, env_name
from tests.unit.docs.markdown import DOCUMENTS, ROOT, Document

SERVER = ROOT / "server/localdial_server"
PACKAGES = tuple(path.name for path in SERVER.iterdir() if path.is_dir() and path.name != "__pycache__")
FOLDERS = "clients", "deploy", "docs", "proto", "requirements", "scripts", "server", "tests", "third_party"

# Environment variables that are not settings.
OTHER_VARIABLES = {
    CONFIG_ENV,
    *CLIENT_VARIABLES,
    "LOCALDIAL_TEST_FRONT",
    "LOCALDIAL_TEST_STRICT",
    "LOCALDIAL_TWILIO_OPENAPI",
}

_SHELLS = {"bash", "console", "crontab", "sh"}
_COMMAND = re.compile(r"(?:^|[\s|(])(?:\.venv/bin/)?localdial (?=[a-z-])(.*)")
_SERVE = re.compile(r"^(?:\./)?scripts/serve\b(.*)")
_END = re.compile(r"\s(?:[|&;<>]|\d?>|#\s)|&&|;")
_PATH = re.compile(rf"(?<![\w./$-])(?:\./)?((?:{'|'.join((*FOLDERS, *PACKAGES))})/[\w.*/-]+)")
_PLACEHOLDER = re.compile(r"[A-Z]{2,}|…|\*")


def command_lines(document: Document) -> Iterator[str]:
    """Yield the arguments of every `localdial` command in code blocks and in inline code."""
    lines = [
        line.strip().removeprefix("$ ")
        for block in document.blocks
        if block.language in _SHELLS
        for line in block.text.replace("\\\n", " ").splitlines()
        if block.language != "console" or line.strip().startswith("$ ")
    ]
    for code in [*lines, *document.inline_code]:
        for part in code.split("|"):
            for found, prefix in ((_COMMAND.search(part), ""), (_SERVE.match(part.strip()), "serve")):
                if found:
                    yield _END.split(f"{prefix}{found[1]} ")[0].strip()


def problem(line: str) -> str | None:
    """Return what is wrong with the arguments of `localdial`, or None, without running it."""
    command: Any = typer.main.get_command(app)
    words = deque(word for word in shlex.split(line) if word not in {"…", "..."})
    values = 0
    while words:
        word = words.popleft()
        if word.startswith("-") and word != "-":
            name, _, value = word.partition("=")
            options = [param for param in command.params if name in (*param.opts, *param.secondary_opts)]
            if name == "--help":
                continue
            if not options:
                return f"{command.name} has no option {name}"
            if not getattr(options[0], "is_flag", False) and not value:
                if not words:
                    return f"{name} needs a value"
                words.popleft()
        elif commands := getattr(command, "commands", None):
            if word not in commands:
                return f"{command.name} has no command {word}"
            command = commands[word]
        else:
            values += 1
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    if values > sum(param.nargs for param in arguments) and all(param.nargs > 0 for param in arguments):
        return f"{command.name} takes fewer arguments"
    return None


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_localdial_command_is_valid(path: str) -> None:
    refused = {line: problem(line) for line in command_lines(DOCUMENTS[path])}
    assert {line: why for line, why in refused.items() if why} == {}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("frobnicate", "localdial has no command frobnicate"),
        ("serve --frobnicate", "serve has no option --frobnicate"),
        ("serve anything", "serve takes fewer arguments"),
        ("numbers buy", None),
        ("numbers sell demo", "numbers has no command sell"),
        ("numbers buy demo 312 --yes", None),
        ("--json numbers list demo", None),
        ("--frobnicate numbers list demo", "localdial has no option --frobnicate"),
        ("calls prune --older-than", "--older-than needs a value"),
    ],
)
def test_an_invalid_command_is_found(line: str, why: str | None) -> None:
    assert problem(line) == why


def test_commands_are_found() -> None:
    block = "```sh\nA=1 localdial export | gzip > x\n./scripts/serve --demo\n```\n"
    text = f"{block}and `localdial numbers list acme`"
    found = list(command_lines(Document(Path("x.md"), text)))
    assert found == ["export", "serve --demo", "numbers list acme"]
    assert sum(len(list(command_lines(document))) for document in DOCUMENTS.values()) > 50


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if not path.startswith("clients/")])
def test_every_variable_exists(path: str) -> None:
    known = {env_name(name) for name in Settings.model_fields} | OTHER_VARIABLES
    named = set(re.findall(r"\bLOCALDIAL_[A-Z_]*[A-Z]\b", DOCUMENTS[path].text))
    assert named - known == set()


def missing(path: str) -> bool:
    """Return whether neither the repository nor the server's folder has the path."""
    if _PLACEHOLDER.search(path):
        return False
    path = path.rstrip(".")
    return not any((folder / path).exists() for folder in (ROOT, SERVER))


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if path != "CHANGELOG.md"])
def test_every_path_in_the_repository_exists(path: str) -> None:
    document = DOCUMENTS[path]
    folder = (ROOT / path).parent
    codes: list[Any] = [*document.inline_code]
    codes += [block.text for block in document.blocks if block.language in _SHELLS]
    named = {found for code in codes for found in _PATH.findall(code)}
    assert {name for name in named if missing(name) and not (folder / name).exists()} == set()


def test_every_drill_and_its_options_exist() -> None:
    drills = ROOT / "tests/drills"
    sources = "\n".join(path.read_text("utf-8") for path in drills.glob("*.py"))
    for document in DOCUMENTS.values():
        for code in document.inline_code:
            if found := re.match(r"scripts/drill ([a-z]+)", code):
                assert (drills / f"{found[1]}.py").exists(), code
                assert all(option in sources for option in re.findall(r"--[a-z-]+", code)), code


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if not path.startswith("clients/")])
def test_every_import_of_an_example_works(path: str) -> None:
    text = "\n".join(block.text for block in DOCUMENTS[path].blocks if block.language == "python")
    for module, names in re.findall(r"^from (localdial[\w.]+) import (.+)$", text, re.MULTILINE):
        imported = importlib.import_module(module)
        assert all(hasattr(imported, name) for name in names.split(", "))


def test_a_missing_path_is_found() -> None:
    assert missing("scripts/frobnicate")
    assert missing("domain/frobnicate.py")
    assert not missing("domain/caller_id.py")
    assert not missing("clients/LANGUAGE/buf.gen.yaml")
