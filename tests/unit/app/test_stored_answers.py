"""Stored answers are read as they were, also those of another release, and those that Pydantic wrote."""

import dataclasses
import json

import pytest
from pydantic import TypeAdapter

from localdial_server.app.failures import NumberFailure, PublicError
from localdial_server.app.numbers.delete import DeleteAnswer
from localdial_server.app.numbers.purchase import PurchaseAnswer
from localdial_server.app.stored_answers import from_json, to_json
from localdial_server.domain.errors import Reason
from localdial_server.domain.model import Number, NumberState

NUMBER = Number(
    "acme",
    "+14155550100",
    "415",
    NumberState.ACTIVE,
    "simulator",
    "our-reference",
    1_700_000_000_000_000,
    mapped_area_codes=("212", "310"),
    locality='Saint-Léonard "Est"',
)
ERROR = PublicError(Reason.NUMBER_NOT_ACTIVE, 'it\'s "kept"', {"state": "ACTIVE"}, 2.5)


@pytest.mark.parametrize(
    "answer",
    [
        PurchaseAnswer((NUMBER, dataclasses.replace(NUMBER, area_code=None)), 2, 3, ERROR),
        PurchaseAnswer((), 0, 0),
        DeleteAnswer((NUMBER,), (NumberFailure("+1", ERROR), NumberFailure("+2", ERROR)), 7),
    ],
)
def test_an_answer_is_written_as_by_pydantic_and_read_as_it_was(
    answer: PurchaseAnswer | DeleteAnswer,
) -> None:
    text = TypeAdapter(type(answer)).dump_json(answer).decode("utf-8")
    assert to_json(answer) == text
    assert from_json(type(answer), text) == answer


def test_an_answer_of_another_release_may_have_other_fields() -> None:
    written = {
        "numbers": [{**json.loads(to_json(NUMBER)), "later": [1]}],
        "unfilled_count": 1,
        "revision": 5,
        "newer": {"and": "unknown"},
    }
    del written["numbers"][0]["locality"]  # type: ignore[index]
    expected = PurchaseAnswer((dataclasses.replace(NUMBER, locality=""),), 1, 5)
    assert from_json(PurchaseAnswer, json.dumps(written)) == expected
