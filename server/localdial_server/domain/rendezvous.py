"""Rendezvous hashing: which of several numbers a callee sees.

The same callee always gets the same number, and callees spread evenly. When a number is removed, only its
own callees move. Nothing is counted or stored, so all servers agree without talking to each other.
"""

import hashlib
from collections.abc import Sequence

from localdial_server.domain.phone_keys import spellings

# A phone number (E.164) with its hash. A plain tuple, because there are many and
# Python's garbage collector stops tracking tuples of strings and integers.
Candidate = tuple[str, int]

_64_BITS = (1 << 64) - 1
# An odd constant whose bits are spread evenly: 2^64 divided by the golden ratio.
_MULTIPLIER = 0x9E3779B97F4A7C15


def candidate(phone_number: str) -> Candidate:
    """Return the number with its hash, to choose from."""
    return phone_number, _hash64(phone_number)


def choose_number(candidates: Sequence[Candidate], callee_number: str) -> str | None:
    """Return the candidate for this callee, in E.164; the order of candidates does not matter.

    The callee's own number is never chosen, in whatever spelling. Returns None if no other is left.
    """
    callee_numbers = spellings(callee_number)
    if len(candidates) == 1:
        only, _ = candidates[0]
        return only if only not in callee_numbers else None
    # The first spelling is the phone's key: the phone sees one number, however it is called.
    callee_hash = _hash64(callee_numbers[0])
    chosen, best = "", -1
    for phone_number, number_hash in candidates:
        if phone_number in callee_numbers:
            continue
        # Mix the two hashes, each uniform already, so that one callee's weights for different numbers
        # are independent. XOR alone is not enough: the weights would sort by the leading bits of the
        # numbers' hashes. Two multiplications with a fold between them are enough.
        mixed = ((callee_hash ^ number_hash) * _MULTIPLIER) & _64_BITS
        weight = ((mixed ^ (mixed >> 32)) * _MULTIPLIER) & _64_BITS
        if weight > best or (weight == best and phone_number > chosen):
            chosen, best = phone_number, weight
    return chosen or None


def _hash64(phone_number: str) -> int:
    """Hash a phone number to 64 bits, identically in every process and release."""
    return int.from_bytes(hashlib.blake2b(phone_number.encode("ascii"), digest_size=8).digest(), "big")
