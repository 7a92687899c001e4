"""Which request meets which fault: by script, else by a draw that depends only on seed, number and arrival.

The draw for the n-th arrival of a number under an operation is the same in every run with the same seed,
whatever else arrives in between. After PATIENCE faulty answers in a row for one number and operation the
next is honest, so that every test ends; scripts are outside that rule.
"""

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from integrator.ministry import faults, reply_forms  # noqa: F401 - each enters its faults into the table
from integrator.ministry.fault_table import FAULTS, QUERY_SHARE

SAVE, QUERY, OTHER = "save", "query", "other"
SETS = ("none", "usual", "hostile")
PATIENCE = 3


class BadPlan(Exception):
    """The fault settings cannot be taken; the text says which."""


@dataclass(slots=True)
class Script:
    """Do `fault` to the next `times` requests of `operation` that fit: this number, or the n-th save."""

    fault: str
    operation: str = SAVE
    sorgu_no: int | None = None
    nth: int | None = None
    times: int = 1

    def fits(self, names: tuple[str, str], sorgu_no: int, nth: int) -> bool:
        """Is this request, the `nth` of its kind, meant?"""
        is_number = self.sorgu_no in (None, sorgu_no)
        return self.times > 0 and self.operation in names and is_number and self.nth in (None, nth)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to happen to one request: a fault's name or None, and how many seconds pass before anything."""

    fault: str | None
    latency: float


def rates_of(name: str) -> tuple[dict[str, float], dict[str, float]]:
    """The rates of a named set, for saves and for queries."""
    if name not in SETS:
        raise BadPlan(f"the sets are {', '.join(SETS)}")
    saves = {one.name: rate for one in FAULTS.values() if (rate := getattr(one, name, 0.0)) > 0}
    if name != "hostile":
        return saves, {}
    return saves, {one: rate * QUERY_SHARE for one, rate in saves.items() if FAULTS[one].on_queries}


@dataclass
class FaultPlan:
    """The dice of one run. `slow_seconds`, `spell_seconds` in seconds; `latency` a range of seconds."""

    seed: int
    slow_seconds: float = 3.0
    spell_seconds: float = 5.0
    latency: tuple[float, float] = (0.0, 0.0)
    rates: dict[str, float] = field(default_factory=dict)
    query_rates: dict[str, float] = field(default_factory=dict)
    scripts: list[Script] = field(default_factory=list)
    _arrivals: Counter[tuple[str, int]] = field(default_factory=Counter)
    _kinds: Counter[str] = field(default_factory=Counter)
    _in_a_row: Counter[tuple[str, int]] = field(default_factory=Counter)
    _spell_until: float = 0.0

    def forget(self) -> None:
        """As at the start: no arrivals, no scripts, no spell; the rates stay."""
        self.scripts.clear()
        self._arrivals.clear()
        self._kinds.clear()
        self._in_a_row.clear()
        self._spell_until = 0.0

    def decide(self, kind: str, operation: str, sorgu_no: int) -> Decision:
        """What this request meets; counts its arrival."""
        key = (operation, sorgu_no)
        self._arrivals[key] += 1
        self._kinds[kind] += 1
        scripted = self._scripted(kind, operation, sorgu_no)
        if scripted is not None:
            return Decision(scripted, self.latency[0])
        rates = self.rates if kind == SAVE else self.query_rates if kind == QUERY else {}
        if not rates and self.latency == (0.0, 0.0):
            return _HONEST
        dice = random.Random(f"{self.seed}/{operation}/{sorgu_no}/{self._arrivals[key]}")
        name = self._patient(key, _pick(rates, dice.random()))
        return Decision(name, dice.uniform(*self.latency))

    def _scripted(self, kind: str, operation: str, sorgu_no: int) -> str | None:
        for script in self.scripts:
            if script.fits((kind, operation), sorgu_no, self._kinds[kind]):
                script.times -= 1
                self.scripts = [one for one in self.scripts if one.times > 0]
                return script.fault
        return None

    def _patient(self, key: tuple[str, int], name: str | None) -> str | None:
        if name is None or self._in_a_row[key] >= PATIENCE:
            self._in_a_row.pop(key, None)
            return None
        self._in_a_row[key] += 1
        return name

    def begin_401_spell(self, seconds: float | None = None) -> None:
        """From now on, for `seconds` (else `spell_seconds`), no firm is known."""
        self._spell_until = time.monotonic() + (self.spell_seconds if seconds is None else seconds)

    def is_in_401_spell(self) -> bool:
        """Is every firm refused at this moment?"""
        return self._spell_until > 0.0 and time.monotonic() < self._spell_until

    def use_set(self, name: str) -> None:
        """Replace all rates by those of a named set."""
        self.rates, self.query_rates = rates_of(name)

    def change(self, wanted: Any) -> None:
        """Take settings from the control port: all of them or, with BadPlan, none."""
        changes = read_changes(wanted)
        if "set" in changes:
            self.use_set(changes["set"])
        self.rates |= changes.get("rates", {})
        self.query_rates |= changes.get("query_rates", {})
        self.scripts += changes.get("scripts", [])
        for name in ("seed", "slow_seconds", "spell_seconds", "latency"):
            setattr(self, name, changes.get(name, getattr(self, name)))
        if "start_401_spell" in changes:
            self.begin_401_spell(changes["start_401_spell"])

    def as_json(self) -> dict[str, Any]:
        """The plan as the control port shows it, with every fault there is and what it does."""
        return {
            "seed": self.seed,
            "slow_seconds": self.slow_seconds,
            "spell_seconds": self.spell_seconds,
            "latency": list(self.latency),
            "rates": self.rates,
            "query_rates": self.query_rates,
            "scripts": [{name: getattr(one, name) for name in Script.__slots__} for one in self.scripts],
            "known": {one.name: one.what for one in FAULTS.values()},
        }


_HONEST = Decision(None, 0.0)


def _pick(rates: dict[str, float], draw: float) -> str | None:
    for name, rate in rates.items():
        draw -= rate
        if draw < 0:
            return name
    return None


def read_changes(wanted: Any) -> dict[str, Any]:
    """Settings out of JSON, checked; raises BadPlan."""
    if not isinstance(wanted, dict) or not set(wanted) <= set(_READERS):
        raise BadPlan(f"an object with no other keys than {', '.join(_READERS)} is expected")
    return {name: _READERS[name](value, name) for name, value in wanted.items()}


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3600:
        raise BadPlan(f"{name}: a number from 0 to 3600 is expected")
    return float(value)


def _seed(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadPlan(f"{name}: a whole number is expected")
    return value


def _set(value: Any, name: str) -> str:
    rates_of(value)
    return str(value)


def _latency(value: Any, name: str) -> tuple[float, float]:
    low, high = value if isinstance(value, list) and len(value) == 2 else (value, value)
    return _number(low, name), _number(high, name)


def _rates(value: Any, name: str) -> dict[str, float]:
    if not isinstance(value, dict):
        raise BadPlan(f"{name}: an object of fault and rate is expected")
    rates = {_fault(one): _number(rate, f"{name}.{one}") for one, rate in value.items()}
    if any(rate > 1 for rate in rates.values()):
        raise BadPlan(f"{name}: a rate is at most 1")
    return rates


def _fault(name: Any) -> str:
    if not isinstance(name, str) or name not in FAULTS:
        raise BadPlan(f"{name}: no such fault")
    return name


def _scripts(value: Any, name: str) -> list[Script]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise BadPlan(f"{name}: a list of objects is expected")
    return [_script(row) for row in value]


def _script(row: dict[str, Any]) -> Script:
    if not set(row) <= set(Script.__slots__) or not isinstance(row.get("operation", SAVE), str):
        raise BadPlan(f"a script has no other keys than {', '.join(Script.__slots__)}")
    numbers = {"times": 1} | {name: row[name] for name in ("sorgu_no", "nth", "times") if row.get(name) is not None}
    if not all(isinstance(number, int) for number in numbers.values()):
        raise BadPlan("sorgu_no, nth and times of a script are whole numbers")
    return Script(_fault(row.get("fault")), row.get("operation", SAVE), **numbers)


_READERS = {
    "set": _set,
    "rates": _rates,
    "query_rates": _rates,
    "scripts": _scripts,
    "seed": _seed,
    "slow_seconds": _number,
    "spell_seconds": _number,
    "latency": _latency,
    "start_401_spell": _number,
}
