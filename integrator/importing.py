"""Exports of İSG-KATİP into the registers of parties: row by row compared, and only the difference written.

1. find the sheet and its headings, read its rows; a faulty row is told with its cell and stops no other
2. page by page, in one transaction each: compare with what is known, write the difference, record it in the audit log
3. when every row is stored: the day of rosters and contracts moves; who or what is missing is marked or told

A page that changes nothing writes nothing. So an import that was killed is simply repeated, and the same file twice is
the same as once. Nothing is ever deleted because a file does not hold it (docs/decisions/0020).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from hashlib import file_digest
from itertools import islice
from pathlib import Path
from typing import Any

from integrator.audit.bound import told_now
from integrator.audit.trail import Entry
from integrator.domain.clock import ISTANBUL
from integrator.domain.errors import Malformed, Unavailable
from integrator.domain.findings import Finding, Severity, seen
from integrator.domain.identifiers import KurumNo
from integrator.domain.workplaces import LIVE
from integrator.gateway import Gateway
from integrator.intake.exports import Export, ExportRow, open_export
from integrator.intake.read_json import Caps, Unreadable
from integrator.parties import forgetting, register
from integrator.parties.isgkatip import Kind
from integrator.parties.register import CALISAN, ISYERI, SOZLESME, Change, Told
from integrator.parties.returning import Returning
from integrator.parties.telling import Teller, Values
from integrator.protect.seal import Sealer, new_key
from integrator.store.engine import Tx, reading, write_anew
from integrator.store.tables import erased_party

PAGE = 500  # rows in one transaction
KEPT = 200  # changes, absences and findings that are told one by one; all are counted


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is imported and how. `whole` takes the file as complete although rows of it are faulty; `readmit` takes
    in whoever was erased before.
    """

    kind: Kind
    path: Path
    refreshed_on: date | None = None
    sgk_tescil_no: str = ""  # the workplace of a roster whose sheet names none
    roles: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False
    preview: bool = False
    by: str = ""  # who sent it through a door
    readmit: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """A row that is new or differs: its cell, whom it is about (masked), and what changes."""

    where: str
    about: str
    change: Change


@dataclass(slots=True)
class Report:
    """What an import changed, or would change. `counts` counts all, the lists hold the first `KEPT` each.

    Rows are ``new``, ``changed``, ``same``, ``repeated``, ``faulty``, ``erased`` or ``outdated``; workers who are no
    longer on a roster are ``gone``, contracts that the file does not hold are ``absent``.
    """

    counts: Counter[str] = field(default_factory=Counter)
    changes: list[Changed] = field(default_factory=list)
    absent: list[dict[str, Any]] = field(default_factory=list, repr=False)
    findings: list[tuple[str, Finding]] = field(default_factory=list)

    def find(self, where: str, finding: Finding) -> None:
        """Keep a finding with its cell, up to the bound."""
        if len(self.findings) < KEPT:
            self.findings.append((where, finding))


@dataclass(frozen=True, slots=True)
class _Line:
    """One good row: its cell, whom it is about, and what it tells; the first is what the export is about."""

    where: str
    about: str
    told: list[Told]


def import_parties(gateway: Gateway, kurum: KurumNo, wanted: Wanted, caps: Caps) -> Report:
    """Bring an export into the registers of `kurum`; with `wanted.preview` only say what it would change.

    Raises Malformed when the file, its headings or the day cannot be taken; nothing was changed then.
    """
    today = gateway.clock.now().astimezone(ISTANBUL).date()
    if wanted.refreshed_on and wanted.refreshed_on > today:
        raise Malformed(f"--refreshed-on: {wanted.refreshed_on} has not come yet")
    if wanted.kind is Kind.ROSTER and not wanted.refreshed_on:
        raise Malformed("--refreshed-on: the day on which the roster was refreshed in İSG-KATİP is wanted")
    told = frozenset({"sgk_tescil_no"} if wanted.sgk_tescil_no else ())
    try:
        with open_export(wanted.path, wanted.kind, caps, told=told) as export:
            return _Import(gateway, kurum, wanted, today).carry_out(export)
    except Unreadable as error:
        finding = error.finding
        raise Malformed(f"{wanted.path.name}: {finding.sentence('tr')} / {finding.sentence('en')}") from error


class _Import:
    """One file on its way into the registers of one kurum."""

    def __init__(self, gateway: Gateway, kurum: KurumNo, wanted: Wanted, today: date) -> None:
        self._gateway = gateway
        self._kurum = kurum
        self._wanted = wanted
        self._now = gateway.clock.now()
        self._day = wanted.refreshed_on or today
        self._sealer = self._open_sealer()
        self._teller = Teller(wanted.kind, self._sealer, wanted.roles)
        with reading(gateway.database) as tx:
            self._returning = Returning(self._sealer, forgetting.read_marks(tx, kurum), wanted.readmit)
        self._report = Report()
        self._subjects: dict[str, tuple[str, int]] = {}  # keys of the export's subjects -> cell, digest of the facts
        self._beside: set[str] = set()  # keys of what was told on the way: the first word in the file counts
        self._workplaces: dict[str, str] = {}  # index -> number
        self._outdated: set[str] = set()  # workplaces whose roster here is newer than the file's
        with wanted.path.open("rb") as stream:
            self._digest = self._sealer.fingerprint(file_digest(stream, "sha256").digest()).hex()

    def _open_sealer(self) -> Sealer:
        """The kurum's, made on its first import. A preview makes nothing: to whoever is not here yet, all is new."""
        with reading(self._gateway.database) as tx:
            is_here = bool(register.read_kurum(tx, self._kurum))
        if self._wanted.preview and not is_here:
            return Sealer(0, new_key())
        return self._gateway.keyring.sealer(self._kurum, now=self._now)

    def carry_out(self, export: Export) -> Report:
        """The walk; returns what came of it."""
        for where, note in export.notes:
            self._report.find(where, note)
        lines = (line for row in export.rows() if (line := self._line(row)))
        while page := list(islice(lines, PAGE)):
            self._page(page)
        if self._report.counts["faulty"] and not self._wanted.whole:
            self._find("INT-PTY-013", str(self._report.counts["faulty"]), "")
        elif self._wanted.kind is Kind.ROSTER:
            self._finish_rosters()
        elif self._wanted.kind is Kind.CONTRACTS:
            self._finish_contracts()
        return self._report

    def _line(self, row: ExportRow) -> _Line | None:
        faults, told = list(row.faults), list[Told]()
        whole = {"sgk_tescil_no": self._wanted.sgk_tescil_no, **row.values}
        values: Values | None = whole
        if not faults:
            values, odd = self._returning.admit(whole)
            told, more = self._teller.tell(values) if values else ([], [])
            faults = [(row.places.get(each.path, row.where), each) for each in [*odd, *more]]
        for where, finding in faults:
            self._report.find(where, finding)
        if not told or not values:
            self._report.counts["faulty" if values else "erased"] += 1
            return None
        if not self._is_first(row.where, told[0]):
            return None
        about = (values["sgk_tescil_no"], told[0].facts.get("ref"), seen(values.get("tckn")))
        return _Line(row.where, " ".join(filter(None, about)), told)

    def _is_first(self, where: str, told: Told) -> bool:
        """Whether the row is the first about its subject. A second one is passed over, and a fault when it differs."""
        digest = hash(tuple(told.facts.items()))
        before = self._subjects.setdefault(told.key, (where, digest))
        if before[0] == where:
            return True
        if before[1] == digest:
            self._report.counts["repeated"] += 1
        else:
            self._report.counts["faulty"] += 1
            self._report.find(where, Finding("INT-PTY-009", "", where, before[0]))
        return False

    def _page(self, lines: list[_Line]) -> None:
        beside = {each.key: each for line in reversed(lines) for each in line.told[1:] if each.key not in self._beside}
        self._beside |= beside.keys()
        cards = {key: each.facts["sgk_tescil_no"] for key, each in beside.items() if each.register is ISYERI}
        self._workplaces |= cards
        if self._wanted.kind is Kind.ROSTER:
            lines = self._without_outdated(lines, cards)
        subjects = [_joined(line.told[0], beside.pop(line.told[0].key, None)) for line in lines]
        changes = self._settle(lambda _: [*subjects, *beside.values()])
        for line, change in zip(lines, changes, strict=False):
            self._tell(line, change)
        for change in changes:
            self._warn(change)

    def _without_outdated(self, lines: list[_Line], cards: Mapping[str, str]) -> list[_Line]:
        """The rows of workplaces whose roster here is not newer than the file; the others are told once."""
        with reading(self._gateway.database) as tx:
            known = dict(register.read(tx, self._sealer, self._kurum, ISYERI, cards))
        for key, facts in known.items():
            if facts["roster_on"] and facts["roster_on"] > self._day:
                del self._workplaces[key]
                self._outdated.add(key)
                self._find("INT-PTY-014", cards[key], f"{facts['roster_on']}")
        good = [line for line in lines if line.told[0].facts["isyeri_index"] not in self._outdated]
        self._report.counts["outdated"] += len(lines) - len(good)
        return good

    def _settle(self, tell: Callable[[Tx], list[Told]], **facts: Any) -> list[Change]:
        """Compare and, unless this is a preview, write the difference with its audit entry, in one transaction."""
        if self._wanted.preview:
            with reading(self._gateway.database) as tx:
                return self._compare(tx, tell(tx))
        changes = write_anew(self._gateway.database, lambda tx: self._write(tx, tell, facts))
        self._returning.is_in()
        return changes

    def _compare(self, tx: Tx, told: list[Told]) -> list[Change]:
        return register.compare(tx, self._sealer, self._kurum, told)

    def _write(self, tx: Tx, tell: Callable[[Tx], list[Told]], facts: Mapping[str, Any]) -> list[Change]:
        register.hold_registers(tx, self._kurum)
        if forgetting.read_marks(tx, self._kurum) != self._returning.marks:
            raise Unavailable("somebody was erased from the registers meanwhile: import the file once more")
        self._sealer = self._gateway.keyring.sealer(self._kurum, now=self._now)  # of the present key, at each try anew
        self._gateway.keyring.hold(tx, self._kurum, self._sealer)
        changes = self._compare(tx, tell(tx))
        register.write(tx, self._sealer, self._kurum, changes, now=self._now)
        kinds, back = Counter(each.kind for each in changes), self._returning.came_back
        forgetting.remove_marks(tx, self._kurum, back)
        if kinds["new"] + kinds["changed"] + len(back):
            about = {"kurum": self._kurum, "about": str(self._wanted.kind), "file": self._digest, **facts}
            about |= {"by": self._wanted.by} if self._wanted.by else {}
            marks = {erased_party: [(each,) for each in back]}
            about |= told_now(tx, self._sealer, self._kurum, {**register.written(changes), **marks})
            about |= {"readmitted": len(back)} if back else {}
            entry = Entry(
                "party.imported", self._gateway.actor, {**about, "new": kinds["new"], "changed": kinds["changed"]}
            )
            self._gateway.record(tx, [entry], self._now)
        return changes

    def _tell(self, line: _Line, change: Change) -> None:
        self._report.counts[change.kind] += 1
        if change.kind != "same" and len(self._report.changes) < KEPT:
            self._report.changes.append(Changed(line.where, line.about, change))

    def _warn(self, change: Change) -> None:
        """What a person should know of a change, whether the export is about it or only tells it on the way."""
        before, after = change.before, change.after
        if change.told.register is SOZLESME and before and "isyeri_index" in change.differing:
            self._find("INT-PTY-010", before["sgk_tescil_no"], after["sgk_tescil_no"])
        if change.told.register is ISYERI and "replaced_by" in change.differing:
            self._find("INT-PTY-016", after["sgk_tescil_no"], after["replaced_by"])
        moved = change.told.register is ISYERI and "calisan_sayisi" in change.differing and before.get("calisan_sayisi")
        if moved and after.get("otomatik_guncelleme") != 1:
            self._find(
                "INT-PTY-017", after["sgk_tescil_no"], f"{before['calisan_sayisi']} -> {after['calisan_sayisi']}"
            )

    def _find(self, code: str, about: str, told: str) -> None:
        self._report.find("", Finding(code, "", about, told, Severity.WARNING))

    def _finish_rosters(self) -> None:
        """Workers who are missing are marked, and the roster's day moves, in one transaction for each workplace."""
        for key in self._workplaces:
            changes = self._settle(partial(self._roster_end, key), day=str(self._day))
            self._report.counts["gone"] += len(changes) - 1

    def _roster_end(self, key: str, tx: Tx) -> list[Told]:
        """The card with its day, and everybody who is missing."""
        gone = register.gone_from(tx, self._kurum, key, self._subjects)
        card = Told(ISYERI, key, {"roster_on": self._day})
        return [card, *(Told(CALISAN, each, {"not_seen_since": self._day}) for each in gone)]

    def _finish_contracts(self) -> None:
        """From now on all contracts of these workplaces are known; those that the file does not hold are only told."""
        keys = iter(self._workplaces)
        while several := list(islice(keys, PAGE)):
            self._settle(partial(self._contracts_end, several))
        with reading(self._gateway.database) as tx:
            for key in register.keys_of(tx, self._kurum, SOZLESME, SOZLESME.table.c.durum.in_(LIVE)):
                if key not in self._subjects:
                    self._report.counts["absent"] += 1
                    if len(self._report.absent) < KEPT:
                        self._report.absent += [facts for _, facts in self._read(tx, key)]

    def _contracts_end(self, keys: list[str], tx: Tx) -> list[Told]:
        """The cards with their day: one that was given moves; else only a workplace without one gets today's."""
        known = dict(register.read(tx, self._sealer, self._kurum, ISYERI, keys))
        moving = [key for key in keys if self._wanted.refreshed_on or not known.get(key, {}).get("contracts_on")]
        return [Told(ISYERI, key, {"contracts_on": self._day}) for key in moving]

    def _read(self, tx: Tx, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
        return register.read(tx, self._sealer, self._kurum, SOZLESME, [key])


def _joined(told: Told, beside: Told | None) -> Told:
    """What a page tells of one subject in its own row and on the way."""
    return Told(told.register, told.key, {**beside.facts, **told.facts}) if beside else told
