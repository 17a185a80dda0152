"""How callers and called numbers are read from what switches send."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from localdial_server.domain.callers import Caller, NumberReader
from localdial_server.domain.possible_numbers import is_possible

US = NumberReader("US")
WITHHELD = Caller(None)
UNREADABLE = Caller(None, is_readable=False)

KEYS = ("ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ")
KEYPAD = {letter: str(digit) for digit, letters in enumerate(KEYS, start=2) for letter in letters}
WORDS = ["ANONYMOUS", "RESTRICTED", "BLOCKED", "UNKNOWN", "UNAVAILABLE"]


@pytest.mark.parametrize(
    "text",
    [
        "+14155550177",
        "14155550177",
        "4155550177",
        " 14155550177",
        "(415) 555-0177",
        "+1.415.555.0177",
        "tel:+1-415-555-0177",
        "TEL:+14155550177;ext=7",
        "tel:4155550177;phone-context=+1",
        "tel:14155550177;phone-context=+1",
        "tel:5550177;phone-context=+1-415",
        "tel:4155550177;phone-context=example.com",
        "sip:+14155550177@example.com;user=phone",
        "sip:4155550177@192.0.2.10:5060",
        "sips:14155550177@example.com;transport=tls?subject=x",
        "sip:%2B14155550177@example.com",
        "sip:4155550177;phone-context=+1@example.com;user=phone",
        "sip:+14155550177:secret@example.com",
        "sip:+14155550177",
        "+14155550177@example.com",
        "<sip:+14155550177@example.com>",
        '"Ann \\"<x>\\" B" <sip:+14155550177@example.com>;tag=1',
        "Ann B <4155550177>",
        '"Unavailable" <sip:+14155550177@example.com>',
    ],
)
def test_every_spelling_of_a_number_is_read(text: str) -> None:
    assert US.caller(text) == Caller("+14155550177")
    assert US.called_number(text) == "+14155550177"


@pytest.mark.parametrize(
    ("country", "text", "number"),
    [
        ("US", "011442079460123", "+442079460123"),
        ("US", "442079460123", "+442079460123"),
        ("US", "tel:2079460123;phone-context=+44", "+442079460123"),
        ("PR", "7875550177", "+17875550177"),
        ("GB", "02079460123", "+442079460123"),
        ("GB", "2079460123", "+442079460123"),
        ("GB", "442079460123", "+442079460123"),
        ("GB", "14155550177", "+14155550177"),
        ("GB", "0014155550177", "+14155550177"),
        ("GB", "07378742833", "+447378742833"),
        ("DE", "030123456", "+4930123456"),
        ("DE", "004930123456", "+4930123456"),
        ("DE", "4930123456", "+4930123456"),
        ("DE", "491701234567", "+491701234567"),  # and not 0491 701234567, in Leer
        ("SE", "468123456", "+468123456"),
        ("ID", "62218350123", "+62218350123"),
        ("IT", "3906123456", "+393906123456"),  # Italian numbers have no trunk prefix, so the 39 is their own
        ("IT", "390612345678", "+390612345678"),
        ("MX", "5512345678", "+525512345678"),
        ("MX", "525512345678", "+525512345678"),
        ("MX", "5215512345678", "+5215512345678"),
        ("BR", "5511987654321", "+5511987654321"),
        ("BR", "02111987654321", "+5511987654321"),  # by way of carrier 21
        ("AR", "01115 2345 6789", "+5491123456789"),
        ("IN", "919876543210", "+919876543210"),
        ("RU", "84951234567", "+74951234567"),
        ("RU", "81014155550177", "+14155550177"),
        ("HU", "06 1 234 5678", "+3612345678"),
        ("US", "+18005550150", "+18005550150"),
        ("US", "+5215512345678", "+5215512345678"),
    ],
)
def test_numbers_are_read_as_dialed_in_the_default_country(country: str, text: str, number: str) -> None:
    assert NumberReader(country).caller(text) == Caller(number)


@pytest.mark.parametrize(("country", "text"), [("GB", "79460123"), ("MX", "15512345"), ("DE", "115")])
def test_a_number_without_its_area_code_is_unreadable(country: str, text: str) -> None:
    assert NumberReader(country).caller(text) == UNREADABLE


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "anonymous", "Restricted", "UNKNOWN", "private", "Blocked", "anonymous;tag=3"),
        *("Private Number", "Restricted Number", "Unknown Caller", "No Caller ID"),
    ],
)
@pytest.mark.parametrize("form", ["{}", "sip:{}@example.com", '"x" <sips:{}@example.com>', "tel:{}"])
def test_words_for_a_withheld_number_are_withheld(text: str, form: str) -> None:
    assert US.caller(form.format(text)) == WITHHELD


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    "form", ["{}", "+{}", "1{}", "+1{}", "sip:+1{}@example.com", "tel:{};phone-context=+1"]
)
@pytest.mark.parametrize("country", ["US", "GB", "DE"])
def test_words_on_a_keypad_are_withheld(word: str, form: str, country: str) -> None:
    digits = "".join(KEYPAD[letter] for letter in word)
    assert NumberReader(country).caller(form.format(digits)) == WITHHELD


@pytest.mark.parametrize(
    "text", ['"Anonymous" <sip:+14155550177@example.com>', "sip:+14155550177@anonymous.invalid"]
)
def test_a_number_beside_a_wish_for_privacy_is_withheld(text: str) -> None:
    assert US.caller(text) == WITHHELD


@pytest.mark.parametrize(
    "text",
    [
        "client:ann",
        "72345",
        "+911",
        "5550177",
        "sip:ann@example.com",
        "sip:213.255.10.10",
        "+10000000000",
        "+1415555017",
        "+4402079460123",
        "0000000000",
        "1234567890",
        "+1415555017a",
        "+1415555017\u0660",
        "\uff0b14155550177",
        "++14155550177",
        "4155550177.0",
        "sip:4155550177.0@example.com",
        "415555017.7",
        "%",
        "<",
        "9" * 256,
    ],
)
def test_everything_else_is_unreadable(text: str) -> None:
    assert US.caller(text) == UNREADABLE
    assert US.called_number(text) is None


_PARTS = st.sampled_from(
    [
        "sip:",
        "tel:",
        "+",
        "1",
        "011",
        "00",
        "415",
        "5550177",
        "@",
        ";phone-context=",
        "<",
        ">",
        '"',
        "\\",
        "%2B",
    ]
)


@given(
    st.one_of(st.text(max_size=256), st.lists(_PARTS, max_size=12).map("".join)),
    st.sampled_from(["US", "GB", "DE", "MX", "IT", "RU"]),
)
@example("tel:1;phone-context=+", "US")
def test_reading_never_raises_and_yields_only_possible_numbers(text: str, country: str) -> None:
    reader = NumberReader(country)
    found = reader.caller(text)
    assert found.number is None or (is_possible(found.number) and found.is_readable)
    called = reader.called_number(text)
    assert called is None or is_possible(called)


@given(
    st.from_regex(r"\+[0-9]{1,22}", fullmatch=True) | st.from_regex(r"\+1[2-9][0-9]{9}", fullmatch=True),
    st.sampled_from(["US", "GB", "MX"]),
)
@example("+14155550177", "US")
@example("+17378742833", "US")
@example("+266696687", "GB")
@example("+1155550177", "US")
def test_digits_behind_a_plus_are_read_alike_with_and_without_brackets(text: str, country: str) -> None:
    reader = NumberReader(country)
    assert reader.caller(text) == reader.caller(f"<{text}>")
    assert reader.called_number(text) == reader.called_number(f"<{text}>")
