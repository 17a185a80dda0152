"""Which of several numbers a callee sees: rendezvous hashing that need not weigh every number.

The same callee always gets the same number, and callees spread evenly. When a number goes, only its own
callees move; when one is added, callees move only to it. Nothing is counted or stored, so all servers agree
without talking to each other.

`docs/choice.md` defines the choice. It is part of the contract and never changes.
"""

import heapq
from collections.abc import Mapping, Sequence
from hashlib import sha512
from struct import Struct
from typing import Final

from localdial_server.domain.phone_keys import spellings

# Numbers to choose from, in E.164; their weight hashes, as integers of 128 bits, little-endian, of which the
# upper half is zero; and the 64 bytes of each number's hash, by column: the first bytes of all numbers, then
# the second bytes of all, and so on. The last two are empty for a single number. A plain tuple, because there
# are many and Python's garbage collector stops tracking tuples of strings and bytes.
Candidates = tuple[tuple[str, ...], bytes, bytes]

NO_CANDIDATES: Final[Candidates] = ((), b"", b"")

HASH_BYTES: Final = 64
# The parts of a callee's hash: its weight hash, the places of four bytes, and the values of those bytes.
_QUESTIONS: Final = Struct(">Q4s4s48x")
_64_BITS = (1 << 64) - 1
# An odd constant whose bits are spread evenly: 2^64 divided by the golden ratio.
_MULTIPLIER = 0x9E3779B97F4A7C15

# Up to so many hashes are weighed at once, as one large integer with a lane of 128 bits for each.
_LANES: Final = 32
_LANE_BYTES: Final = 16
# By the count of lanes: the integer with a 1 in each, and what reads their lower halves.
_ONES: Final = [sum(1 << 128 * lane for lane in range(count)) for count in range(_LANES + 1)]
_LOWER_HALVES: Final = [Struct("<" + "Q8x" * count) for count in range(_LANES + 1)]
# In each lane, the bits 0 to 63 and 32 to 63.
_LOW_64: Final = _ONES[_LANES] * _64_BITS
_BITS_32_TO_63: Final = _ONES[_LANES] * (_64_BITS ^ (1 << 32) - 1)


def hash_number(phone_number: str) -> bytes:
    """Return the 64 bytes of a phone number's hash, which are the same in every process and release."""
    return sha512(phone_number.encode("ascii")).digest()


def candidates_of(hashes: Mapping[str, bytes]) -> Candidates:
    """Return the numbers in the form from which `choose_number` chooses.

    `hashes` has `hash_number` of each number (E.164).
    """
    numbers = tuple(hashes)
    if len(numbers) == 1:
        return numbers, b"", b""
    rows = b"".join(hashes.values())
    weight_hashes = b"".join([each[7::-1] + bytes(8) for each in hashes.values()])
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
    find = columns.find
    for place, value in zip(places, values, strict=False):
        start = place % HASH_BYTES * count
        end = start + count
        found = find(value, start, end)
        while found >= 0:
            near.append(found - start)
            found = find(value, found + 1, end)
    if near:
        hashes = b"".join(
            [weight_hashes[_LANE_BYTES * each : _LANE_BYTES * each + _LANE_BYTES] for each in near]
        )
        if chosen := _heaviest(near, _weights(hashes, callee_hash), numbers, callee_numbers):
            return chosen
    return _heaviest(range(count), _weights(weight_hashes, callee_hash), numbers, callee_numbers)


def rank_numbers(candidates: Candidates, callee_number: str, limit: int) -> Sequence[str]:
    """Return the first `limit` candidates in the order in which they would be chosen, in E.164.

    The second would be chosen if the first were deleted, and so on. The callee's own number is left out.
    """
    numbers, weight_hashes, columns = candidates
    count = len(numbers)
    callee_numbers = spellings(callee_number)
    if count <= 1:
        return [each for each in numbers if each not in callee_numbers][:limit]
    callee_hash, places, values = _QUESTIONS.unpack(hash_number(callee_numbers[0]))
    near: set[int] = set()
    for place, value in zip(places, values, strict=False):
        begin = place % HASH_BYTES * count
        near.update(index for index, byte in enumerate(columns[begin : begin + count]) if byte == value)
    # A number that is not near is chosen when no number that is near is left.
    are_near = map(near.__contains__, range(count))
    weighed = zip(are_near, _weights(weight_hashes, callee_hash), numbers, strict=True)
    ranked = heapq.nlargest(limit + len(callee_numbers), weighed)
    return [each for _, _, each in ranked if each not in callee_numbers][:limit]


def _heaviest(
    places: Sequence[int], weights: Sequence[int], numbers: Sequence[str], callee_numbers: Sequence[str]
) -> str | None:
    """Return the number with the highest weight, or None if none but the callee's own is left.

    `places` are the indexes of the numbers that have these weights.
    """
    highest = max(weights)
    chosen = numbers[places[weights.index(highest)]]
    if weights.count(highest) > 1:
        # One number that is near for two questions, or several of the same weight.
        chosen = max(
            numbers[place] for weight, place in zip(weights, places, strict=True) if weight == highest
        )
    if chosen not in callee_numbers:
        return chosen
    others = [
        (weight, numbers[place])
        for weight, place in zip(weights, places, strict=True)
        if numbers[place] not in callee_numbers
    ]
    return max(others)[1] if others else None


def _weights(weight_hashes: bytes, callee_hash: int) -> Sequence[int]:
    """Return the weights of the numbers with these hashes for the callee.

    The two hashes, each uniform already, are mixed so that one callee's weights for different numbers are
    independent. XOR alone is not enough: the weights would sort by the leading bits of the numbers' hashes.
    Two multiplications with a fold between them are enough. The 128 bits of a lane hold the whole product of
    its 64 bits, so a step computes all lanes at once, in a third of the time of one after the other.
    """
    count = len(weight_hashes) // _LANE_BYTES
    if count > _LANES:
        size = _LANES * _LANE_BYTES
        parts = [weight_hashes[begin : begin + size] for begin in range(0, len(weight_hashes), size)]
        return [weight for part in parts for weight in _weights(part, callee_hash)]
    mixed = (int.from_bytes(weight_hashes, "little") ^ (callee_hash * _ONES[count])) * _MULTIPLIER
    weighed = ((mixed & _LOW_64) ^ ((mixed & _BITS_32_TO_63) >> 32)) * _MULTIPLIER
    return _LOWER_HALVES[count].unpack(weighed.to_bytes(count * _LANE_BYTES, "little"))
