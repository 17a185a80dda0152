"""How one of several numbers is chosen for a callee."""

import json
import re
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdial_server.domain.choice import (
    NO_CANDIDATES,
    Candidates,
    candidates_of,
    choose_number,
    hash_number,
    rank_numbers,
)
from localdial_server.domain.phone_keys import phone_key

DOCS = Path(__file__).parents[3] / "docs"

# Numbers as they are bought, which differ only in the last digits.
CONSECUTIVE = [f"+1415555010{line}" for line in range(7)]
# Numbers as they are mapped, from several places.
SCATTERED = [
    "+12125550100",
    "+13105550142",
    "+14155550100",
    "+15105550199",
    "+16285552000",
    "+442079460000",
    "+493023125007",
]
# So many that most callees have numbers near them.
MANY = [f"+1628{2_000_000 + index}" for index in range(300)]
CALLEES = [f"+1{area_code}555{line:04}" for area_code in ("415", "628") for line in range(10_000)]

# Chi-square with 1, 5 and 6 degrees of freedom. A fair hash exceeds these once in a thousand times.
CHI_SQUARE_BOUND = {1: 10.83, 5: 20.52, 6: 22.46}

# From a small range, so that callees are often numbers of the set.
phone_numbers = st.one_of(
    st.integers(0, 3_000).map(lambda line: f"+1415555{line:04}"),
    st.integers(0, 30).map(lambda line: f"+54911234567{line:02}"),
)
callees = st.one_of(
    phone_numbers,
    st.integers(0, 30).map(lambda line: f"+5411234567{line:02}"),
    st.integers(2_000_000, 9_999_999).map(lambda line: f"+1628{line}"),
)
number_sets = st.one_of(
    st.sets(phone_numbers, max_size=12), st.sets(phone_numbers, min_size=50, max_size=300)
)


def candidates(numbers: Sequence[str]) -> Candidates:
    return candidates_of({number: hash_number(number) for number in numbers})


def choices(numbers: Sequence[str], callees: Sequence[str] = CALLEES) -> dict[str, str]:
    among = candidates(numbers)
    chosen = {callee: choose_number(among, callee) for callee in callees}
    return {callee: number for callee, number in chosen.items() if number is not None}


def chi_square(counts: Counter[str], numbers: Sequence[str]) -> float:
    expected = counts.total() / len(numbers)
    return sum((counts[number] - expected) ** 2 / expected for number in numbers)


def program_of_the_page() -> Callable[..., str | None]:
    """Return the function `choose` of the page that defines the choice."""
    (program,) = re.findall(r"```python\n(.+?)```", (DOCS / "choice.md").read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(program, names)
    choose: Callable[..., str | None] = names["choose"]
    return choose


choose_by_definition = program_of_the_page()

VECTORS = json.loads((DOCS / "choice-vectors.json").read_text("utf-8"))


# The definition.


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_choice_is_the_one_of_the_test_vectors_in_every_release(vector: dict[str, Any]) -> None:
    # Servers of two releases run side by side, and a callee knows the number from
    # the calls before: another hash would show most callees another number.
    among = candidates(vector["numbers"])
    assert {callee: choose_number(among, callee) for callee in vector["choices"]} == vector["choices"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_program_of_the_page_makes_the_choices_of_the_test_vectors(vector: dict[str, Any]) -> None:
    chosen = {
        callee: choose_by_definition(vector["numbers"], callee, phone_key) for callee in vector["choices"]
    }
    assert chosen == vector["choices"]


@given(number_sets, callees)
def test_the_choice_follows_the_definition(numbers: set[str], callee: str) -> None:
    among = candidates(list(numbers)) if numbers else NO_CANDIDATES
    assert choose_number(among, callee) == choose_by_definition(numbers, callee, phone_key)


@pytest.mark.parametrize("numbers", [SCATTERED, SCATTERED[::-1]])
def test_of_numbers_with_the_same_weight_the_later_one_is_chosen(numbers: list[str]) -> None:
    among = candidates_of(dict.fromkeys(numbers, hash_number("+14155550100")))
    assert {choose_number(among, callee) for callee in CALLEES[:1_000]} == {max(numbers)}
    assert choose_number(among, max(numbers)) == sorted(numbers)[-2]


@given(number_sets, callees, st.integers(1, 400))
def test_a_rank_is_the_order_of_choices_if_each_chosen_number_were_deleted(
    numbers: set[str], callee: str, limit: int
) -> None:
    left, order = sorted(numbers), []
    while chosen := choose_number(candidates(left) if left else NO_CANDIDATES, callee):
        order.append(chosen)
        left.remove(chosen)
    among = candidates(sorted(numbers)) if numbers else NO_CANDIDATES
    assert list(rank_numbers(among, callee, limit)) == order[:limit]


# Which callees move.


@given(st.sets(phone_numbers, min_size=2, max_size=300), st.lists(callees, max_size=20), st.data())
def test_a_deletion_moves_only_the_callees_of_the_number(
    numbers: set[str], callees: list[str], data: st.DataObject
) -> None:
    # The same, read backwards, is an addition, which moves callees only to the number.
    gone = data.draw(st.sampled_from(sorted(numbers)))
    before, after = candidates(sorted(numbers)), candidates(sorted(numbers - {gone}))
    for callee in callees:
        chosen = choose_number(before, callee)
        if chosen != gone:
            assert choose_number(after, callee) == chosen


def test_callees_move_only_to_numbers_that_are_added_one_by_one() -> None:
    # From one number to many: past the sizes at which other callees begin to have numbers near them.
    callees = CALLEES[:1_000]
    sets = [MANY[:count] for count in (*range(1, 20), *range(20, len(MANY), 9))]
    for fewer, more in pairwise(sets):
        added = set(more) - set(fewer)
        before, after = choices(fewer, callees), choices(more, callees)
        moved = {callee for callee in callees if after[callee] != before[callee]}
        assert {after[callee] for callee in moved} <= added


@pytest.mark.parametrize("numbers", [CONSECUTIVE, SCATTERED])
def test_when_a_number_is_removed_only_its_callees_move_and_they_are_spread_evenly(
    numbers: list[str],
) -> None:
    before = choices(numbers)
    for gone in numbers:
        rest = [each for each in numbers if each != gone]
        after = choices(rest)
        assert {callee for callee in CALLEES if after[callee] != before[callee]} == {
            callee for callee in CALLEES if before[callee] == gone
        }
        heirs = Counter(after[callee] for callee in CALLEES if before[callee] == gone)
        assert chi_square(heirs, rest) < CHI_SQUARE_BOUND[len(rest) - 1]


# How callees are spread.


@pytest.mark.parametrize("numbers", [CONSECUTIVE, SCATTERED, CONSECUTIVE[:2], SCATTERED[:2]])
def test_callees_are_spread_evenly_over_the_numbers(numbers: list[str]) -> None:
    counts = Counter(choices(numbers).values())
    assert counts.total() == len(CALLEES) == 20_000
    assert chi_square(counts, numbers) < CHI_SQUARE_BOUND[len(numbers) - 1]


@pytest.mark.parametrize("count", [50, 100, 300])
def test_callees_are_spread_evenly_over_many_numbers(count: int) -> None:
    numbers = MANY[:count]
    counts = Counter(choices(numbers).values())
    mean = len(CALLEES) / count
    # Dice would give the root of the mean. The numbers' own shares differ by 2 to 4 percent besides.
    bound = (mean + (0.06 * mean) ** 2) ** 0.5
    assert statistics.pstdev(counts[number] for number in numbers) < 1.15 * bound
    assert set(counts) == set(numbers)


# The order of the numbers.


@given(number_sets.filter(bool), callees, st.randoms(use_true_random=False))
def test_the_order_of_the_numbers_does_not_matter(numbers: set[str], callee: str, random: Any) -> None:
    shuffled = sorted(numbers)
    random.shuffle(shuffled)
    assert choose_number(candidates(shuffled), callee) == choose_number(candidates(sorted(numbers)), callee)


def test_the_order_of_numbers_with_the_same_hash_does_not_matter() -> None:
    # Two phone numbers with the same hash are very rare, but the choice must still be the same.
    twins = ["+14155550100", "+14155550101"]
    same = hash_number(twins[0])
    for numbers in (twins, twins[::-1]):
        assert choose_number(candidates_of(dict.fromkeys(numbers, same)), "+14155550172") == twins[1]


# The callee's own number.


@pytest.mark.parametrize("numbers", [CONSECUTIVE, MANY])
def test_a_callee_that_is_one_of_the_numbers_sees_the_choice_among_the_others(numbers: list[str]) -> None:
    for callee in numbers:
        rest = [each for each in numbers if each != callee]
        assert choose_number(candidates(numbers), callee) == choose_number(candidates(rest), callee)


def test_if_the_only_number_is_the_callees_own_none_is_chosen() -> None:
    assert choose_number(NO_CANDIDATES, "+14155550172") is None
    assert choose_number(candidates(["+14155550172"]), "+14155550172") is None
    assert choose_number(candidates(["+541123456789", "+5491123456789"]), "+54111523456789") is None


def test_a_callee_sees_the_same_number_in_any_spelling_and_never_its_own() -> None:
    spellings = "+541123456789", "+5491123456789", "+54111523456789"
    numbers = [*CONSECUTIVE, spellings[1]]
    (chosen,) = {choose_number(candidates(numbers), callee) for callee in spellings}
    assert chosen == choose_number(candidates(CONSECUTIVE), spellings[0])
    assert {choose_number(candidates([spellings[1]]), callee) for callee in spellings} == {None}
