"""Rows of sheets to Submitted records: rows with one Kayıt No are one record, and every finding leads to its cell.

A veri seti with two lists (trainings and workers) is their full product: each row is one pair, or names a member of
one list only, which then belongs to every member of the other. A second sheet that has nothing but Kayıt No and
members of a list (``Çalışanlar``) adds such rows. Sheets are walked twice in flat memory: first for headings, merged
cells and the places of each Kayıt No, then for the records (docs/decisions/0018).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from integrator.catalogue.catalogue import Catalogue
from integrator.catalogue.columns import KAYIT_NO, Column, columns_of, fold
from integrator.catalogue.definitions import Definition
from integrator.domain.findings import Finding, Severity, seen
from integrator.domain.records import Submitted
from integrator.intake.cells import Cell, Lists, cleaned
from integrator.intake.gathering import Group
from integrator.intake.read_json import Caps, Unreadable, faulty
from integrator.intake.sheets import Row, Survey, Table

HEADING_ROWS = 30
MAX_COLUMNS = 1000
MAX_COMPANIONS = 500_000
OWN_SHEETS = frozenset(map(fold, ("Açıklama", "Listeler", "Özet", "Özet (İBYS)")))
OWN_HEADINGS = frozenset(map(fold, ("Bulgular", "Findings")))


def read_tables(
    tables: Sequence[Table], notes: Sequence[Finding], caps: Caps, catalogue: Catalogue, veri_seti: str | None
) -> Iterator[Submitted]:
    """The records of the sheets; what concerns the whole file is told with the first record."""
    try:
        surveys, more = _survey_all(tables, catalogue, veri_seti)
        reading = _Reading(surveys, caps, catalogue)
        remarks = (*notes, *more)
        for each in reading.records():
            yield replace(each, remarks=(*remarks, *each.remarks)) if remarks else each
            remarks = ()
    except Unreadable as error:
        yield faulty("file", error.finding)


def _survey_all(
    tables: Sequence[Table], catalogue: Catalogue, veri_seti: str | None
) -> tuple[list[Survey], list[Finding]]:
    heads = [(table, _heading_candidates(table)) for table in tables if fold(table.name) not in OWN_SHEETS]
    definitions = [catalogue.newest(name) for name in sorted({each.veri_seti for each in catalogue.definitions})]
    if veri_seti:
        definitions = [catalogue.newest(veri_seti)]
    headings = [(each, _by_heading(each)) for each in definitions]
    definition, by_heading = max(headings, key=lambda pair: sum(_score(pair[1], rows) for _, rows in heads))
    surveys, notes = [], []
    for table, rows in heads:
        survey = _survey(table, rows, definition, by_heading)
        if survey:
            surveys.append(survey)
            notes += [
                Finding("INT-INT-053", "#file", seen(heading), table.address(survey.heading_row, at), Severity.WARNING)
                for at, heading in survey.unknown[:10]
            ]
        elif rows:
            notes.append(Finding("INT-INT-054", "#file", seen(table.name), "", Severity.WARNING))
    _refuse_incomplete(surveys, definition)
    return surveys, notes


def _heading_candidates(table: Table) -> list[Row]:
    rows = []
    for row in table.rows():
        rows.append(row)
        if len(rows) == HEADING_ROWS:
            break
    return rows


def _by_heading(definition: Definition) -> dict[str, Column]:
    return {key: column for column in columns_of(definition) for key in column.keys}


def _score(by_heading: dict[str, Column], rows: list[Row]) -> int:
    return max((len(_known(by_heading, row)) for row in rows), default=0)


def _known(by_heading: dict[str, Column], row: Row) -> dict[int, Column]:
    texts = {at: fold(cell.text[:200]) for at, cell in row.cells.items() if at < MAX_COLUMNS and cell.kind == "text"}
    return {at: by_heading[text] for at, text in texts.items() if text in by_heading}


def _survey(table: Table, rows: list[Row], definition: Definition, by_heading: dict[str, Column]) -> Survey | None:
    """The sheet's headings: the row with the most known ones; None when no row has two."""
    best = max(rows, key=lambda row: len(_known(by_heading, row)), default=None)
    columns = _known(by_heading, best) if best else {}
    if best is None or len(columns) < 2:
        return None
    places: dict[str, int] = {}
    for at, column in columns.items():
        if column.path in places:
            both = f"{table.address(best.number, places[column.path])}, {table.address(best.number, at)}"
            raise Unreadable("INT-INT-052", column.tr, both, "#file")
        places[column.path] = at
    unknown = [(at, cleaned(cell.text)) for at, cell in best.cells.items() if at not in columns and cleaned(cell.text)]
    return Survey(table, definition, best.number, columns, unknown)


def _refuse_incomplete(surveys: list[Survey], definition: Definition) -> None:
    known = {column.path for survey in surveys for column in survey.columns.values()}
    wanted = [each for each in columns_of(definition) if each.field and each.field.required]
    missing = [each.tr for each in wanted if each.path not in known and _is_required(definition, each)]
    if not surveys or all(survey.is_companion for survey in surveys):
        raise Unreadable("INT-INT-050", "", ", ".join(each.tr for each in columns_of(definition)), "#file")
    if definition.pairs and any(KAYIT_NO not in {c.path for c in each.columns.values()} for each in surveys):
        missing = ["Kayıt No", *missing]
    if missing:
        raise Unreadable("INT-INT-051", ", ".join(missing), definition.title_tr, "#file")


def _is_required(definition: Definition, column: Column) -> bool:
    return not column.inside or definition.field_by_name[column.inside].required


class _Reading:
    """The second walk. Holds one record's rows at a time, and the rows of companion sheets."""

    def __init__(self, surveys: list[Survey], caps: Caps, catalogue: Catalogue) -> None:
        self._main = [each for each in surveys if not each.is_companion]
        self._caps = caps
        self._codes = Lists(catalogue, surveys[0].definition)
        self._companions: dict[str, list[tuple[Survey, Row]]] = {}
        self._apart: set[str] = set()
        self._look_through([each for each in surveys if each.is_companion])

    def _look_through(self, companions: list[Survey]) -> None:
        """The first walk to its end: which Kayıt No stands in two places, and what the companion sheets hold."""
        known: set[str] = set()
        for survey in self._main:
            before = ""
            for row, kayit_no in self._rows(survey):
                if kayit_no != before and kayit_no in known:
                    self._apart.add(kayit_no)
                if kayit_no:
                    known.add(kayit_no)
                before = kayit_no
                del row
        count = 0
        for survey in companions:
            for row, kayit_no in self._rows(survey):
                count += 1
                if count > MAX_COMPANIONS:
                    raise Unreadable("INT-INT-013", f"> {MAX_COMPANIONS}", f"<= {MAX_COMPANIONS}", "#file")
                self._companions.setdefault(kayit_no, []).append((survey, row))

    def _rows(self, survey: Survey) -> Iterator[tuple[Row, str]]:
        """Rows below the headings with their Kayıt No; rows in which no known column is filled are passed over."""
        at_id = next((at for at, column in survey.columns.items() if column.path == KAYIT_NO), -1)
        nothing = Cell("")
        for row in survey.table.rows():
            if row.number <= survey.heading_row:
                continue
            if row.trouble or any(at in survey.columns for at in row.cells):
                cell = row.cells.get(at_id, nothing)
                yield row, _plain_id(cell)

    def records(self) -> Iterator[Submitted]:
        """One after the other, in the order of the sheets; last, what companion sheets say of unknown records."""
        for survey in self._main:
            gathered: Group | None = None
            for row, kayit_no in self._rows(survey):
                alone = not survey.definition.pairs or not kayit_no
                if gathered and (alone or gathered.kayit_no != kayit_no):
                    yield self._build(gathered)
                    gathered = None
                if gathered is None:
                    gathered = Group(kayit_no, survey.definition, self._codes)
                gathered.add(survey, row)
            if gathered:
                yield self._build(gathered)
        for kayit_no, rows in self._companions.items():
            survey, row = rows[0]
            address = survey.table.address(row.number, min(row.cells, default=0))
            yield replace(faulty(address, Finding("INT-INT-036", "", seen(kayit_no), "")), places={"": address})

    def _build(self, group: Group) -> Submitted:
        for survey, row in self._companions.pop(group.kayit_no, ()):
            group.add(survey, row)
        return group.submitted(self._caps, apart=group.kayit_no in self._apart)


def _plain_id(cell: Cell) -> str:
    """The Kayıt No as text; a whole number loses the ``.0`` some programs write."""
    text = cleaned(cell.text)
    return text.removesuffix(".0") if cell.kind == "number" else text
