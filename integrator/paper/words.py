"""The one catalogue of what stands on paper: headings of columns, titles, sentences, in Turkish and English."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from integrator.domain import advice
from integrator.domain.texts import Language


@cache
def _words() -> dict[str, dict[str, dict[Language, str]]]:
    with files("integrator.paper").joinpath("words.toml").open("rb") as file:
        return tomllib.load(file)


def heading(column: str, language: Language) -> str:
    """The heading of a column by the name of its field; one without a heading is a bug: KeyError."""
    return _words()["heading"][column][language]


def say(key: str, language: Language, **facts: object) -> str:
    """A title or a sentence with `facts` filled in; an unknown key is a bug: KeyError."""
    return _words()["text"][key][language].format(**facts)


def value_word(value: str, language: Language) -> str:
    """A value of ours, such as a state or what is missing, as people say it; what has no word stands as it is."""
    told = _words()["value"].get(value)
    return told[language] if told else advice.word(value, language)
