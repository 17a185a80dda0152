"""The table of geographic prefixes outside the NANP, from phonenumbers, a port of Google's libphonenumber.

The table has a row for all prefixes of a country that have the same values in the other columns:

- `country_code`: such as `44`.
- `country`: the ISO 3166-1 alpha-2 code, such as `GB` or `JE`. Empty if numbers with these prefixes have
  no area code, though they begin with one: mobile numbers in some countries.
- `lengths`: how many digits such numbers have, including the country code.
- `behind`: how many digits of a prefix are behind the area code, which is the rest of it. Mostly 0.
- `prefixes`: with the country code, but without `+`.

The longest prefix of a number decides, among those whose numbers have its length.

What an area code is comes from two sources:

- libphonenumber's grouping of the number, in most countries: `20 7946 0123`.
- libphonenumber's geocoding data, where the grouping does not show the area code: in countries without a
  trunk prefix, for which the library groups none, and in Uruguay, whose numbers it splits in halves. The
  data name the places behind the digits, and `ungrouped_area_codes.csv`, which is maintained
  by hand, says in which countries those digits are area codes, and how many of them are.

The library has no list of area codes. So this module walks through the digits that the patterns of the
metadata allow, down to where they determine the grouping and the type of a number, and asks the library
about numbers there.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberType
from phonenumbers.geodata import GEOCODE_DATA

DATA = Path(__file__).resolve().parents[3] / "server/localdial_server/domain/data"
TABLE = DATA / "geographic_prefixes.csv"
UNGROUPED = DATA / "ungrouped_area_codes.csv"

NANP: Final = 1
# The contract and the database hold area codes of at most 7 digits, including the country code. Only
# Mongolia has longer ones.
LONGEST_CODE: Final = 7
# How many digits behind a country code tell landlines from other numbers.
DEPTH: Final = 7
LANDLINES: Final = {PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
TYPES: Final = (
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager",
    "uan", "voicemail",
)  # fmt: skip

# The orders in which digits are tried. Real numbers seldom continue with 0 or 1.
ASCENDING: Final = "2345678901"
DESCENDING: Final = "9876543210"

# A pattern is a tuple of parts that follow each other; a state is the rest of a pattern.
State = tuple[Any, ...]
States = frozenset[State]
ACCEPTED: Final[State] = ()


def compiled(pattern: str) -> States:
    """Return the states in which a pattern of the metadata begins."""
    # Python has no public parser of regular expressions.
    return _expanded(_parts(re._parser.parse(pattern)))  # type: ignore[attr-defined]  # noqa: SLF001 - as above


def _parts(parsed: Any) -> State:
    return tuple(_part(str(operation), value) for operation, value in parsed)


def _part(operation: str, value: Any) -> Any:
    match operation:
        case "LITERAL":
            return chr(value)
        case "IN":
            return "".join(_characters(str(kind), item) for kind, item in value)
        case "BRANCH":
            return ("one of", tuple(map(_parts, value[1])))
        case "SUBPATTERN":
            return ("one of", (_parts(value[3]),))
        case "MAX_REPEAT":
            return ("repeat", value[0], min(value[1], 15), _parts(value[2]))
    raise ValueError(f"the metadata use {operation}, which this module does not know")


def _characters(kind: str, item: Any) -> str:
    if kind == "LITERAL":
        return chr(item)
    if kind == "RANGE":
        return "".join(map(chr, range(item[0], item[1] + 1)))
    if kind == "CATEGORY" and str(item) == "CATEGORY_DIGIT":
        return "0123456789"
    raise ValueError(f"the metadata use the class {kind} {item}, which this module does not know")


@cache
def _expanded(state: State) -> States:
    """Return the states, each accepted or beginning with characters, that the state stands for."""
    if not state or isinstance(state[0], str):
        return frozenset({state})
    (kind, *details), rest = state[0], state[1:]
    if kind == "one of":
        return frozenset().union(*(_expanded(branch + rest) for branch in details[0]))
    least, most, repeated = details
    found: States = frozenset() if least else _expanded(rest)
    if most:
        found |= _expanded((*repeated, ("repeat", max(least - 1, 0), most - 1, repeated), *rest))
    return found


@cache
def after(states: States, digit: str) -> States:
    """Return the states after one more digit; none if the pattern does not allow it."""
    return frozenset().union(*(_expanded(state[1:]) for state in states if state and digit in state[0]))


@cache
def completion(states: States, count: int, digits: str) -> str | None:
    """Return `count` digits that complete a match, the first in the order of `digits`; None without any."""
    if count == 0:
        return "" if ACCEPTED in states else None
    for digit in digits:
        if (next_states := after(states, digit)) and (
            rest := completion(next_states, count - 1, digits)
        ) is not None:
            return digit + rest
    return None


class Answer(NamedTuple):
    """The area code of a number, without `+`, and its country; empty if it has none."""

    code: str
    country: str


NONE: Final = Answer("", "")


class Plan:
    """The numbers of one country code."""

    def __init__(self, country_code: int, places: frozenset[str]) -> None:
        """`places` are the area codes if the library knows none, without `+`."""
        self.code = str(country_code)
        self._places = places
        regions = [
            metadata
            for region in COUNTRY_CODE_TO_REGION_CODE[country_code]
            if (metadata := PhoneMetadata.metadata_for_region(region)) is not None
        ]
        self._types: list[States] = []
        self._lengths: set[int] = set()
        for metadata in regions:
            for name in TYPES:
                description = getattr(metadata, name)
                if description is not None and description.national_number_pattern:
                    self._types.append(compiled(description.national_number_pattern))
                    self._lengths |= set(description.possible_length) - {-1}
        # Numbers are grouped by the formats of the code's main country.
        formats = [*regions[0].intl_number_format, *regions[0].number_format] if regions else []
        self._formats = [
            compiled(each.leading_digits_pattern[-1]) for each in formats if each.leading_digits_pattern
        ]

    def answers(self) -> Iterator[tuple[str, int, Answer]]:
        """Yield ranges of numbers with one answer: their first digits, their length and the answer."""
        for length in sorted(self._lengths):
            yield from self._walk("", length, self._types, self._formats)

    def _walk(
        self, prefix: str, length: int, types: list[States], formats: list[States]
    ) -> Iterator[tuple[str, int, Answer]]:
        count = length - len(prefix)
        types = [states for states in types if completion(states, count, ASCENDING) is not None]
        if not types:
            return
        full = self.code + prefix
        is_undecided = any(states and ACCEPTED not in states for states in formats) or any(
            place.startswith(full) and place != full for place in self._places
        )
        is_deepest = len(prefix) == min(DEPTH, length)
        if is_deepest or not is_undecided:
            # Where ranges of several types overlap, numbers from both ends tell them apart.
            orders = (ASCENDING, DESCENDING) if len(types) > 1 else (ASCENDING,)
            answers = {
                self._answer(f"{prefix}{completion(states, count, order)}")
                for states in types
                for order in orders
            }
            if is_deepest or (len(answers) == 1 and all(len(answer.code) <= len(full) for answer in answers)):
                # Numbers that look the same but differ in what they are: the area code counts.
                yield prefix, length, max(answers)
                return
        for digit in "0123456789":
            yield from self._walk(
                prefix + digit,
                length,
                [next_states for states in types if (next_states := after(states, digit))],
                [states if ACCEPTED in states else after(states, digit) for states in formats],
            )

    def _answer(self, national: str) -> Answer:
        number = phonenumbers.parse(f"+{self.code}{national}")
        # Parsing drops trunk prefixes (+44020...) and retired mobile prefixes (+521...), but a number with
        # one cannot be called.
        if phonenumbers.national_significant_number(number) != national:
            return NONE
        # In Argentina, Brazil and Indonesia mobile numbers contain an area code too, but are no more local
        # than any other mobile. If mobiles and landlines cannot be told apart, as in Mexico, the type is
        # FIXED_LINE_OR_MOBILE and the area code counts.
        if phonenumbers.number_type(number) not in LANDLINES:
            return NONE
        if self._places:
            full = self.code + national
            code = max((place for place in self._places if full.startswith(place)), key=len, default="")
        else:
            length = phonenumbers.length_of_geographical_area_code(number)
            code = self.code + national[:length] if length else ""
        country = phonenumbers.region_code_for_number(number)
        return Answer(code, country) if code and country and len(code) <= LONGEST_CODE else NONE


class Place(NamedTuple):
    """The result for a prefix, as in a row of the table."""

    country: str
    lengths: tuple[int, ...]
    behind: int


def places_of(country_code: int, digits: int) -> frozenset[str]:
    """Return the country's area codes by the geocoding data: the shortest digits that name a place.

    `digits`: how many an area code has at most, without the country code.
    """
    code = str(country_code)
    names = {
        prefix[: len(code) + digits]: next(iter(name.values()))
        for prefix, name in sorted(GEOCODE_DATA.items(), key=lambda item: -len(item[0]))
        if prefix.startswith(code)
    }

    def shortest(prefix: str) -> Iterator[str]:
        under = {name for longer, name in names.items() if longer.startswith(prefix)}
        if len(under) == 1 and prefix != code:
            yield prefix
        elif under:
            if prefix in names:
                yield prefix
            for digit in "0123456789":
                yield from shortest(prefix + digit)

    return frozenset(shortest(code))


def prefixes_of(plan: Plan) -> dict[str, Place]:
    """Return the country code's area codes, and the longer prefixes with another answer than theirs."""
    answers = [
        (plan.code + prefix, len(plan.code) + length, answer) for prefix, length, answer in plan.answers()
    ]
    lengths: dict[str, set[int]] = defaultdict(set)
    countries: dict[str, set[str]] = defaultdict(set)
    for _, length, answer in answers:
        if answer.code:
            lengths[answer.code].add(length)
            countries[answer.code].add(answer.country)
    exceptions: dict[tuple[str, Answer], set[int]] = defaultdict(set)
    for prefix, length, answer in answers:
        codes = (prefix[:end] for end in range(len(prefix), 0, -1) if length in lengths.get(prefix[:end], ()))
        if answer.code != next(codes, ""):
            exceptions[prefix, answer].add(length)
    # Guadeloupe and two smaller islands share +590 590. The main country of a country code comes first.
    order = COUNTRY_CODE_TO_REGION_CODE[int(plan.code)].index
    found = {
        code: Place(min(countries[code], key=order), tuple(sorted(lengths[code])), 0) for code in lengths
    }
    for (prefix, answer), totals in exceptions.items():
        if prefix in found:
            raise ValueError(f"the answer for +{prefix} depends on more than the length of the number")
        behind = len(prefix) - len(answer.code) if answer.code else 0
        found[prefix] = Place(answer.country, tuple(sorted(totals)), behind)
    return found


def build(country_codes: Iterable[int] = COUNTRY_CODE_TO_REGION_CODE) -> str:
    """Return the table as CSV, or the rows of these country codes."""
    with UNGROUPED.open(encoding="ascii", newline="") as lines:
        digits = {int(row["country_code"]): int(row["digits"]) for row in csv.DictReader(lines)}
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["country_code", "country", "lengths", "behind", "prefixes"])
    for code in sorted(country_codes, key=str):
        if code == NANP:
            continue
        for cached in _expanded, after, completion:
            cached.cache_clear()
        places = places_of(code, digits[code]) if code in digits else frozenset[str]()
        found = prefixes_of(Plan(code, places))
        for place, prefixes in sorted(_by_place(found)):
            lengths = " ".join(map(str, place.lengths))
            table.writerow([code, place.country, lengths, place.behind, " ".join(prefixes)])
    return text.getvalue()


def _by_place(found: Mapping[str, Place]) -> Iterator[tuple[Place, list[str]]]:
    grouped: dict[Place, list[str]] = defaultdict(list)
    for prefix in sorted(found):
        grouped[found[prefix]].append(prefix)
    return iter(grouped.items())
