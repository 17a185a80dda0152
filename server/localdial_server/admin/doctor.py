"""Checks the settings, the database and the carrier: `localdial doctor`. Changes and buys nothing."""

import asyncio
import contextlib
import datetime as dt
import shlex
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, make_url, select
from sqlalchemy.exc import DBAPIError

from localdial_server.admin.doctor_finding import Check, Finding, OnFinding, State
from localdial_server.admin.doctor_numbers import stored_numbers
from localdial_server.domain.model import EXTERNAL, NumberState
from localdial_server.domain.principals import Role
from localdial_server.runtime.carriers import twilio_account
from localdial_server.runtime.forgotten_state import refuse_forgotten_state
from localdial_server.runtime.sqlite_version import require_sqlite_version, wal_reset_bug
from localdial_server.runtime.storage import (
    open_database,
)
from localdial_server.settings.errors import SettingsError, StartError, raise_if_any
from localdial_server.settings.settings import Settings
from localdial_server.settings.validators import is_postgresql
from localdial_server.storage.engines.postgres import PostgresDatabase
from localdial_server.storage.engines.private_files import is_readable_by_others
from localdial_server.storage.engines.sqlite import SqliteDatabase, read_only_engine
from localdial_server.storage.engines.sqlite_file import DatabaseInUse
from localdial_server.storage.sql.migrate import SchemaError, missing_migration
from localdial_server.storage.sql.reader import SqlReader
from localdial_server.storage.sql.schema import numbers
from localdial_server.tls.certificate_files import CertificateFiles, UnusableCertificate

# Programs that renew certificates do so earlier than this.
_RENEWAL_DAYS: Final = 14


def examine(settings: Settings, on_finding: OnFinding) -> bool:
    """Pass each finding to `on_finding` as it is made; return whether none is a problem."""
    is_healthy = True

    def report(finding: Finding) -> None:
        nonlocal is_healthy
        is_healthy = is_healthy and finding.state is not State.PROBLEM
        on_finding(finding)

    report(Check("settings").ok("can be used"))
    report(_database(settings))
    if warning := wal_reset_bug(settings):
        report(Check("sqlite").warning(warning))
    for finding in _stored_numbers(settings):
        report(finding)
    if settings.credentials_required:
        for finding in _credentials(settings):
            report(finding)
    report(_files(settings))
    if settings.uses_tls:
        report(_tls(settings))
    report(_webhook(settings))
    asyncio.run(_carrier(settings, report))
    return is_healthy


def _database(settings: Settings) -> Finding:
    check = Check("database")
    shown = settings.shown_database_url
    try:
        return _schema(check, _opened(settings), settings)
    except DatabaseInUse:
        return check.ok(f"{shown} is in use by a running server")
    except OSError as error:
        return check.problem(f"{shown} cannot be opened: {error.strerror}")
    except SchemaError as error:
        return check.problem(f"{shown} cannot be used: {error}")
    except DBAPIError as error:
        return check.problem(f"{shown} does not answer: {' '.join(str(error.orig).split())}")
    except StartError as error:
        return check.problem(str(error))


def _active_numbers(settings: Settings, carrier: str) -> Sequence[tuple[str, str]]:
    """Return account and phone number of the carrier's active numbers; none if they cannot be read."""
    query = select(numbers.c.carrier_account, numbers.c.phone_number).filter_by(
        carrier=carrier, state=NumberState.ACTIVE.value
    )
    try:
        with _reading(settings) as engine:
            if engine is None:
                return []
            with engine.connect() as connection:
                return [(row.carrier_account, row.phone_number) for row in connection.execute(query)]
    except (OSError, DBAPIError, StartError):
        # The check of the database says what is wrong with it.
        return []


def _stored_numbers(settings: Settings) -> Sequence[Finding]:
    try:
        with _reading(settings) as engine:
            if engine is None or missing_migration(engine) is not None:
                return []
            return list(stored_numbers(engine, settings.dialing_permissions))
    except (OSError, DBAPIError, SchemaError, StartError):
        # The check of the database says what is wrong with it.
        return []


def _credentials(settings: Settings) -> Sequence[Finding]:
    """Return whether anybody can call a server that requires credentials; nothing if that cannot be read."""
    check = Check("credentials")
    if settings.jwt_issuer or settings.tls_client_principals:
        return [check.ok("are required; an identity provider or client certificates say who calls")]
    now = time.time_ns() // 1000
    try:
        with _reading(settings) as engine:
            if engine is None or missing_migration(engine) is not None:
                return []
            with engine.connect() as connection:
                keys = SqlReader(connection).api_keys_in_use(now).values()
    except (OSError, DBAPIError, SchemaError, StartError):
        # The check of the database says what is wrong with it.
        return []
    if any(key.role is Role.ADMIN for key in keys):
        return [check.ok("are required, and there is an API key of an admin")]
    return [
        check.problem(
            "are required, but no API key of an admin exists: `localdial keys create NAME --role admin "
            "--database` creates one"
        )
    ]


@contextlib.contextmanager
def _reading(settings: Settings) -> Iterator[Engine | None]:
    """Open the database for reading, even if a server uses it; yield None if it does not exist."""
    try:
        database = _opened(settings)
    except DatabaseInUse:
        engine = read_only_engine(_sqlite_file(settings))
        yield engine
        engine.dispose()
        return
    if database is None:
        yield None
        return
    try:
        yield database.engine
    finally:
        asyncio.run(database.close())


def _opened(settings: Settings) -> SqliteDatabase | PostgresDatabase | None:
    if is_postgresql(settings.database_url):
        return open_database(settings)
    # open_database would create the file, and would not distinguish a file in use from other failures.
    refuse_forgotten_state(settings)
    require_sqlite_version()
    file = _sqlite_file(settings)
    return SqliteDatabase.open(file) if file.exists() else None


def _sqlite_file(settings: Settings) -> Path:
    return Path(make_url(settings.database_url.get_secret_value()).database or "")


def _schema(check: Check, database: SqliteDatabase | PostgresDatabase | None, settings: Settings) -> Finding:
    shown = settings.shown_database_url
    if database is None:
        return check.warning(f"{shown} does not exist yet: `localdial serve` creates it")
    try:
        missing = missing_migration(database.engine)
    finally:
        asyncio.run(database.close())
    if missing is None:
        return check.ok(f"{shown} has the schema of this release")
    if is_postgresql(settings.database_url):
        return check.problem(missing)
    return check.warning(f"{missing}, or `localdial serve`")


def _files(settings: Settings) -> Finding:
    check = Check("files")
    if is_postgresql(settings.database_url):
        folder = settings.spool_directory
        files = [folder, *folder.iterdir()] if folder.is_dir() else []
    else:
        file = _sqlite_file(settings)
        files = [path for path in (file, Path(f"{file}-wal")) if path.exists()]
    exposed = [path for path in files if is_readable_by_others(path)]
    if exposed:
        paths = " ".join(shlex.quote(str(path)) for path in exposed)
        return check.warning(f"hold borrowers' numbers and can be read by other users: chmod go= {paths}")
    return check.ok("can be read by their owner only")


def _tls(settings: Settings) -> Finding:
    check = Check("certificate")
    try:
        loaded = CertificateFiles(settings).load()
    except UnusableCertificate as error:
        return check.problem(str(error))
    assert settings.tls_key is not None
    if is_readable_by_others(settings.tls_key):
        return check.warning(
            f"has a key that other users can read: chmod go= {shlex.quote(str(settings.tls_key))}"
        )
    days = (loaded.expires - dt.datetime.now(dt.UTC)).days
    text = f"expires on {loaded.expires:%Y-%m-%d}"
    return check.warning(f"{text}; renew it") if days < _RENEWAL_DAYS else check.ok(text)


def _webhook(settings: Settings) -> Finding:
    check = Check("webhook")
    if not (settings.webhook_listen or settings.webhook_public_url):
        return check.warning(
            "is not set up: Twilio cannot ask where call-backs go; your PBX must call RouteInboundCall"
        )
    try:
        raise_if_any(settings.webhook_problems)
    except SettingsError as error:
        return check.problem("; ".join(str(error).splitlines()))
    url = settings.webhook_public_url
    if not url.startswith("https://"):
        return check.warning(f"is set to {url}, without encryption: use https")
    if settings.webhook_caveat:
        return check.warning(f"is set to {url}, but {settings.webhook_caveat}")
    return check.ok(f"is set to {url}; whether Twilio reaches it was not checked: call one of your numbers")


async def _carrier(settings: Settings, report: OnFinding) -> None:
    check = Check("carrier")
    if settings.carrier == "simulator":
        report(_simulator(check, settings, len(await asyncio.to_thread(_active_numbers, settings, EXTERNAL))))
        return
    from localdial_server.admin.doctor_twilio import diagnose  # noqa: PLC0415 - loads Twilio's library

    account = twilio_account(settings)
    if account.base_url:
        report(check.warning(f"is the server at {account.base_url}, not Twilio itself"))
    async for finding in diagnose(account, await asyncio.to_thread(_active_numbers, settings, "twilio")):
        report(finding)


def _simulator(check: Check, settings: Settings, held_elsewhere: int) -> Finding:
    text = "is the simulator: its numbers cost nothing and cannot be called"
    if held_elsewhere and settings.max_purchases_per_day:
        return check.warning(
            f"{text}; beside {held_elsewhere:,} held at another carrier, set"
            " LOCALDIAL_MAX_PURCHASES_PER_DAY=0, so that nobody buys one"
        )
    return check.ok(text)
