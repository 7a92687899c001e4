"""The one message catalogue: every sentence a user reads, in Turkish and English, by stable code."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

Language = Literal["tr", "en"]
LANGUAGES: tuple[Language, Language] = ("tr", "en")


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Code -> {"tr": ..., "en": ...}, read once from ``texts.toml``."""
    with files("integrator.domain").joinpath("texts.toml").open("rb") as file:
        return tomllib.load(file)


def text(code: str, language: Language, **facts: object) -> str:
    """The sentence of `code` in `language` with `facts` filled in. An unknown code is a bug: KeyError."""
    return catalogue()[code][language].format(**facts)
