"""JSON as the control port takes it: no NaN, no infinity, no half surrogate, no depth that overflows."""

import json
from typing import Any


class NotStrictJson(Exception):
    """The bytes are no JSON, or such as could not be written again; the text says why."""


def read(octets: bytes) -> Any:
    """The content of `octets`; raises NotStrictJson."""
    try:
        content = json.loads(octets, parse_constant=_no_number)
        if b"\\u" in octets:
            json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise NotStrictJson(f"not JSON: {error}") from error
    return content


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
