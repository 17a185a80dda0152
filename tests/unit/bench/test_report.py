"""The tables of a benchmark."""

from collections.abc import Sequence

from tests.bench.h2load import Figures
from tests.bench.journal import Round
from tests.bench.measure import SHARES_OF_PEAK, peak
from tests.bench.report import Results, closed_table, open_table
from tests.bench.subjects import OPEN_CALLS, RIVAL, SUBJECTS, Subject, Work, no_op_of

OURS = next(
    each for each in SUBJECTS if each.family == "localdial on PostgreSQL" and each.work is Work.RECORD
)
NO_OP = no_op_of(OURS)


def rounds(loads: Sequence[int], rates: dict[Subject, Sequence[float]]) -> list[Round]:
    """Return rounds with these rates under every load, and a latency of 1000 / rate."""
    return [
        {
            subject.name: {str(load): Figures(1, rate, *[1000 / rate] * 4, failed=0) for load in loads}
            for subject, rate in zip(rates, of_round, strict=True)
        }
        for of_round in zip(*rates.values(), strict=True)
    ]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_no_op_of_both_databases_is_the_one_of_their_front() -> None:
    families = {each.family: no_op_of(each).name for each in SUBJECTS}
    assert families == {
        "Go": "Go, no-op",
        "Node": "Node, no-op",
        "localdial": "localdial, no-op",
        "localdial on PostgreSQL": "localdial, no-op",
        "localdial on SQLite": "localdial, no-op",
        "fast front": "fast front, no-op",
        "fast front on PostgreSQL": "fast front, no-op",
        "fast front on SQLite": "fast front, no-op",
    }


def test_a_ratio_is_the_median_of_the_ratios_of_each_round() -> None:
    # The machine was twice as slow in the second round, which changes no ratio.
    taken = rounds(
        OPEN_CALLS, {RIVAL: [1000, 500, 1000], NO_OP: [4000, 2000, 4000], OURS: [2000, 1000, 3000]}
    )
    table = closed_table(Results([RIVAL, NO_OP, OURS], taken, []))
    assert cells(table[4]) == [
        "",
        "localdial on PostgreSQL, decide and record",
        "2,000 (1,000-3,000)",
        "0.50 (0.33-1.00)",
        "0.50 (0.33-1.00)",
        "0.50 (0.50-0.75)",
        "2.00 (2.00-3.00)",
        "0.50 (0.33-0.50)",
    ]


def test_a_subject_is_not_compared_with_itself_or_with_one_that_was_not_measured() -> None:
    table = closed_table(Results([NO_OP], rounds(OPEN_CALLS, {NO_OP: [4000]}), []))
    assert cells(table[2])[-3:] == ["", "", ""]


def test_each_load_has_its_rows_and_is_named_in_the_first() -> None:
    taken = rounds(OPEN_CALLS, {RIVAL: [1000], OURS: [2000]})
    table = closed_table(Results([RIVAL, OURS], taken, []))
    assert [cells(line)[0] for line in table[2:]] == ["1", "", "10", "", "100", ""]


def test_the_open_loop_offers_a_share_of_the_peak_and_shows_what_was_sent() -> None:
    closed = rounds(OPEN_CALLS, {OURS: [1000, 2000, 3000]})
    closed[0][OURS.name]["10"] = closed[1][OURS.name]["10"] = Figures(1, 4000, 1, 1, 1, 1, 0)
    assert peak(closed, OURS) == 4000
    table = open_table(Results([OURS], closed, rounds(SHARES_OF_PEAK, {OURS: [1000]})))
    assert [cells(line)[:4] for line in table[2:]] == [
        ["25 %", OURS.name, "1,000", "100%"],
        ["50 %", OURS.name, "2,000", "50%"],
        ["75 %", OURS.name, "3,000", "33%"],
    ]


def test_the_open_loop_shows_the_failed_calls_of_all_rounds() -> None:
    taken = rounds(SHARES_OF_PEAK, {OURS: [1000, 1000, 1000]})
    taken[1][OURS.name]["75"] = Figures(1, 1000, 1, 1, 1, 1, failed=7)
    table = open_table(Results([OURS], rounds(OPEN_CALLS, {OURS: [1000]}), taken))
    assert [cells(line)[4] for line in table[2:]] == ["0", "0", "7"]
