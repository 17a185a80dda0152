"""How one of several numbers is chosen for a callee."""

from collections import Counter
from collections.abc import Sequence

import pytest

from localdial_server.domain.rendezvous import Candidate, candidate, choose_number

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
CALLEES = [f"+1{area_code}555{line:04}" for area_code in ("415", "628") for line in range(10_000)]

# Chi-square with 1, 5 and 6 degrees of freedom. A fair hash exceeds these once in a thousand times.
CHI_SQUARE_BOUND = {1: 10.83, 5: 20.52, 6: 22.46}


def candidates(numbers: Sequence[str]) -> tuple[Candidate, ...]:
    return tuple(map(candidate, numbers))


def choices(numbers: Sequence[str], callees: Sequence[str] = CALLEES) -> dict[str, str]:
    among = candidates(numbers)
    chosen = {callee: choose_number(among, callee) for callee in callees}
    return {callee: number for callee, number in chosen.items() if number is not None}


def chi_square(counts: Counter[str], numbers: Sequence[str]) -> float:
    expected = counts.total() / len(numbers)
    return sum((counts[number] - expected) ** 2 / expected for number in numbers)


@pytest.mark.parametrize("numbers", [CONSECUTIVE, SCATTERED, CONSECUTIVE[:2], SCATTERED[:2]])
def test_callees_are_spread_evenly_over_the_numbers(numbers: list[str]) -> None:
    counts = Counter(choices(numbers).values())
    assert counts.total() == len(CALLEES) == 20_000
    assert chi_square(counts, numbers) < CHI_SQUARE_BOUND[len(numbers) - 1]


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


def test_the_order_of_the_numbers_does_not_matter() -> None:
    callees = CALLEES[:500]
    assert choices(CONSECUTIVE, callees) == choices(CONSECUTIVE[::-1], callees)
    assert choices(SCATTERED, callees) == choices(sorted(SCATTERED, key=lambda number: number[::-1]), callees)


def test_the_order_of_numbers_with_the_same_hash_does_not_matter() -> None:
    # Two phone numbers with the same hash are very rare, but the choice must still be the same.
    twins = [("+14155550100", 1), ("+14155550101", 1)]
    assert choose_number(twins, "+14155550172") == choose_number(twins[::-1], "+14155550172")


@pytest.mark.parametrize(
    ("callee", "consecutive", "scattered"),
    [
        ("+14155550172", "+14155550101", "+442079460000"),
        ("+14155550173", "+14155550101", "+15105550199"),
        ("+15105550172", "+14155550102", "+12125550100"),
        ("+16285550172", "+14155550104", "+16285552000"),
        ("+19255551234", "+14155550100", "+13105550142"),
        ("+442083660177", "+14155550101", "+16285552000"),
    ],
)
def test_the_choice_is_the_same_in_every_release(callee: str, consecutive: str, scattered: str) -> None:
    # Servers of two releases run side by side, and a callee knows the number from
    # the calls before: another hash would show most callees another number.
    assert choose_number(candidates(CONSECUTIVE), callee) == consecutive
    assert choose_number(candidates(SCATTERED), callee) == scattered


def test_the_hash_is_the_same_in_every_release() -> None:
    assert candidate("+14155550100") == ("+14155550100", 0x74F21C74DB99EDF7)


def test_a_callee_that_is_one_of_the_numbers_sees_the_choice_among_the_others() -> None:
    for callee in CONSECUTIVE:
        rest = [each for each in CONSECUTIVE if each != callee]
        assert choose_number(candidates(CONSECUTIVE), callee) == choose_number(candidates(rest), callee)


@pytest.mark.parametrize("callee", ["+14155550172", "+14155550100"])
def test_if_the_only_number_is_the_callees_own_none_is_chosen(callee: str) -> None:
    assert choose_number((), callee) is None
    assert choose_number(candidates([callee]), callee) is None
    assert choose_number([*candidates([callee]), *candidates([callee])], callee) is None


def test_a_callee_sees_the_same_number_in_any_spelling_and_never_its_own() -> None:
    spellings = "+541123456789", "+5491123456789", "+54111523456789"
    numbers = [*CONSECUTIVE, spellings[1]]
    (chosen,) = {choose_number(candidates(numbers), callee) for callee in spellings}
    assert chosen == choose_number(candidates(CONSECUTIVE), spellings[0])
    assert {choose_number(candidates([spellings[1]]), callee) for callee in spellings} == {None}
