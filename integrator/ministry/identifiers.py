"""Identity and registration numbers as the contract shapes them; check digits worked out here, on our own."""

import re
from functools import lru_cache

SGK_TESCIL_NO = re.compile(r"[0-9]{26}\Z")


@lru_cache(maxsize=1 << 17)
def is_tckn(number: int) -> bool:
    """Eleven digits, no leading zero, the last two check digits; foreigners' 99... numbers obey too."""
    if not 10_000_000_000 <= number <= 99_999_999_999:
        return False
    digits = [int(digit) for digit in str(number)]
    odd, even = sum(digits[0:9:2]), sum(digits[1:8:2])
    return digits[9] == (7 * odd - even) % 10 and digits[10] == sum(digits[:10]) % 10


def is_sgk_tescil_no(text: str) -> bool:
    """Twenty-six digits. Its control digits are not checked: no official text gives them (domain 2.4)."""
    return SGK_TESCIL_NO.match(text) is not None
