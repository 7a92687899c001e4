"""What registers, states, fields and deadlines are called, in the reader's language (``words.toml``)."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from integrator.domain.texts import Language


@cache
def _words() -> dict[str, dict[str, dict[Language, str]]]:
    with files("integrator.registry").joinpath("words.toml").open("rb") as file:
        return tomllib.load(file)


def called(kind: str, code: str, language: Language, *, register: str = "") -> str:
    """The word for a code: `kind` is ``register``, ``state``, ``field``, ``choice`` or ``within``.

    A register may have a word of its own for a state. What has no word stands as it is.
    """
    own = _words().get(f"{kind}.{register}", {}).get(code)
    found = own or _words()[kind].get(code)
    return found[language] if found else code
