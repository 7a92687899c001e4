"""The registers of a kurum's parties: what is told is compared with what is known, and only the difference is written.

A register is one table. Rows are found by blind index; facts that name somebody stand sealed in its body, the rest in
plain columns. A fact that was not told stays as it was, and no row is ever deleted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, RowMapping, Table, func, select, update

from integrator.domain.findings import seen, seen_number
from integrator.domain.identifiers import KurumNo
from integrator.parties.mirror import place_of
from integrator.protect.seal import Sealer
from integrator.store.dialect import hold
from integrator.store.rows import insert_rows, update_rows
from integrator.store.tables import calisan, isyeri_karti, kurum, profesyonel, sozlesme

AT_ONCE = 500  # keys in one query
Facts = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Register:
    """One table of parties. `secret` facts are sealed; `public` may be told whole (a workplace's number is public)."""

    table: Table
    secret: tuple[str, ...] = ()
    public: frozenset[str] = frozenset({"sgk_tescil_no", "replaced_by", "ad_unvan", "ref"})

    @property
    def untold(self) -> dict[str, None]:
        """Every fact that a row may hold, as of a row of which nothing was told."""
        return dict.fromkeys([*self.secret, *(column.name for column in self.table.columns)])

    @property
    def key(self) -> str:
        """The column of its blind index."""
        return f"{self.table.name.removesuffix('_karti')}_index"


ISYERI = Register(
    isyeri_karti,
    ("sgk_tescil_no", "ad_unvan", "replaced_by", "otomatik_by", "contact_name", "contact_phone", "contact_email"),
)
PROFESYONEL = Register(profesyonel, ("tckn", "ad", "belge_no"))
SOZLESME = Register(sozlesme, ("sgk_tescil_no", "tckn", "ref"))
CALISAN = Register(calisan, ("tckn", "ad"))
SEALED = (ISYERI, PROFESYONEL, SOZLESME, CALISAN)
"""Those whose rows hold sealed facts."""


def isyeri_index(sealer: Sealer, sgk_tescil_no: str) -> str:
    """The index by which messages of the queue know a workplace, too."""
    return sealer.blind_index("isyeri", sgk_tescil_no)


def profesyonel_index(sealer: Sealer, tckn: str) -> str:
    """The same for a professional."""
    return sealer.blind_index("profesyonel", tckn)


def calisan_index(sealer: Sealer, sgk_tescil_no: str, tckn: str) -> str:
    """A worker at one workplace; at another they have another index."""
    return sealer.blind_index("calisan", f"{sgk_tescil_no}/{tckn}")


@dataclass(frozen=True, slots=True)
class Told:
    """One row of a register as somebody tells it; facts that are absent were not told."""

    register: Register
    key: str
    facts: Facts = field(repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """What a told row means: `before` is empty for a new one; `differing` holds the facts that change."""

    told: Told
    before: Facts = field(repr=False)
    differing: tuple[str, ...]

    @property
    def kind(self) -> str:
        """``new``, ``changed`` or ``same``."""
        return "new" if not self.before else "changed" if self.differing else "same"

    @property
    def after(self) -> dict[str, Any]:
        """Every fact as it will be."""
        return {**self.before, **self.told.facts}

    def words(self) -> str:
        """``durum: onay_bekliyor -> onaylandi``; what names a person is masked."""
        register, after = self.told.register, self.after
        named = [name for name in self.differing if not name.endswith("_index")]
        return ", ".join(
            f"{name}: {shown(register, name, self.before.get(name))} -> {shown(register, name, after.get(name))}"
            for name in named
        )


def shown(register: Register, name: str, value: Any) -> str:
    """A fact as it may be shown to whoever runs the gateway."""
    if value is None or value == "":
        return "-"
    text = str(value)
    if name in register.public:
        return seen_number(text)
    return masked(text) if name in register.secret and name != "tckn" else seen(text)


def masked(text: str) -> str:
    """The first letter of each word, and stars."""
    return " ".join(word[0] + "***" for word in text.split())


def compare(tx: Connection, sealer: Sealer, kurum_no: KurumNo, told: Sequence[Told]) -> list[Change]:
    """What each of `told` would change, in their order; each key stands there once."""
    known: dict[str, dict[str, Any]] = {}
    for register, several in _by_register(told, lambda each: each.register):
        known |= read(tx, sealer, kurum_no, register, [each.key for each in several])
    return [_change(each, known.get(each.key, {})) for each in told]


def _by_register(several: Iterable[T], register_of: Callable[[T], Register]) -> Iterator[tuple[Register, list[T]]]:
    groups: dict[str, tuple[Register, list[T]]] = {}
    for each in several:
        register = register_of(each)
        groups.setdefault(register.table.name, (register, []))[1].append(each)
    yield from groups.values()


def _change(told: Told, before: Facts) -> Change:
    return Change(told, before, tuple(name for name, value in told.facts.items() if before.get(name) != value))


def write(tx: Connection, sealer: Sealer, kurum_no: KurumNo, changes: Iterable[Change], *, now: datetime) -> None:
    """Write what is new and what changed; what is the same costs nothing."""
    for register, several in _by_register(changes, lambda each: each.told.register):
        rows = {
            kind: [
                {**_row(register, sealer, kurum_no, each.told.key, each.after), "changed_at": now}
                for each in several
                if each.kind == kind
            ]
            for kind in ("new", "changed")
        }
        insert_rows(tx, register.table, rows["new"])
        update_rows(tx, register.table, ("kurum_id", register.key), rows["changed"])


def written(changes: Iterable[Change]) -> dict[Table, list[tuple[str]]]:
    """Table -> keys of the rows that `write` writes for these changes."""
    several = _by_register((each for each in changes if each.kind != "same"), lambda each: each.told.register)
    return {register.table: [(each.told.key,) for each in mine] for register, mine in several}


def hold_registers(tx: Connection, kurum_no: KurumNo) -> None:
    """Be the only one who changes this kurum's registers until the transaction ends."""
    hold(tx, f"parties/{kurum_no}")


def read(
    tx: Connection, sealer: Sealer, kurum_no: KurumNo, register: Register, keys: Iterable[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(key, facts) of the rows with these keys, opened."""
    column = register.table.c[register.key]
    for several in in_portions(keys):
        query = select(register.table).where(register.table.c.kurum_id == kurum_no, column.in_(several))
        for row in tx.execute(query).mappings():
            yield _opened(row, register, sealer, kurum_no)


def in_portions(keys: Iterable[str]) -> Iterator[list[str]]:
    """The keys in lists that one query takes."""
    left = iter(keys)
    while several := list(islice(left, AT_ONCE)):
        yield several


def read_all(
    tx: Connection, sealer: Sealer, kurum_no: KurumNo, register: Register, *, isyeri: str | None = None
) -> list[tuple[str, dict[str, Any]]]:
    """(key, facts) of every row of the kurum, or of those at one workplace."""
    query = select(register.table).where(register.table.c.kurum_id == kurum_no)
    if isyeri:
        query = query.where(register.table.c.isyeri_index == isyeri)
    ordered = query.order_by(register.table.c[register.key])
    return [_opened(row, register, sealer, kurum_no) for row in tx.execute(ordered).mappings()]


def _opened(row: RowMapping, register: Register, sealer: Sealer, kurum_no: KurumNo) -> tuple[str, dict[str, Any]]:
    key = row[register.key]
    left_out = ("kurum_id", register.key, "body", "changed_at")
    facts = {name: value for name, value in row.items() if name not in left_out}
    if register.secret and row["body"] is not None:  # a worker's row of an older release has none yet
        facts |= json.loads(sealer.open(row["body"], place_of(register.table, kurum_no, key)))
    return key, facts


def _row(register: Register, sealer: Sealer, kurum_no: KurumNo, key: str, facts: Facts) -> dict[str, Any]:
    plain = {c.name: facts.get(c.name) for c in register.table.c if c.name not in ("body", "changed_at")}
    row = {**plain, "kurum_id": kurum_no, register.key: key}
    if register.secret:
        secret = {name: facts[name] for name in register.secret if facts.get(name)}
        content = json.dumps(secret, ensure_ascii=False).encode()
        row["body"] = sealer.seal(content, place_of(register.table, kurum_no, key))
    return row


def keys_of(tx: Connection, kurum_no: KurumNo, register: Register, *where: Any) -> Iterator[str]:
    """The keys of the kurum's rows that fulfil `where`."""
    query = select(register.table.c[register.key]).where(register.table.c.kurum_id == kurum_no, *where)
    yield from tx.execute(query).scalars()


def gone_from(tx: Connection, kurum_no: KurumNo, isyeri: str, seen_keys: Container[str]) -> list[str]:
    """The workers known at a workplace, and not marked yet, whose keys are not among `seen_keys`."""
    there = (calisan.c.isyeri_index == isyeri, calisan.c.not_seen_since.is_(None))
    return [key for key in keys_of(tx, kurum_no, CALISAN, *there) if key not in seen_keys]


def count_by_workplace(tx: Connection, kurum_no: KurumNo, register: Register, *where: Any) -> dict[str, int]:
    """How many rows of a register (contracts, workers) each workplace has, by its index."""
    place = register.table.c.isyeri_index
    query = select(place, func.count()).where(register.table.c.kurum_id == kurum_no, *where).group_by(place)
    return {row[0]: row[1] for row in tx.execute(query)}


def read_kurum(tx: Connection, kurum_no: KurumNo) -> dict[str, Any]:
    """The kurum's own type and whether it follows served-workplace notifications; empty when it did nothing yet."""
    own = select(kurum.c.tur, kurum.c.follows_served).where(kurum.c.kurum_id == kurum_no)
    row = tx.execute(own).mappings().one_or_none()
    return dict(row) if row else {}


def write_kurum(tx: Connection, kurum_no: KurumNo, facts: Facts) -> None:
    """Write those of the kurum's own facts that are told."""
    tx.execute(update(kurum).where(kurum.c.kurum_id == kurum_no).values(**facts))
