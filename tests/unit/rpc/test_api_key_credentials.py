"""API keys as credentials: which are accepted, for how long, and what the answer gives away."""

import statistics
import time
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from localdial_server.app.ports.api_keys import ApiKeysInUse
from localdial_server.domain.api_keys import ApiKey, NewKey, hash_of, key_id_of, new_key
from localdial_server.domain.errors import ServiceError, StorageUnavailable
from localdial_server.domain.principals import ANONYMOUS, Principal, Role
from localdial_server.rpc.api_key_credentials import ApiKeyCredentials
from localdial_server.rpc.authentication import Unauthenticated
from localdial_server.rpc.credentials import Credentials

HOUR = 3600 * 1_000_000
NOW = 500_000 * HOUR + 7


class Keys(ApiKeysInUse):
    """The keys in use, set by the tests. `uses` are those that were noted."""

    def __init__(self, *keys: ApiKey) -> None:
        self.keys: Mapping[str, ApiKey] = {key.key_id: key for key in keys}
        self.usable_until = float("inf")
        self.uses: list[tuple[str, int]] = []

    def replace(self, *keys: ApiKey) -> None:
        self.keys = {key.key_id: key for key in keys}

    async def advance(self) -> None:
        raise AssertionError

    def note_use(self, key_id: str, now: int) -> None:
        self.uses.append((key_id, now))


class Clocks:
    """Both clocks, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def wall(self) -> int:
        return NOW + int(self.seconds * 1_000_000)


def stored(key: NewKey, **fields: Any) -> ApiKey:
    given = {"role": Role.DIALER, "organization_id": "acme", "display_name": "dialer", "create_time": 1}
    return ApiKey(key_id=key.key_id, secret_hash=hash_of(key.text), **{**given, **fields})


def credentials(keys: Keys, clocks: Clocks | None = None, *, required: bool = True) -> Credentials:
    clocks = clocks or Clocks()
    api_keys = ApiKeyCredentials(keys, now=clocks.monotonic, wall_clock=clocks.wall)
    return Credentials(api_keys, required=required)


async def authenticate(chain: Credentials, *headers: str) -> Principal:
    metadata = [("user-agent", "test"), *(("authorization", header) for header in headers)]
    return await chain.authenticate(SimpleNamespace(invocation_metadata=lambda: metadata))


async def is_accepted(chain: Credentials, key: NewKey) -> bool:
    try:
        await authenticate(chain, f"Bearer {key.text}")
    except Unauthenticated:
        return False
    return True


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_key_is_accepted_as_its_principal_whatever_the_case_of_the_scheme(scheme: str) -> None:
    key = new_key()
    chain = credentials(Keys(stored(key)))
    for _ in range(2):
        principal = await authenticate(chain, f"{scheme} {key.text}")
        assert principal == Principal(f"key:{key.key_id}", Role.DIALER, "acme")


@pytest.mark.parametrize("required", [True, False])
async def test_a_call_without_credentials_is_refused_where_they_are_required_and_else_an_admins(
    required: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    chain = credentials(Keys(), required=required)
    if required:
        with pytest.raises(Unauthenticated):
            await authenticate(chain)
    else:
        assert await authenticate(chain) == ANONYMOUS


# The same in every process that collects the tests.
GOOD = NewKey("abcdefghij12", f"ldk_abcdefghij12_{'aB3' * 14}x")
KEY_ID, SECRET = GOOD.key_id, GOOD.text[-43:]


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        GOOD.text,
        f"Basic {GOOD.text}",
        f"Bearer{GOOD.text}",
        f"Bearer  {GOOD.text}",
        f"Bearer\t{GOOD.text}",
        f" Bearer {GOOD.text}",
        f"Bearer {GOOD.text} ",
        f"Bearer {GOOD.text}\n",
        f"Bearer {GOOD.text},Bearer {GOOD.text}",
        f"Bearer {GOOD.text.upper()}",
        f"Bearer {GOOD.text[:-1]}",
        f"Bearer {GOOD.text}A",
        f"Bearer {GOOD.text}é",
        f"Bearer ldk_{KEY_ID}",
        f"Bearer ldk_{KEY_ID}_",
        f"Bearer ldk__{SECRET}",
        f"Bearer ldk_{KEY_ID[:-1]}_{SECRET}",
        f"Bearer ldk_{KEY_ID}{SECRET}",
        f"Bearer ldk_{SECRET}_{KEY_ID}",
        f"Bearer LDK_{KEY_ID}_{SECRET}",
        f"Bearer ldk_{KEY_ID.upper()}_{SECRET}",
        f"Bearer ldk_{KEY_ID}_{SECRET[:-1]}é",
        f"Bearer ldk_{KEY_ID}_{SECRET[:-1]}\N{FULLWIDTH DIGIT ONE}",
        f"Bearer ldk_{KEY_ID}_{'A' * 8000}",
        f"Bearer {hash_of(GOOD.text)}",
        f"Bearer ldk_{KEY_ID}_{hash_of(GOOD.text)[:43]}",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
    ],
)
@pytest.mark.parametrize("required", [True, False])
async def test_a_malformed_credential_is_refused_even_where_none_is_required(
    header: str,
    required: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    chain = credentials(Keys(stored(GOOD)), required=required)
    with pytest.raises(Unauthenticated):
        await authenticate(chain, header)
    assert await is_accepted(chain, GOOD)
    with pytest.raises(Unauthenticated):
        await authenticate(chain, header)


async def test_two_credentials_in_one_call_are_refused() -> None:
    chain = credentials(Keys(stored(GOOD)))
    with pytest.raises(Unauthenticated):
        await authenticate(chain, f"Bearer {GOOD.text}", f"Bearer {GOOD.text}")


async def test_the_refusal_says_nothing_of_what_was_wrong() -> None:
    expired = stored(new_key(), expire_time=NOW)
    keys = Keys(stored(GOOD), expired)
    attempts = [
        f"Bearer {new_key().text}",
        f"Bearer {new_key(KEY_ID).text}",
        f"Bearer {new_key(expired.key_id).text}",
        "Bearer nonsense",
        "",
    ]
    refusals = set()
    for header in attempts:
        with pytest.raises(Unauthenticated) as refused:
            await authenticate(credentials(keys), header)
        refusals.add((refused.value.message, tuple(refused.value.metadata)))
    assert len(refusals) == 1


async def test_a_key_is_accepted_until_it_expires() -> None:
    clocks = Clocks()
    chain = credentials(Keys(stored(GOOD, expire_time=NOW + 10_000_000)), clocks)
    assert await is_accepted(chain, GOOD)
    clocks.seconds = 9.9
    assert await is_accepted(chain, GOOD)
    clocks.seconds = 10.0
    assert not await is_accepted(chain, GOOD)


async def test_a_key_is_refused_as_soon_as_it_is_no_longer_in_use() -> None:
    keys = Keys(stored(GOOD))
    chain = credentials(keys)
    assert await is_accepted(chain, GOOD)
    keys.replace()
    assert not await is_accepted(chain, GOOD)
    keys.replace(stored(GOOD))
    assert await is_accepted(chain, GOOD)
    keys.replace(stored(GOOD, revoke_time=NOW))
    assert not await is_accepted(chain, GOOD)


async def test_a_key_gets_the_role_that_it_has_now() -> None:
    keys = Keys(stored(GOOD))
    chain = credentials(keys)
    await authenticate(chain, f"Bearer {GOOD.text}")
    keys.replace(stored(GOOD, role=Role.VIEWER))
    assert (await authenticate(chain, f"Bearer {GOOD.text}")).role == Role.VIEWER


async def test_a_rotated_key_is_accepted_with_both_secrets_for_a_while_and_a_third_ends_the_first() -> None:
    clocks = Clocks()
    first, second, third = GOOD, new_key(KEY_ID), new_key(KEY_ID)
    rotated = stored(first).rotated(hash_of(second.text), NOW, NOW + 60_000_000)
    keys = Keys(rotated)
    chain = credentials(keys, clocks)
    assert [await is_accepted(chain, key) for key in (first, second, third)] == [True, True, False]
    clocks.seconds = 59.9
    assert [await is_accepted(chain, key) for key in (first, second)] == [True, True]
    clocks.seconds = 60.0
    assert [await is_accepted(chain, key) for key in (first, second)] == [False, True]
    clocks.seconds = 0.0
    keys.replace(rotated.rotated(hash_of(third.text), NOW, NOW + 60_000_000))
    assert [await is_accepted(chain, key) for key in (first, second, third)] == [False, True, True]


async def test_a_former_secret_does_not_outlive_its_key() -> None:
    clocks = Clocks()
    second = new_key(KEY_ID)
    key = stored(GOOD, expire_time=NOW + 5_000_000).rotated(hash_of(second.text), NOW, NOW + 60_000_000)
    chain = credentials(Keys(key), clocks)
    assert [await is_accepted(chain, each) for each in (GOOD, second)] == [True, True]
    clocks.seconds = 5.0
    assert [await is_accepted(chain, each) for each in (GOOD, second)] == [False, False]


async def test_while_the_keys_cannot_be_known_the_database_is_said_to_be_unavailable() -> None:
    clocks, keys = Clocks(), Keys(stored(GOOD))
    chain = credentials(keys, clocks)
    keys.usable_until = 10.0
    assert await is_accepted(chain, GOOD)
    clocks.seconds = 9.9
    assert await is_accepted(chain, GOOD)
    clocks.seconds = 10.0
    for key in GOOD, new_key():
        with pytest.raises(StorageUnavailable):
            await authenticate(chain, f"Bearer {key.text}")
    keys.usable_until = 20.0
    assert await is_accepted(chain, GOOD)


async def test_a_use_is_noted_once_an_hour_and_a_refusal_never() -> None:
    clocks, keys = Clocks(), Keys(stored(GOOD))
    chain = credentials(keys, clocks)
    for seconds in 0.0, 1.0, 3599.0, 3600.0, 3601.0:
        clocks.seconds = seconds
        assert await is_accepted(chain, GOOD)
        assert not await is_accepted(chain, new_key(KEY_ID))
    assert [use // HOUR for _, use in keys.uses] == [NOW // HOUR, NOW // HOUR + 1]


async def test_checked_keys_take_no_more_than_a_bounded_memory() -> None:
    made = [new_key() for _ in range(20)]
    chain = credentials(Keys(*(stored(key) for key in made)))
    kept = chain._api_keys._kept
    for key in made:
        assert await is_accepted(chain, key)
    assert len(kept) == len(made)
    for _ in range(50):
        assert not await is_accepted(chain, new_key())
    assert len(kept) == len(made)


def _median(api_keys: ApiKeyCredentials, attempts: Sequence[str]) -> float:
    taken = []
    for text in attempts:
        begin = time.perf_counter_ns()
        with pytest.raises(ServiceError):
            api_keys.principal_of(text)
        taken.append(time.perf_counter_ns() - begin)
    return statistics.median(taken)


def test_an_unknown_key_id_takes_as_long_as_a_wrong_secret() -> None:
    known = stored(GOOD, former_hash=hash_of(new_key().text), former_expire_time=NOW)
    api_keys = ApiKeyCredentials(Keys(known, *(stored(new_key()) for _ in range(1000))))
    rounds = 5
    ratios = []
    for _ in range(rounds):
        unknown = _median(api_keys, [new_key().text for _ in range(1000)])
        wrong = _median(api_keys, [new_key(KEY_ID).text for _ in range(1000)])
        ratios.append(unknown / wrong)
    assert 0.8 < statistics.median(ratios) < 1.25, ratios


def test_a_new_key_has_the_shape_that_secret_scanners_look_for() -> None:
    made = [new_key() for _ in range(100)]
    assert len({key.text for key in made}) == len({key.key_id for key in made}) == len(made)
    for key in made:
        assert key_id_of(key.text) == key.key_id
        assert len(key.text) == 60
        assert len(hash_of(key.text)) == 64
