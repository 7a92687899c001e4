"""What a person should know about a message that stands still: what happened, who must act, where to click.

The texts are in ``advice.toml``, in Turkish and English; here is only how they are found.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from integrator.domain.hands import Verb
from integrator.domain.states import State
from integrator.domain.texts import Language


@dataclass(frozen=True, slots=True)
class Advice:
    """Three sentences, each as {"tr": ..., "en": ...}."""

    happened: Mapping[Language, str]
    who: Mapping[Language, str]
    where: Mapping[Language, str]
    desk: Mapping[Language, str] | None = None  # where to click for whoever works at the desk, if that is elsewhere
    tells_code: bool = False  # the code's own text would say the same again

    @property
    def at_desk(self) -> Mapping[Language, str]:
        """Where to click, without a command line at hand."""
        return self.desk or self.where


@cache
def _texts() -> dict[str, dict[str, dict[Language, str]]]:
    with files("integrator.domain").joinpath("advice.toml").open("rb") as file:
        return tomllib.load(file)


def advice_for(state: State, code: str, reason: str) -> Advice:
    """The advice for a message that stands at `state` with the ministry's `code` and the row's `reason`."""
    texts = _texts()
    keys = (f"{state}.{code}", f"{state}.{reason.partition(':')[0]}", str(state))
    found = next(key for key in keys if key in texts)
    return Advice(**texts[found], tells_code=bool(code) and found == keys[0])


def told_verb(verb: Verb, end: State | None, sorgu_no: int | str, language: Language) -> str:
    """The command for `verb`, and what it would do to the message; without `end`, to a whole cause."""
    return _texts()[f"verb.{verb}.{end or 'cause'}"]["happened"][language].format(sorgu_no=sorgu_no)


def word(value: str, language: Language) -> str:
    """A state, act or outcome in the reader's language; what has no translation stands as it is."""
    told = _texts()["words"].get(value)
    return told[language] if told else value
