"""Which request meets which fault: by script, else by a draw that depends only on seed, number and arrival.

The draw for the n-th arrival of a number under an operation is the same in every run with the same seed,
whatever else arrives in between. After PATIENCE faulty answers in a row for one number and operation the
next is honest, so that every test ends; scripts are outside that rule. A connection is drawn by its place in the line.
"""

import random
from collections import Counter, OrderedDict
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integrator.ministry import faults, reply_forms  # noqa: F401 - each enters its faults into the table
from integrator.ministry.clock import Clock
from integrator.ministry.doors import ON_CONNECTION, TLS_ONLY
from integrator.ministry.fault_table import FAULTS, QUERY_SHARE

SAVE, QUERY, OTHER, CONNECTION, TLS_CONNECTION = "save", "query", "other", "connection", "tls_connection"
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


def _nobody(seconds: float) -> None:
    """There is no port to close."""


@dataclass
class FaultPlan:
    """The dice of one run. `slow_seconds`, `spell_seconds` in seconds; `latency` a range of seconds.

    `outage` is from when until when on the stub's clock nothing is served; `shut` closes the port for some seconds.
    """

    seed: int
    clock: Clock = field(default_factory=Clock, compare=False)
    slow_seconds: float = 3.0
    spell_seconds: float = 5.0
    outage_hours: float = 6.0
    outage: tuple[datetime, datetime] | None = None
    shut: Callable[[float], None] = field(default=_nobody, compare=False, repr=False)
    latency: tuple[float, float] = (0.0, 0.0)
    rates: dict[str, float] = field(default_factory=dict)
    query_rates: dict[str, float] = field(default_factory=dict)
    connection_rates: dict[str, float] = field(default_factory=dict)
    scripts: list[Script] = field(default_factory=list)
    remembered: int = 100_000  # numbers whose arrivals are counted; of more, the one that came first counts anew
    _arrivals: OrderedDict[tuple[str, int], int] = field(default_factory=OrderedDict)
    _kinds: Counter[str] = field(default_factory=Counter)
    _in_a_row: Counter[tuple[str, int]] = field(default_factory=Counter)
    _spell_until: float = 0.0

    def forget(self) -> None:
        """As at the start: no arrivals, no scripts, no spell, no outage; the rates stay."""
        self.scripts.clear()
        self._arrivals.clear()
        self._kinds.clear()
        self._in_a_row.clear()
        self._spell_until = 0.0
        self.outage = None

    def decide(self, kind: str, operation: str, sorgu_no: int) -> Decision:
        """What this request meets; counts its arrival."""
        key = (operation, sorgu_no)
        self._count_arrival(key)
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

    def _count_arrival(self, key: tuple[str, int]) -> None:
        self._arrivals[key] = self._arrivals.get(key, 0) + 1
        if len(self._arrivals) > self.remembered:
            oldest, _ = self._arrivals.popitem(last=False)
            self._in_a_row.pop(oldest, None)

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

    def decide_connection(self, kind: str) -> str:
        """The fault of the door that the next connection of this kind meets, or nothing."""
        self._kinds[kind] += 1
        scripted = self._scripted(CONNECTION, kind, 0) if self.scripts else None
        dice = random.Random(f"{self.seed}/{kind}/{self._kinds[kind]}")
        met = scripted or _pick(self.connection_rates, dice.random()) or ""
        return met if kind == TLS_CONNECTION or met not in TLS_ONLY else ""

    def close_port(self, seconds: float | None = None) -> None:
        """Break every connection and let nobody in for `seconds` (else `spell_seconds`)."""
        self.shut(self.spell_seconds if seconds is None else seconds)

    def begin_outage(self, now: datetime) -> None:
        """From `now` on the stub's clock nothing is served for `outage_hours`."""
        self.outage = (now, now + timedelta(hours=self.outage_hours))

    def is_out(self, now: datetime) -> bool:
        """Is this moment of the stub's clock inside the outage?"""
        return self.outage is not None and self.outage[0] <= now < self.outage[1]

    def begin_401_spell(self, seconds: float | None = None) -> None:
        """From now on, for `seconds` (else `spell_seconds`), no firm is known."""
        self._spell_until = self.clock.seconds() + (self.spell_seconds if seconds is None else seconds)

    def is_in_401_spell(self) -> bool:
        """Is every firm refused at this moment?"""
        return self._spell_until > 0.0 and self.clock.seconds() < self._spell_until

    def use_set(self, name: str) -> None:
        """Replace all rates by those of a named set."""
        self.rates, self.query_rates = rates_of(name)
        self.connection_rates = {}

    def change(self, wanted: Any) -> None:
        """Take settings from the control port: all of them or, with BadPlan, none."""
        changes = read_changes(wanted)
        if "set" in changes:
            self.use_set(changes["set"])
        self.rates |= changes.get("rates", {})
        self.query_rates |= changes.get("query_rates", {})
        self.connection_rates |= changes.get("connection_rates", {})
        self.scripts += changes.get("scripts", [])
        for name in ("seed", "slow_seconds", "spell_seconds", "latency", "outage_hours", "outage"):
            setattr(self, name, changes.get(name, getattr(self, name)))
        if "start_401_spell" in changes:
            self.begin_401_spell(changes["start_401_spell"])
        if "close_port" in changes:
            self.close_port(changes["close_port"])

    def settings(self) -> dict[str, Any]:
        """What `change` takes, as it stands."""
        return {name: value for name, value in self.as_json().items() if name in _READERS}

    def as_json(self) -> dict[str, Any]:
        """The plan as the control port shows it, with every fault there is and what it does."""
        return {
            "seed": self.seed,
            "slow_seconds": self.slow_seconds,
            "spell_seconds": self.spell_seconds,
            "latency": list(self.latency),
            "rates": self.rates,
            "query_rates": self.query_rates,
            "connection_rates": self.connection_rates,
            "outage_hours": self.outage_hours,
            "outage": self.outage and dict(zip(("from", "until"), map(datetime.isoformat, self.outage), strict=True)),
            "scripts": [{name: getattr(one, name) for name in Script.__slots__} for one in self.scripts],
            "known": {one.name: one.what for one in FAULTS.values()} | ON_CONNECTION,
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


def _outage(value: Any, name: str) -> tuple[datetime, datetime] | None:
    if value is None:
        return None
    try:
        first, last = (datetime.fromisoformat(value[one]) for one in ("from", "until"))
        if first.tzinfo and last.tzinfo and first < last:
            return first, last
    except (TypeError, KeyError, ValueError) as error:
        raise BadPlan(f"{name}: {{from, until}} as ISO 8601 with a zone is expected, or null") from error
    raise BadPlan(f"{name}: {{from, until}} with a zone is expected, from before until")


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
    known = ON_CONNECTION if name == "connection_rates" else FAULTS
    rates = {_fault(one, known): _number(rate, f"{name}.{one}") for one, rate in value.items()}
    if any(rate > 1 for rate in rates.values()):
        raise BadPlan(f"{name}: a rate is at most 1")
    return rates


def _fault(name: Any, known: Container[str]) -> str:
    if not isinstance(name, str) or name not in known:
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
    fault = _fault(row.get("fault"), {*FAULTS, *ON_CONNECTION})
    return Script(fault, CONNECTION if fault in ON_CONNECTION else row.get("operation", SAVE), **numbers)


_READERS = {
    "set": _set,
    "rates": _rates,
    "query_rates": _rates,
    "connection_rates": _rates,
    "outage_hours": _number,
    "outage": _outage,
    "close_port": _number,
    "scripts": _scripts,
    "seed": _seed,
    "slow_seconds": _number,
    "spell_seconds": _number,
    "latency": _latency,
    "start_401_spell": _number,
}
