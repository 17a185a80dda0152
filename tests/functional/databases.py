"""Runs commands on databases without a server, and reads the databases."""

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine, select
from typer.testing import CliRunner, Result

from localdial_server.cli.app import app
from localdial_server.storage.engines.postgres import PostgresDatabase
from localdial_server.storage.engines.sqlite import SqliteDatabase
from localdial_server.storage.sql.schema import metadata

NewDatabase = Callable[..., str]


def in_engine(url: str, work: Callable[[Engine], Any]) -> Any:
    database: SqliteDatabase | PostgresDatabase
    if url.startswith("sqlite"):
        database = SqliteDatabase.open(Path(url.removeprefix("sqlite:///")))
    else:
        database = PostgresDatabase.open(url, timeout=10)
    try:
        return work(database.engine)
    finally:
        asyncio.run(database.close())


def contents(url: str) -> Mapping[str, list[Any]]:
    def work(engine: Engine) -> Mapping[str, list[Any]]:
        with engine.begin() as connection:
            return {
                table.name: [tuple(row) for row in connection.execute(select(table))]
                for table in metadata.sorted_tables
            }

    return cast(Mapping[str, list[Any]], in_engine(url, work))


def run_on(url: str, *arguments: str) -> Result:
    """Run a command on the database in this process, which is faster than starting one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCALDIAL_DATABASE_URL", url)
        result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)
