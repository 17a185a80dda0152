"""The promises of the ports about text: any text comes back unchanged."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import DataError

from localdial_server.app.ports.store import CallQuery, Reader, Store
from localdial_server.domain.model import Organization
from tests.conformance.store_backend import Home, StoreFixtures
from tests.conformance.store_records import (
    CALLEE,
    A,
    append,
    call,
    create,
    last_call_to,
    number,
    own,
    request,
    user,
)

_TEXTS = {
    "empty": "",
    "quotes": 'O\'Brien "Bob" `Bo`',
    "SQL": "'; DROP TABLE users; --",
    "placeholders": "100 %, %s %(id)s :id ? $1",
    "backslashes": "C:\\new\\",
    "an array": '{a,"b",NULL,\\"}',
    "a word of SQL": "NULL",
    "spaces around": "  Bob ",
    "accents": "Zoë Groß-Ångström",
    "decomposed": "Zoe\u0308",
    "other scripts": "Борис 李小龍 محمد",
    "beyond 16 bits": "👩\u200d🚀📞 𐍈",
    "of full length": "\U0001f4de" * 200,
}

# Some collations take these for equal, and some databases trim them.
_ALIKE = ["a", "A", "á", "a\u0301", "ä", "a ", " a", "①", "1", "a\u200b", "ss", "ß", "SS"]

# The contract refuses such values; a bug of ours might let one through.
_UNFIT = {"a NUL": "Bob\0Alice", "too long": "B" * 300}


class StoreTextSuite(StoreFixtures):
    """Every store: text."""

    @pytest.mark.parametrize("text", _TEXTS.values(), ids=_TEXTS)
    async def test_a_name_comes_back_as_it_was(self, store: Store, text: str) -> None:
        organization, someone = Organization(A, text), user("1", display_name=text)
        await store.write("test", create(organization))
        await store.write("test", lambda transaction: transaction.put_users([someone]))

        def read(reader: Reader) -> tuple[object, ...]:
            return reader.organization(A), reader.user(A, "1"), *reader.users(A, "", 9)

        assert await store.read("test", read) == (organization, someone, someone)

    @pytest.mark.parametrize("text", _TEXTS.values(), ids=_TEXTS)
    async def test_a_call_comes_back_as_it_was(self, home: Home, text: str) -> None:
        # Among others, since several calls are inserted together.
        text = text[:127]
        calls = [call("1", 1), call(f"{text}2", 2, user_id=text), call("3", 3)]
        assert await append(home.log(), calls) == calls
        assert await append(home.log(), calls) == calls
        assert await home.store.read("test", lambda reader: reader.call(A, f"{text}2")) == calls[1]

    async def test_ids_that_differ_slightly_are_different(self, home: Home) -> None:
        await home.store.write("test", create(*_ALIKE))
        await home.store.write("test", lambda tx: tx.put_users([user(each, "a") for each in _ALIKE]))
        await home.store.write("test", lambda tx: [tx.add_request(request(each, "a")) for each in _ALIKE])
        calls = [call(each, organization_id="a") for each in _ALIKE]
        await home.record(*calls)

        def read(reader: Reader, each: str) -> tuple[object, ...]:
            found = reader.organization(each), reader.user("a", each), reader.request("a", each)
            return *found, reader.call("a", each)

        for each, its_call in zip(_ALIKE, calls, strict=True):
            found = await home.store.read("test", lambda reader, each=each: read(reader, each))
            assert found == (Organization(each), user(each, "a"), request(each, "a"), its_call)
        assert await home.store.read("test", lambda reader: reader.count_users("a")) == len(_ALIKE)

    async def test_ids_may_have_their_full_length(self, home: Home) -> None:
        long, longer = "!" * 127 + "a", "!" * 127 + "b"
        await home.store.write("test", create(long, longer))
        await home.store.write("test", lambda tx: tx.put_users([user(longer, long)]))
        its_call = call(longer, organization_id=long, user_id=longer)
        await home.record(its_call)
        assert await home.store.read("test", lambda reader: reader.users(long, long, 9)) == [
            user(longer, long)
        ]
        assert await home.store.read("test", lambda reader: last_call_to(reader, long, CALLEE)) == its_call

    async def test_the_carriers_fields_of_a_number_come_back_as_they_were(self, store: Store) -> None:
        await store.write("test", create(A))
        said = replace(
            number("+14155550100"),
            carrier_number_id="PN'%s\\",
            locality="Cañon City, “South”",
            region="CO",
            purchase_time=2**62,
        )
        await store.write("test", own(said))
        assert await store.read("test", lambda reader: reader.number(A, "+14155550100")) == said

    async def test_an_answer_may_be_long(self, store: Store) -> None:
        answer = '{"é\\": ' * 100_000
        await store.write("test", create(A))
        await store.write("test", lambda tx: tx.add_request(replace(request("r"), arguments=answer)))
        await store.write("test", lambda tx: tx.set_answer(A, "r", answer))
        stored = await store.read("test", lambda reader: reader.request(A, "r"))
        assert stored is not None
        assert (stored.arguments, stored.answer) == (answer, answer)

    @pytest.mark.parametrize("text", _UNFIT.values(), ids=_UNFIT)
    async def test_a_name_that_is_too_long_is_refused_or_kept_but_never_cut(
        self, store: Store, text: str
    ) -> None:
        await store.write("test", create(A))
        unfit, fit = user("1", display_name=text), user("2")
        try:
            await store.write("test", lambda transaction: transaction.put_users([unfit]))
            kept = [unfit]
        except DataError:
            kept = []
        await store.write("test", lambda transaction: transaction.put_users([fit]))
        assert await store.read("test", lambda reader: reader.users(A, "", 9)) == [*kept, fit]

    @pytest.mark.parametrize("text", _UNFIT.values(), ids=_UNFIT)
    async def test_a_call_that_is_too_long_is_refused_or_kept_but_never_cut(
        self, home: Home, text: str
    ) -> None:
        unfit, fit = call("1", 1, user_id=text), call("2", 2)
        try:
            await home.record(unfit)
            kept = [unfit]
        except DataError:
            kept = []
        await home.record(fit)
        assert await home.store.read("test", lambda reader: reader.calls(CallQuery(A), None, 9)) == [
            fit,
            *kept,
        ]
