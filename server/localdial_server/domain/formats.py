"""The formats of the contract (`rules.proto`), for values that do not come in a request.

The contract itself checks the values in requests. A test compares the two.
"""

from typing import Final, NamedTuple


class Format(NamedTuple):
    """`pattern` is a regular expression that matches a whole value, in RE2 syntax.

    `requirement` is what an error says about a value that does not match.
    """

    pattern: str
    requirement: str


E164: Final = Format(
    "^[+][1-9][0-9]{6,14}$", "must be a phone number in E.164: + and 7 to 15 digits, such as +14155550100"
)
AREA_CODE: Final = Format(
    "^([2-9][0-9]{2}|[+][2-9][0-9]{1,6})$",
    "must be a NANP area code such as 415, or another country's geographic code as an E.164 prefix such as "
    "+4420",
)
IDENTIFIER: Final = Format("^[!-~]{1,128}$", "must be 1 to 128 visible ASCII characters, without spaces")
