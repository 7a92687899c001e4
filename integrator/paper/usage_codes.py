"""The code on a usage certificate: 128 random bits as people can copy them from paper (Crockford's base32).

26 signs and one that checks them, in groups of five: ``7ZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZA``. No letter is taken for a
digit: I, L and O, and the Turkish ı and İ, are read as 1 and 0. What is kept of a code is a digest.
"""

from __future__ import annotations

import secrets
from hashlib import sha256

from integrator.domain.errors import Malformed

BITS, GROUP = 128, 5
LONGEST = 64  # signs of a code as somebody may type it
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECKS = _DIGITS + "*~$=U"
_SIGNS = -(-BITS // 5)
_READ = str.maketrans("abcdefghijklmnopqrstuvwxyzILOıİ", "ABCDEFGH1JK1MN0PQRSTUVWXYZ11011", "- \t\u2010\u2011\u2013")


def new_code() -> str:
    """A code that nobody can guess."""
    return write_code(secrets.randbits(BITS))


def write_code(value: int) -> str:
    """The code of a number below 2 to the 128."""
    signs = "".join(_DIGITS[value >> 5 * place & 31] for place in reversed(range(_SIGNS))) + _CHECKS[value % 37]
    return "-".join(signs[at : at + GROUP] for at in range(0, len(signs), GROUP))


def read_code(told: str) -> int:
    """The number of a code as somebody typed it; raises Malformed when a sign is wrong, missing or swapped."""
    signs = told[:LONGEST].translate(_READ)
    if len(told) > LONGEST or len(signs) != _SIGNS + 1 or not set(signs[:-1]) <= set(_DIGITS):
        raise Malformed(f"code: {_SIGNS + 1} letters and digits are wanted, as they stand on the certificate")
    value = 0
    for sign in signs[:-1]:
        value = value << 5 | _DIGITS.index(sign)
    if value >> BITS or _CHECKS.find(signs[-1]) != value % 37:
        raise Malformed("code: a letter or digit is not as it stands on the certificate; look again")
    return value


def digest_of(value: int) -> str:
    """What is kept of a code: 128 random bits need no slow hash."""
    return sha256(b"ibys/usage/v1" + value.to_bytes(BITS // 8, "big")).hexdigest()
