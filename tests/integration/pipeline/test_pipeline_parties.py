from __future__ import annotations

from datetime import date
from threading import Thread

import pytest
from sqlalchemy import event, select

from integrator import importing
from integrator.domain import fault_points
from integrator.domain.errors import Malformed
from integrator.domain.identifiers import KurumNo, SgkTescilNo
from integrator.domain.workplaces import NothingKnown, SozlesmeDurumu
from integrator.importing import Wanted, import_parties
from integrator.intake.read_json import Caps
from integrator.parties.isgkatip import Kind
from integrator.parties.known import read_known
from integrator.registering import read_card, read_cards
from integrator.store.engine import reading
from integrator.store.tables import audit_entry, calisan, metadata
from tests.factories import KURUM, PROFESSIONAL, SGK, WORKER, record, submitted, tckn, workers
from tests.integration.pipeline.exports import (
    NEW,
    OLD,
    OTHER_SGK,
    PHYSICIAN,
    ROSTER,
    contract,
    import_rows,
    worker,
)
from tests.unit.intake.sheets import write_xlsx

DAY = date(2025, 10, 23)
ON = date(2025, 10, 1)


def known(gateway, *records, kurum=KURUM):
    sealer = gateway.keyring.sealer(kurum, now=gateway.clock.now())
    with reading(gateway.database) as tx:
        return read_known(tx, sealer, kurum, submitted(*records), gateway.clock.now())


def everything(gateway):
    """Every row of every table, audit log and all."""
    with reading(gateway.database) as tx:
        return {t.name: sorted(map(repr, tx.execute(select(t)).all())) for t in metadata.sorted_tables}


def test_contracts_under_new_names_are_known_to_rules(gateway, tmp_path):
    report = import_rows(
        gateway, tmp_path / "s.xlsx", "contracts", NEW, [contract(), contract("7002", person=PHYSICIAN, tur="140")]
    )

    (ours,) = known(gateway, record()).sozlesmeler(PROFESSIONAL, SGK)
    assert report.counts["new"] == 2
    assert (ours.belge_tipi, ours.durum) == ("2", SozlesmeDurumu.ONAYLANDI)
    assert (ours.baslangic, ours.bitis, ours.onay_tarihi) == (date(2020, 1, 1), None, date(2020, 1, 2))


def test_contracts_under_old_names_are_known_to_rules(gateway, tmp_path):
    row = ["9001", SGK, PROFESSIONAL, "Deneme Kişisi", "İş Güvenliği Uzmanı", "01.01.2020", "", "Onay Bekliyor"]
    import_rows(gateway, tmp_path / "s.csv", "contracts", OLD, [row])

    (ours,) = known(gateway, record()).sozlesmeler(PROFESSIONAL, SGK)
    assert (ours.belge_tipi, ours.durum) == ("2", SozlesmeDurumu.ONAY_BEKLIYOR)


def test_a_stranger_has_no_contract_where_contracts_are_known_and_nothing_is_said_elsewhere(gateway, tmp_path):
    import_rows(gateway, tmp_path / "s.xlsx", "contracts", NEW, [contract()])

    told = known(gateway, record(), record("K-2", sgkTescilNo=OTHER_SGK))
    assert told.sozlesmeler(PHYSICIAN, SGK) == []
    assert told.sozlesmeler(PROFESSIONAL, OTHER_SGK) is None


def test_a_kurum_that_imported_nothing_knows_nothing(gateway, tmp_path):
    import_rows(gateway, tmp_path / "s.xlsx", "contracts", NEW, [contract()])

    assert isinstance(known(gateway, record(), kurum=KurumNo("osgb-2")), NothingKnown)
    assert read_cards(gateway, KurumNo("osgb-2")) == []


def test_a_roster_holds_who_was_employed_on_the_day(gateway, tmp_path):
    gone = workers(2)
    rows = [worker(WORKER), worker(gone[0], left="01.10.2025"), worker(gone[1], hired="24.10.2025")]
    import_rows(gateway, tmp_path / "r.xlsx", "roster", ROSTER, rows, refreshed_on=date(2025, 11, 1))

    roster = known(gateway, record(calisan=[WORKER, *gone])).calisan_listesi(SGK)
    assert roster.refreshed_on == date(2025, 11, 1)
    assert [roster.holds(each, DAY) for each in (WORKER, *gone, PHYSICIAN)] == [True, False, False, False]


def test_a_worker_who_is_no_longer_on_the_roster_stays_and_is_marked(gateway, tmp_path):
    other = workers(1)[0]
    import_rows(gateway, tmp_path / "1.xlsx", "roster", ROSTER, [worker(WORKER), worker(other)], refreshed_on=ON)
    report = import_rows(gateway, tmp_path / "2.xlsx", "roster", ROSTER, [worker(WORKER)], refreshed_on=DAY)

    roster = known(gateway, record(calisan=[other])).calisan_listesi(SGK)
    assert (report.counts["gone"], report.counts["same"]) == (1, 1)
    assert (roster.refreshed_on, roster.holds(other, ON), roster.holds(other, DAY)) == (DAY, True, False)
    with reading(gateway.database) as tx:
        assert len(tx.execute(select(calisan)).all()) == 2


def test_a_worker_who_comes_back_is_on_the_roster_again(gateway, tmp_path):
    other = workers(1)[0]
    for number, (rows, day) in enumerate([([WORKER, other], 1), ([WORKER], 2), ([WORKER, other], 3)]):
        path = tmp_path / f"{number}.xlsx"
        import_rows(gateway, path, "roster", ROSTER, [worker(each) for each in rows], refreshed_on=date(2025, 10, day))

    assert known(gateway, record(calisan=[other])).calisan_listesi(SGK).holds(other, DAY)


def test_the_same_file_twice_changes_nothing(gateway, tmp_path, clock):
    rows = [contract(), contract("7002", person=PHYSICIAN, tur="140")]
    import_rows(gateway, tmp_path / "s.xlsx", "contracts", NEW, rows)
    import_rows(gateway, tmp_path / "r.xlsx", "roster", ROSTER, [worker(WORKER)], refreshed_on=ON)
    before = everything(gateway)
    clock.advance(days=3)
    again = import_rows(gateway, tmp_path / "s.xlsx", "contracts", NEW, rows)
    import_rows(gateway, tmp_path / "r.xlsx", "roster", ROSTER, [worker(WORKER)], refreshed_on=ON)

    assert (again.counts["same"], again.counts["new"], again.changes) == (2, 0, [])
    assert everything(gateway) == before


def test_a_roster_older_than_the_one_here_changes_nothing(gateway, tmp_path):
    other = workers(1)[0]
    import_rows(gateway, tmp_path / "1.xlsx", "roster", ROSTER, [worker(WORKER)], refreshed_on=DAY)
    report = import_rows(gateway, tmp_path / "2.xlsx", "roster", ROSTER, [worker(other)], refreshed_on=ON)

    roster = known(gateway, record(calisan=[WORKER, other])).calisan_listesi(SGK)
    assert [finding.code for _, finding in report.findings] == ["INT-PTY-014"]
    assert (report.counts["outdated"], roster.refreshed_on) == (1, DAY)
    assert (roster.holds(WORKER, DAY), roster.holds(other, DAY)) == (True, False)


def test_a_preview_says_what_would_change_and_writes_nothing(gateway, tmp_path):
    import_rows(gateway, tmp_path / "1.xlsx", "contracts", NEW, [contract(), contract("7002", person=PHYSICIAN)])
    before = everything(gateway)
    rows = [contract(durum="5002", end="30.09.2025"), contract("7003", sgk=OTHER_SGK), ["7004", "12", "", "1"]]
    report = import_rows(gateway, tmp_path / "2.xlsx", "contracts", NEW, rows, preview=True)

    counts = {name: report.counts[name] for name in ("changed", "new", "faulty")}
    assert counts == {"changed": 1, "new": 1, "faulty": 1}
    assert report.changes[0].change.words() == "durum: onaylandi -> sona_erdi, bitis: - -> 2025-09-30"
    assert everything(gateway) == before


def test_what_an_import_says_names_nobody(gateway, tmp_path):
    import_rows(gateway, tmp_path / "1.xlsx", "contracts", NEW, [contract()])
    report = import_rows(gateway, tmp_path / "2.xlsx", "contracts", NEW, [contract(person=PHYSICIAN)])

    with reading(gateway.database) as tx:
        leaves = b"".join(tx.execute(select(audit_entry.c.leaf)).scalars())
    words = report.changes[0].change.words()
    assert words == "tckn: 81*******04 -> 83*******02"
    assert b"party.imported" in leaves
    assert not any(told in text for told in (PROFESSIONAL, PHYSICIAN, "Deneme") for text in (words, leaves.decode()))


def test_no_column_of_the_registers_holds_a_number_or_a_name(gateway, tmp_path):
    import_rows(gateway, tmp_path / "1.xlsx", "contracts", NEW, [contract()])
    import_rows(gateway, tmp_path / "2.xlsx", "roster", ROSTER, [worker(WORKER)], refreshed_on=ON)

    rows = repr(everything(gateway))
    assert rows.count("onaylandi") == 1
    assert [told for told in (PROFESSIONAL, WORKER, SGK, "Deneme", "DENEME", "7001") if told in rows] == []


def test_a_faulty_row_is_told_with_its_cell_and_stops_no_other(gateway, tmp_path):
    spoiled = [contract("7002", person="80000000131"), contract("7003", durum="5005"), contract("7004", sgk="123")]
    report = import_rows(gateway, tmp_path / "s.xlsx", "contracts", NEW, [contract(), *spoiled])

    told = [(cell, finding.code) for cell, finding in report.findings]
    assert told == [
        ("Kayıtlar!D3", "INT-VAL-010"),
        ("Kayıtlar!G4", "INT-PTY-004"),
        ("Kayıtlar!B5", "INT-VAL-011"),
        ("", "INT-PTY-013"),
    ]
    assert (report.counts["new"], report.counts["faulty"]) == (1, 3)
    assert "80000000131" not in repr(report.findings)


def test_a_file_with_faulty_rows_is_no_whole_list_unless_it_is_said_to_be(gateway, tmp_path):
    import_rows(gateway, tmp_path / "1.xlsx", "roster", ROSTER, [worker(WORKER)], refreshed_on=ON)
    rows = [worker(workers(1)[0]), worker("80000000131")]
    import_rows(gateway, tmp_path / "2.xlsx", "roster", ROSTER, rows, refreshed_on=DAY)
    incomplete = known(gateway, record()).calisan_listesi(SGK)
    import_rows(gateway, tmp_path / "2.xlsx", "roster", ROSTER, rows, refreshed_on=DAY, whole=True)
    whole = known(gateway, record()).calisan_listesi(SGK)

    assert (incomplete.refreshed_on, incomplete.holds(WORKER, DAY)) == (ON, True)
    assert (whole.refreshed_on, whole.holds(WORKER, DAY)) == (DAY, False)


def test_a_contract_that_a_file_does_not_hold_is_told_and_stays(gateway, tmp_path):
    import_rows(gateway, tmp_path / "1.xlsx", "contracts", NEW, [contract(), contract("7002", person=PHYSICIAN)])
    report = import_rows(gateway, tmp_path / "2.xlsx", "contracts", NEW, [contract()])

    assert (report.counts["absent"], report.absent[0]["tckn"]) == (1, PHYSICIAN)
    assert len(read_card(gateway, KURUM, SgkTescilNo(SGK)).contracts) == 2


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def killed_at():
    """Call with n: the process ends at the n-th commit from now, before it (odd) or after it (even); 0 for never."""

    def arm(nth):
        passed = []

        def act(point):
            if point.startswith("commit"):
                passed.append(point)
                if len(passed) == nth:
                    raise Killed

        fault_points.arm(act if nth else None)

    yield arm
    fault_points.arm(None)


@pytest.mark.parametrize("nth", [1, 3, 4, 6, 7, 8])
def test_an_import_killed_in_the_middle_and_repeated_comes_to_the_same_end(
    gateway, tmp_path, monkeypatch, killed_at, nth
):
    monkeypatch.setattr(importing, "PAGE", 3)
    people, gone = workers(8), tckn(870_000_001)
    import_rows(gateway, tmp_path / "0.xlsx", "roster", ROSTER, [worker(gone)], refreshed_on=ON)
    options = {"headings": ROSTER, "rows": [worker(each) for each in people], "refreshed_on": DAY}
    killed_at(nth)
    with pytest.raises(Killed):
        import_rows(gateway, tmp_path / "1.xlsx", "roster", **options)
    killed_at(0)
    halfway = known(gateway, record(calisan=[*people, gone])).calisan_listesi(SGK)
    import_rows(gateway, tmp_path / "1.xlsx", "roster", **options)
    roster = known(gateway, record(calisan=[*people, gone])).calisan_listesi(SGK)

    assert (halfway.refreshed_on, halfway.holds(gone, DAY)) == ((ON, True) if nth < 8 else (DAY, False))
    assert [roster.holds(each, DAY) for each in (*people, gone)] == [True] * 8 + [False]
    assert roster.refreshed_on == DAY


def test_a_day_to_come_and_a_roster_without_a_day_are_refused(gateway, tmp_path):
    with pytest.raises(Malformed, match="not come"):
        import_rows(gateway, tmp_path / "r.xlsx", "roster", ROSTER, [worker(WORKER)], refreshed_on=date(2200, 1, 1))
    with pytest.raises(Malformed, match="--refreshed-on"):
        import_rows(gateway, tmp_path / "r.xlsx", "roster", ROSTER, [worker(WORKER)])


def test_two_imports_at_once_come_to_the_end_of_one(gateway, another_worker, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "PAGE", 5)
    people, reports = workers(40), []
    write_xlsx(tmp_path / "r.xlsx", [worker(each) for each in people], headings=ROSTER)
    wanted = Wanted(Kind.ROSTER, tmp_path / "r.xlsx", refreshed_on=ON)
    gateway.keyring.sealer(KURUM, now=gateway.clock.now())

    def act(process):
        reports.append(import_parties(process, KURUM, wanted, Caps()))

    threads = [Thread(target=act, args=(each,)) for each in (gateway, another_worker())]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    roster = known(gateway, record(calisan=people)).calisan_listesi(SGK)
    assert sum(each.counts["new"] for each in reports) == sum(each.counts["same"] for each in reports) == 40
    assert all(roster.holds(each, DAY) for each in people)


@pytest.fixture
def statements(database):
    """Every statement that is sent to the database, in order; SQLite itself tells those that SQLAlchemy never saw."""
    sent = []

    def note(_connection, _cursor, statement, *_rest):
        sent.append(statement)

    def watch(driver, *_rest):
        driver.set_trace_callback(sent.append)

    told, listener = ("checkout", watch) if database.dialect.name == "sqlite" else ("before_cursor_execute", note)
    event.listen(database, told, listener)
    yield sent
    event.remove(database, told, listener)


def test_a_group_is_answered_by_a_few_queries_and_by_one_where_nothing_was_imported(gateway, tmp_path, statements):
    several = [
        record(f"K-{n}", sgkTescilNo=(SGK, OTHER_SGK)[n % 2], calisan=[each]) for n, each in enumerate(workers(128))
    ]
    gateway.keyring.sealer(KURUM, now=gateway.clock.now())
    counted = []
    for _ in range(2):
        statements.clear()
        known(gateway, *several)
        counted.append(sum(each.startswith("SELECT") for each in statements))
        rows = [contract(), contract("7002", sgk=OTHER_SGK)]
        import_rows(gateway, tmp_path / "s.xlsx", "contracts", NEW, rows)
        rows = [worker(each, sgk=sgk) for each in workers(128) for sgk in (SGK, OTHER_SGK)]
        import_rows(gateway, tmp_path / "r.xlsx", "roster", ROSTER, rows, refreshed_on=ON)

    assert counted == [1, 6]
