"""A history of outbound calls of any size, generated inside the database.

Each callee was called ten times on average, at random times within 400 days, by 200
organizations with 50 users each. One more callee was called far more often.
"""

from dataclasses import dataclass

from sqlalchemy import Engine, text

from localdial_server.storage.sql.schema import outbound_calls

ORGANIZATIONS = 200
USERS = 50
CALLS_PER_CALLEE = 10
DAYS = 400

# The organizations' own numbers, which callers dial.
CALLED = "+1212555{:04}"

# The callee whom the first organization called far more often than others.
BUSY_CALLEE = "+13125550199"


@dataclass(frozen=True)
class History:
    """The number of calls, and of further calls to `BUSY_CALLEE`."""

    calls: int
    busy_calls: int = 0

    @property
    def callees(self) -> int:
        """The number of callees."""
        return self.calls // CALLS_PER_CALLEE


def organization_of(number: int) -> int:
    """Return the index of the organization that calls the callee."""
    return number % ORGANIZATIONS


def organization_id(number: int) -> str:
    """Return the ID of an organization."""
    return f"org-{number:03}"


def callee(number: int) -> str:
    """Return the phone number of a callee, in E.164."""
    return f"+1{2_000_000_000 + number * 3931}"


def fill(engine: Engine, history: History) -> None:
    """Replace the call log of a migrated PostgreSQL with the history, and create the organizations."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL synchronous_commit = off"))
        connection.execute(text("SET LOCAL maintenance_work_mem = '1GB'"))
        connection.execute(text("TRUNCATE outbound_calls"))
        for index in outbound_calls.indexes:
            index.drop(connection)
        connection.execute(_CALLS, {"calls": history.calls, "callees": history.callees})
        if history.busy_calls:
            connection.execute(_BUSY, {"calls": history.busy_calls, "callee": BUSY_CALLEE})
        for index in outbound_calls.indexes:
            index.create(connection)
        for statement in _DIRECTORY:
            connection.execute(text(statement))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


# The hash of a call's index makes its values look random. A call_id is a version 7 UUID, which
# begins with the time.
_CALL = """
    INSERT INTO outbound_calls
        (organization_id, call_id, user_id, callee_number, caller_id, reason, call_time, revision)
    SELECT
        'org-' || lpad(organization::text, 3, '0'),
        concat_ws('-', substr(id, 1, 8), substr(id, 9, 4), '7' || substr(id, 13, 3), '8' || substr(id, 16, 3),
            substr(id, 19, 12)),
        'user-' || (('x' || substr(hash, 9, 7))::bit(28)::int % {users}),
        callee, '+14155550100', 'local_presence', microseconds, 1
    FROM (
        SELECT *, lpad(to_hex(microseconds / 1000), 12, '0') || hash AS id FROM ({calls}) AS calls
    ) AS calls
"""
_AT = f"1700000000000000 + i * ({DAYS} * 86400000000 / CAST(:calls AS bigint))"

_CALLS = text(
    _CALL.format(
        users=USERS,
        calls=f"""
            SELECT hash, microseconds, callee % {ORGANIZATIONS} AS organization,
                '+1' || (2000000000 + callee * 3931) AS callee
            FROM (
                SELECT {_AT} AS microseconds, md5(i::text) AS hash,
                    ('x' || substr(md5(i::text), 1, 7))::bit(28)::bigint % :callees AS callee
                FROM generate_series(1, CAST(:calls AS bigint)) AS i
            ) AS calls
        """,
    )
)
_BUSY = text(
    _CALL.format(
        users=USERS,
        calls=f"""
            SELECT {_AT} AS microseconds, md5('busy' || i) AS hash,
                0 AS organization, CAST(:callee AS text) AS callee
            FROM generate_series(1, CAST(:calls AS bigint)) AS i
        """,
    )
)

_EACH = f"""
    (SELECT i, 'org-' || lpad(i::text, 3, '0') AS id FROM generate_series(0, {ORGANIZATIONS - 1}) AS i) AS o
"""
_DIRECTORY = (
    f"""
    INSERT INTO organizations (organization_id, display_name, organization_number)
    SELECT id, '', '+1312555' || lpad(i::text, 4, '0') FROM {_EACH}
    ON CONFLICT DO NOTHING
    """,
    f"""
    INSERT INTO revisions (organization_id, revision) SELECT id, 1 FROM {_EACH}
    ON CONFLICT DO NOTHING
    """,
    f"""
    INSERT INTO phone_number_owners (phone_number, organization_id)
    SELECT '+1212555' || lpad(i::text, 4, '0'), id FROM {_EACH}
    ON CONFLICT DO NOTHING
    """,
    f"""
    INSERT INTO users (organization_id, user_id, display_name, work_phone)
    SELECT id, 'user-' || u, '', '+14155550199' FROM {_EACH} CROSS JOIN generate_series(0, {USERS - 1}) AS u
    ON CONFLICT DO NOTHING
    """,
)
