"""What pages say, in Turkish and English: one file per page under `words/`, `page.key` -> the two sentences.

Sentences with a stable code (errors, findings, advice) stay in the one catalogue of `integrator.domain.texts`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from integrator.domain.texts import Language


@cache
def spoken() -> dict[str, dict[str, str]]:
    """`page.key` -> {"tr": ..., "en": ...}, read once."""
    found: dict[str, dict[str, str]] = {}
    for page, key, told in _read():
        found[f"{page}.{key}"] = told
    return found


def _read() -> Iterator[tuple[str, str, dict[str, str]]]:
    for file in sorted(files(__package__).joinpath("words").iterdir(), key=lambda each: each.name):
        if file.name.endswith(".toml"):
            page = file.name.removesuffix(".toml")
            for key, told in tomllib.loads(file.read_text("utf-8")).items():
                yield page, key, told


def say(key: str, language: Language, **facts: object) -> str:
    """The sentence of `key` with `facts` filled in. An unknown key is a bug: KeyError."""
    return spoken()[key][language].format(**facts)
