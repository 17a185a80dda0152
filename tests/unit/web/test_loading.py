import subprocess
import sys

# Takes as long to load as everything else, and keeps the memory.
ONLY_THE_WEBHOOK_NEEDS = ("starlette", "uvicorn", "twilio.twiml")
NOT_NEEDED = ("twilio.rest", "requests", "aiohttp")


def loaded(module: str) -> set[str]:
    code = f"import sys, {module}; print(*sys.modules)"
    return set(subprocess.check_output([sys.executable, "-c", code], text=True, timeout=60).split())


def test_a_server_without_a_webhook_does_not_load_its_libraries() -> None:
    assert loaded("localdial_server.runtime.serve").isdisjoint(ONLY_THE_WEBHOOK_NEEDS)


def test_the_webhook_loads_neither_twilios_client_nor_a_database() -> None:
    names = loaded("localdial_server.web.webhook.standalone")
    assert names.issuperset(ONLY_THE_WEBHOOK_NEEDS)
    assert names.isdisjoint({*NOT_NEEDED, "sqlalchemy", "psycopg", "localdial_server.app"})
