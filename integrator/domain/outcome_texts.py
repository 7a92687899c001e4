"""What an outcome code of ours means, in words: ``outcomes.toml``, which a test compares with docs/errors.md."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from integrator.domain.texts import Language


@cache
def outcome_texts() -> dict[str, dict[str, str]]:
    """Code -> {"tr": ..., "en": ...}, read once."""
    with files("integrator.domain").joinpath("outcomes.toml").open("rb") as file:
        return tomllib.load(file)


def outcome_text(code: str, language: Language) -> str:
    """The sentence of `code`, or of its class of HTTP status; a code without words stands for itself."""
    texts = outcome_texts()
    found = texts.get(code)
    if found is None and code.startswith("http_"):
        found = texts.get(f"{code[:6]}xx") or texts["http_xxx"]
    return found[language] if found else code
