"""The names of organizations and users that are accepted, and the characters removed around them."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from localdial.v1.directory_pb2 import BatchSetUsersRequest, Organization, SetOrganizationRequest, User
from localdial_server.domain.display_names import MAX_LENGTH, trimmed, why_unfit
from localdial_server.domain.errors import InvalidFields
from localdial_server.rpc.contract import Contract

ACCEPTED = [
    "",
    "Ann",
    "Ann-Marie O\N{RIGHT SINGLE QUOTATION MARK}Neill, Jr.",
    "Zoë Ångström",
    "Zoe\u0308 A\u030angstro\u0308m",  # decomposed
    "Nguyễn Thị Hồng",
    "王小明",
    "山田\u3000太郎",
    "葛\U000e0100城",  # a variant of the first character, as Japanese names have it
    "محمد علي",
    "می\u200cخواهم",  # noqa: RUF001 - meant
    "क्\u200dष",
    "ශ්\u200dරී",
    "שָׁלוֹם",
    "สมชาย",
    "র\u200d্যাব",  # Bengali: before the virama
    "രാമന്\u200d നായര്\u200d",  # Malayalam: a word may end with a joiner
    "مَ\u200cي",
    "ܐ\u200cܒ",  # Syriac
    "👩🏽\u200d💻 Support",
    "👨\u200d👩\u200d👧",
    "🏳\ufe0f\u200d🌈 Acme",
    "🙂\u200d↔\ufe0f",
    "\U00031350田",  # an ideograph of Unicode 15
    "\U0001fa77 Acme",  # an emoji of Unicode 15
    "❤\ufe0f\u200d🔥",
    "1\ufe0f\u20e3 Acme",
    "\u2139\ufe0f Info",  # the letter that is an emoji
    "Acme & Söhne GmbH <Kreditabteilung>",
    "x" * MAX_LENGTH,
]

TRIMMED = [
    (" Ann ", "Ann"),
    ("\tAnn\r\n", "Ann"),
    ("\u00a0Ann\u3000", "Ann"),
    ("   ", ""),
    ("\u200b", ""),
    ("\ufeffAnn", "Ann"),
    ("Ann\u200b", "Ann"),
    ("Ann\u200d", "Ann"),
    ("\u200eAnn\u200e", "Ann"),
    ("\u200fعلي\u200f", "علي"),
    ("\u202bمحمد\u202c", "محمد"),
    ("\u2067דוד\u2069 ", "דוד"),  # noqa: RUF001 - meant
    ("\u200fعلي\u200f \u200fحسن\u200f", "علي حسن"),
    ("\u061cعلي", "علي"),
    ("\u202bمحمد\u202c \u202bعلي\u202c", "محمد علي"),
    ("\u2067דוד\u2069 \u2068Levi\u2069", "דוד Levi"),  # noqa: RUF001 - meant
    ("Ann\u202d", "Ann"),
    ("A  B", "A  B"),
    (" " * 300 + "x" * MAX_LENGTH + "\u200f", "x" * MAX_LENGTH),
]

INVISIBLE = [
    ("An\u200bn", "character 3 is ZERO WIDTH SPACE (U+200B)"),
    ("An\ufeffn", "character 3 is BYTE ORDER MARK (U+FEFF)"),
    ("An\u00adn", "character 3 is SOFT HYPHEN (U+00AD)"),
    ("An\u2060n", "character 3 is WORD JOINER (U+2060)"),
    ("An\ue000n", "character 3 is PRIVATE USE CHARACTER (U+E000)"),
    ("An\uf8ffn", "character 3 is PRIVATE USE CHARACTER (U+F8FF)"),
    ("An\U000e0041n", "character 3 is TAG LATIN CAPITAL LETTER A (U+E0041)"),
    ("Ann\U000e007f", "character 4 is CANCEL TAG (U+E007F)"),
    ("Ann\uffff", "character 4 is UNASSIGNED CHARACTER (U+FFFF)"),
    ("\ufdd0Ann", "character 1 is UNASSIGNED CHARACTER (U+FDD0)"),
    ("Ann\u0378", "character 4 is UNASSIGNED CHARACTER (U+0378)"),
    ("Ann\aLee", "character 4 is CONTROL CHARACTER (U+0007)"),
    ("Ann\nLee", "character 4 is LINE FEED (U+000A)"),
    ("Ann\tLee", "character 4 is TAB (U+0009)"),
    ("Ann\x7fLee", "character 4 is DELETE (U+007F)"),
    ("Ann\u2028Lee", "character 4 is LINE SEPARATOR (U+2028)"),
    ("Ann \u202eeeL", "character 5 is RIGHT-TO-LEFT OVERRIDE (U+202E)"),
    ("An\u200dn", "character 3 is ZERO WIDTH JOINER (U+200D)"),
    ("An\u200cn", "character 3 is ZERO WIDTH NON-JOINER (U+200C)"),
    ("王\u200d明", "character 2 is ZERO WIDTH JOINER (U+200D)"),
    ("1\u200d2", "character 2 is ZERO WIDTH JOINER (U+200D)"),
    ("ع\u200d 1", "character 2 is ZERO WIDTH JOINER (U+200D)"),
    ("An\u034fn", "character 3 is COMBINING GRAPHEME JOINER (U+034F)"),
    ("\U0001f3f4\U000e0067\U000e0062\U000e007f", "character 2 is TAG LATIN SMALL LETTER G (U+E0067)"),
    ("A\U0002ffff", "character 2 is UNASSIGNED CHARACTER (U+2FFFF)"),
    ("A\U0001ffff", "character 2 is UNASSIGNED CHARACTER (U+1FFFF)"),
    ("A\U00040000", "character 2 is UNASSIGNED CHARACTER (U+40000)"),
    ("Ann\u200d Lee", "character 4 is ZERO WIDTH JOINER (U+200D)"),
    ("Ann\u200c\u200cLee", "character 4 is ZERO WIDTH NON-JOINER (U+200C)"),
    ("\u3164", "character 1 is HANGUL FILLER (U+3164)"),
    ("\u2800\u2800", "character 1 is BRAILLE PATTERN BLANK (U+2800)"),
    ("An\ufe0fn", "character 3 is VARIATION SELECTOR-16 (U+FE0F)"),
    ("Ann \ufe00Lee", "character 5 is VARIATION SELECTOR-1 (U+FE00)"),
    ("Иван\U000e0100", "character 5 is VARIATION SELECTOR-17 (U+E0100)"),
    ("❤\ufe0f\ufe0f", "character 3 is VARIATION SELECTOR-16 (U+FE0F)"),
    ("\ufe0fAnn", "character 1 is VARIATION SELECTOR-16 (U+FE0F)"),
    ("Ann\u180eLee", "character 4 is MONGOLIAN VOWEL SEPARATOR (U+180E)"),
]

TEXTS = st.text(
    st.sampled_from(
        " \t\n\x1f\x85\u00a0\u2028\u200b\u200c\u200d\u200e\u202b\u2069\ufeff\u00ad\ue000\U000e0041aé\u0301م👩"
    )
    | st.characters(exclude_categories=["Cs"]),
    max_size=8,
)


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_name_of_any_script_is_kept_as_it_is(name: str) -> None:
    assert why_unfit(name) is None
    assert trimmed(name) == name


@pytest.mark.parametrize(("text", "name"), TRIMMED)
def test_spaces_and_marks_around_a_name_are_removed(text: str, name: str) -> None:
    assert trimmed(text) == name
    assert why_unfit(text) is None


@pytest.mark.parametrize(("text", "problem"), INVISIBLE)
def test_what_cannot_be_seen_is_refused_by_name_and_place(text: str, problem: str) -> None:
    assert why_unfit(text) == f"must have only visible characters; {problem}: remove it"


def test_a_pile_of_combining_marks_is_refused() -> None:
    assert why_unfit("Z" + "\u0301" * 8) is None
    assert why_unfit("Z" + "\u0301" * 199) == (
        "must have at most 8 combining marks in a row; character 10 is COMBINING ACUTE ACCENT (U+0301): "
        "remove it"
    )


def test_a_name_of_marks_alone_is_refused() -> None:
    problem = "must have a letter; it has only marks, such as COMBINING ACUTE ACCENT (U+0301)"
    assert why_unfit("\u0301 \u0301") == problem


def test_a_long_name_is_refused_with_its_length() -> None:
    assert why_unfit("x" * 201) == "must have at most 200 characters; it has 201"


@given(TEXTS)
@example("\u200f \u200f")
def test_trimming_twice_changes_nothing_more(text: str) -> None:
    assert trimmed(trimmed(text)) == trimmed(text)
    assert why_unfit(trimmed(text)) == why_unfit(text)


@given(TEXTS)
def test_an_accepted_name_has_nothing_that_cannot_be_seen(text: str) -> None:
    if why_unfit(text) is None:
        for character in trimmed(text):
            assert unicodedata.category(character) not in {"Cc", "Co", "Zl"}
            # Emoji and ideographs may be newer than Python.
            assert unicodedata.category(character) != "Cn" or character >= "\U0001f000"


@pytest.fixture(scope="module")
def check() -> Callable[[str], str | None]:
    """Return a function that returns what the contract says about a name, None if it is accepted."""
    contract = Contract()
    request_class = contract.request_class("Directory", "SetOrganization")

    def problem(name: str) -> str | None:
        request = SetOrganizationRequest(organization=Organization(organization_id="acme", display_name=name))
        try:
            contract.check(request_class.FromString(request.SerializeToString()))
        except InvalidFields as error:
            (violation,) = error.violations
            assert violation.field == "organization.display_name"
            return violation.description
        return None

    return problem


@given(text=TEXTS)
@example(text=" " * 300 + "x" * 200)
@example(text="\x1fAnn\x85")
def test_the_contract_accepts_the_same_names_and_says_the_same(
    check: Callable[[str], str | None], text: str
) -> None:
    assert check(text) == why_unfit(text)


def test_the_contract_names_the_user_of_a_batch() -> None:
    contract = Contract()
    users = [
        User(organization_id="acme", user_id=str(index), display_name=name)
        for index, name in enumerate(["Ann", "B\u200bob", "\u00adx"])
    ]
    request = BatchSetUsersRequest(organization_id="acme", users=users)
    request_class = contract.request_class("Directory", "BatchSetUsers")
    with pytest.raises(InvalidFields) as refused:
        contract.check(request_class.FromString(request.SerializeToString()))
    assert [violation.field for violation in refused.value.violations] == [
        "users[1].display_name",
        "users[2].display_name",
    ]
