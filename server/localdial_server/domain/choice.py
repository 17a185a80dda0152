"""Which of several numbers a callee sees: rendezvous hashing that need not weigh every number.

The same callee always gets the same number, and callees spread evenly. When a number goes, only its own
callees move; when one is added, callees move only to it. Nothing is counted or stored, so all servers agree
without talking to each other.

`docs/choice.md` defines the choice. It is part of the contract and never changes.
"""

import hashlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from struct import Struct
from typing import Final

from localdial_server.domain.phone_keys import spellings

# Numbers to choose from, in E.164; their weight hashes, as 64-bit integers of this machine; and the 64
# bytes of each number's hash, by column: the first bytes of all numbers, then the second bytes of all, and
# so on. The last two are empty for a single number. A plain tuple, because there are many and Python's
# garbage collector stops tracking tuples of strings and bytes.
Candidates = tuple[tuple[str, ...], bytes, bytes]

NO_CANDIDATES: Final[Candidates] = ((), b"", b"")

HASH_BYTES: Final = 64
# The parts of a callee's hash: its weight hash, the places of four bytes, and the values of those bytes.
_QUESTIONS: Final = Struct(">Q4s4s48x")
_64_BITS = (1 << 64) - 1
# An odd constant whose bits are spread evenly: 2^64 divided by the golden ratio.
_MULTIPLIER = 0x9E3779B97F4A7C15


def hash_number(phone_number: str) -> bytes:
    """Return the 64 bytes of a phone number's hash, which are the same in every process and release."""
    return hashlib.sha512(phone_number.encode("ascii")).digest()


def candidates_of(hashes: Mapping[str, bytes]) -> Candidates:
    """Return the numbers in the form from which `choose_number` chooses.

    `hashes` has `hash_number` of each number (E.164).
    """
    numbers = tuple(hashes)
    if len(numbers) == 1:
        return numbers, b"", b""
    rows = b"".join(hashes.values())
    weight_hashes = array("Q", [_weight_hash(each) for each in hashes.values()]).tobytes()
    return numbers, weight_hashes, b"".join([rows[place::HASH_BYTES] for place in range(HASH_BYTES)])


def choose_number(candidates: Candidates, callee_number: str) -> str | None:
    """Return the candidate for this callee, in E.164; the order of candidates does not matter.

    The callee's own number is never chosen, in whatever spelling. Returns None if no other is left.
    """
    numbers, weight_hashes, columns = candidates
    count = len(numbers)
    if count == 0:
        return None
    callee_numbers = spellings(callee_number)
    if count == 1:
        return numbers[0] if numbers[0] not in callee_numbers else None
    # The first spelling is the phone's key: the phone sees one number, however it is called.
    callee_hash, places, values = _QUESTIONS.unpack(hash_number(callee_numbers[0]))
    # One number in 64 is near a callee. Whether a number is depends on nothing but the two, so that other
    # numbers can come and go. `bytes.find` searches 1,000 bytes in a few hundredths of a microsecond.
    near: list[int] = []
    for place, value in zip(places, values, strict=False):
        start = place % HASH_BYTES * count
        end = start + count
        found = columns.find(value, start, end)
        while found >= 0:
            near.append(found - start)
            found = columns.find(value, found + 1, end)
    hashed = memoryview(weight_hashes).cast("Q")
    chosen = _heaviest(near, numbers, hashed, callee_hash, callee_numbers) if near else None
    return chosen or _heaviest(range(count), numbers, hashed, callee_hash, callee_numbers)


def _heaviest(
    places: Iterable[int],
    numbers: Sequence[str],
    hashed: Sequence[int],
    callee_hash: int,
    callee_numbers: Sequence[str],
) -> str | None:
    """Return the number with the highest weight for the callee, or None if none but its own is left.

    `places` are the indexes of the numbers to weigh, and of their weight hashes.
    """
    chosen, best = "", -1
    for place in places:
        # Mix the two hashes, each uniform already, so that one callee's weights for different numbers
        # are independent. XOR alone is not enough: the weights would sort by the leading bits of the
        # numbers' hashes. Two multiplications with a fold between them are enough.
        mixed = ((callee_hash ^ hashed[place]) * _MULTIPLIER) & _64_BITS
        weight = ((mixed ^ (mixed >> 32)) * _MULTIPLIER) & _64_BITS
        if weight < best:
            continue
        phone_number = numbers[place]
        if phone_number not in callee_numbers and (weight > best or phone_number > chosen):
            chosen, best = phone_number, weight
    return chosen or None


def _weight_hash(digest: bytes) -> int:
    return int.from_bytes(digest[:8], "big")
