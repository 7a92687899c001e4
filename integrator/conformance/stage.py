"""What the steps of one scenario share, and the vocabulary they are registered in."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integrator.conformance.gateway import Gateway
from integrator.conformance.people import Cast
from integrator.conformance.signer import Authority
from integrator.conformance.soap import Credentials
from integrator.conformance.stub import Control
from integrator.conformance.tap import Tap

MAX_SHOWN = 6000


class NotSo(Exception):
    """A step saw something else than the clause wants."""

    def __init__(self, what: str, *, seen: Any, wanted: Any) -> None:
        super().__init__(f"{what}: seen {seen}, wanted {wanted}")
        self.what, self.seen, self.wanted = what, str(seen), str(wanted)


@dataclass(frozen=True, slots=True)
class Observed:
    """Bytes or text that a step saw, for the report."""

    name: str
    text: str


@dataclass
class Stage:
    """One scenario under way. `gateway` and `tap` are there on the gateway's side, `control` where there is a stub."""

    cast: Cast
    authority: Authority
    credentials: Credentials
    folder: Path
    metot: str
    addresses: Mapping[str, str]
    gateway: Gateway | None = None
    tap: Tap | None = None
    control: Control | None = None
    numbers: dict[str, list[int]] = field(default_factory=dict)
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    observed: list[Observed] = field(default_factory=list)
    at: dict[str, Any] = field(default_factory=dict)

    def show(self, name: str, content: bytes | str) -> None:
        """Keep what was seen; long texts are cut where it is said."""
        text = content.decode("utf-8", "backslashreplace") if isinstance(content, bytes) else content
        if len(text) > MAX_SHOWN:
            text = f"{text[:MAX_SHOWN]} [... {len(text) - MAX_SHOWN} characters more]"
        self.observed.append(Observed(name, text))

    def records_of(self, label: str) -> list[dict[str, Any]]:
        """The records submitted under a label, in order."""
        return [each for key, each in self.records.items() if key.rstrip("0123456789") == label]

    @property
    def own_gateway(self) -> Gateway:
        """The gateway; only scenarios of its side come here."""
        assert self.gateway is not None
        return self.gateway

    @property
    def own_tap(self) -> Tap:
        """The tap; only scenarios of the gateway's side come here."""
        assert self.tap is not None
        return self.tap

    @property
    def own_control(self) -> Control:
        """The stub's control port; steps that need it say so in the vocabulary."""
        assert self.control is not None
        return self.control


Act = Callable[[Stage, Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Step:
    """One word of the vocabulary: what it does, which keys it takes, and what gateway or ministry must offer for it."""

    name: str
    act: Act
    takes: frozenset[str]
    needs: tuple[str, ...]


VOCABULARY: dict[str, Step] = {}


def step(name: str, *takes: str, needs: tuple[str, ...] = ()) -> Callable[[Act], Act]:
    """Put a function into the vocabulary. Its docstring's first line is what the report says the step does."""

    def put(act: Act) -> Act:
        VOCABULARY[name] = Step(name, act, frozenset(takes), needs)
        return act

    return put


def until(claim: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
    """Look again and again until it is so or the time is up; says which."""
    ends = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > ends:
            return False
        time.sleep(pause)
    return True


def check(what: str, seen: Any, wanted: Any) -> None:
    """Raise NotSo unless the two are equal."""
    if seen != wanted:
        raise NotSo(what, seen=seen, wanted=wanted)
