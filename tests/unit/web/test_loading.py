import subprocess
import sys

# Takes as long to load as the rest, and memory for good.
NEEDED_BY_THE_WEBHOOK_ALONE = ("starlette", "uvicorn", "twilio.twiml")
NEEDED_BY_NOBODY_HERE = ("twilio.rest", "requests", "aiohttp")


def loaded(module: str) -> set[str]:
    code = f"import sys, {module}; print(*sys.modules)"
    return set(subprocess.check_output([sys.executable, "-c", code], text=True, timeout=60).split())


def test_a_server_without_a_webhook_loads_nothing_of_it() -> None:
    assert loaded("localdial_server.runtime.serve").isdisjoint(NEEDED_BY_THE_WEBHOOK_ALONE)


def test_the_webhook_loads_neither_twilios_client_nor_a_database() -> None:
    names = loaded("localdial_server.web.webhook.standalone")
    assert names.issuperset(NEEDED_BY_THE_WEBHOOK_ALONE)
    assert names.isdisjoint({*NEEDED_BY_NOBODY_HERE, "sqlalchemy", "psycopg", "localdial_server.app"})
