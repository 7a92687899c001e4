"""What the registers of parties hold of a person is erased with a certificate, and does not come back in silence."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert, select

from integrator import pipeline
from integrator.audit.trail import Trail
from integrator.audit.verify import Broken, verify
from integrator.domain.errors import NotFound, Unavailable
from integrator.domain.hands import Hand
from integrator.domain.identifiers import SgkTescilNo, Tckn
from integrator.evidence.told_rows import check_told_rows
from integrator.importing import Wanted, import_parties
from integrator.intake.read_json import Caps
from integrator.keeping import erasing
from integrator.keeping.backup import make_backup
from integrator.keeping.restoring import restore
from integrator.keeping.rotating import replace_data_keys, reseal
from integrator.parties.isgkatip import Kind
from integrator.parties.register import CALISAN, ISYERI, PROFESYONEL, SOZLESME, read_all
from integrator.registering import set_card
from integrator.store.engine import open_engine, reading, sqlite_url, writing
from integrator.store.keyring import KeyRing
from integrator.store.tables import audit_entry, calisan, erased_party
from integrator.trial.people import sgk_tescil_no
from tests.conftest import MASTER
from tests.factories import KURUM, PROFESSIONAL, SGK, WORKER, record, submitted, workers
from tests.integration.pipeline.exports import NEW, OTHER_SGK, PHYSICIAN, ROSTER, contract, import_rows, worker

OTHER = workers(1)[0]
WORKPLACES = ["SGK No", "İşyeri Unvanı", "e-Bildirge Kullanıcısı", "Telefon"]
CARD = [SGK, "DENEME İŞYERİ", "Deneme Kişisi", "5550000000"]
ROSTERS = [worker(WORKER), worker(WORKER, sgk=OTHER_SGK, left="31.12.2025"), worker(OTHER, left="31.12.2025")]
CONTRACTS = [contract("1", end="31.12.2025"), contract("2", sgk=OTHER_SGK), contract("3", person=PHYSICIAN)]
REGISTERS = (CALISAN, SOZLESME, PROFESYONEL)
ALL = {"calisan": 3, "sozlesme": 3, "profesyonel": 2}
LATER = datetime(2036, 1, 2, tzinfo=UTC)


@pytest.fixture
def bring(gateway, tmp_path):
    """Imports an export of each kind."""
    files = {"roster": (ROSTER, ROSTERS), "contracts": (NEW, CONTRACTS), "workplaces": (WORKPLACES, [CARD])}

    def bring(kind, rows=None, **options):
        headings, usual = files[kind]
        days = {"refreshed_on": gateway.clock.now().date()} if kind != "workplaces" else {}
        path = tmp_path / f"{kind}.xlsx"
        return import_rows(gateway, path, kind, headings, rows or usual, **{**days, **options})

    return bring


@pytest.fixture
def told(gateway, bring):
    """The gateway after one import of each kind, and a contact person told by hand."""
    for kind in ("contracts", "roster", "workplaces"):
        assert bring(kind).counts["faulty"] == 0
    facts = {"contact_name": "Deneme Kişisi", "contact_phone": "5550000000", "otomatik_by": "Deneme Kişisi"}
    set_card(gateway, KURUM, SgkTescilNo(SGK), facts, Hand("op", "phone"))
    return gateway


def held(gateway):
    """How many rows each register holds."""
    with reading(gateway.database) as tx:
        several = [read_all(tx, gateway.keyring.sealer(KURUM), KURUM, each) for each in REGISTERS]
    return {each.table.name: len(rows) for each, rows in zip(REGISTERS, several, strict=True)}


def contacts(gateway):
    with reading(gateway.database) as tx:
        cards = read_all(tx, gateway.keyring.sealer(KURUM), KURUM, ISYERI)
    return {name: value for _, card in cards for name, value in card.items() if name.startswith(("contact", "oto"))}


def is_proven(gateway, checkpoint_key):
    """Log and rows; a test's gateway has no facts of a home, which fsck asks for last."""
    with reading(gateway.database) as tx:
        check_told_rows(tx, gateway, told_entries(tx))
        return verify(tx, checkpoint_key.public, "test").broken is None


def told_entries(tx):
    rows = tx.execute(select(audit_entry.c.i, audit_entry.c.leaf).order_by(audit_entry.c.i))
    return [(row.i, json.loads(row.leaf)) for row in rows]


def erase(gateway, person, **options):
    return erasing.erase_person(gateway, KURUM, Tckn(person), "parties", reason="letter 12", **options)


def counts(made):
    """Register -> (destroyed, what stays and why)."""
    return {each["register"]: (each["destroyed"], each["stays"]) for each in made.document["registers"]}


def test_a_worker_goes_from_every_roster_where_their_time_is_over(told, clock, checkpoint_key):
    clock.at = LATER
    made = erase(told, WORKER)

    assert counts(made) == {"calisan": (1, {"time_not_over": 1})}
    assert held(told) == ALL | {"calisan": 2}
    assert made.document["class"] == "parties"
    assert is_proven(told, checkpoint_key)


@pytest.mark.parametrize(("day", "gone"), [("2035-12-30", 0), ("2035-12-31", 1)])
def test_a_row_goes_ten_years_after_the_relation_ended_and_no_day_before(told, clock, day, gone):
    clock.at = datetime.fromisoformat(f"{day}T12:00+00:00")

    assert counts(erase(told, OTHER))["calisan"][0] == gone


def test_early_takes_what_no_law_makes_us_keep(told):
    assert counts(erase(told, WORKER, early=True)) == {"calisan": (2, {})}
    assert held(told) == ALL | {"calisan": 1}


def test_a_professional_goes_with_their_last_contract_and_no_sooner(told, clock):
    clock.at = LATER
    first = erase(told, PROFESSIONAL)
    second = erase(told, PROFESSIONAL, early=True)

    assert counts(first) == {"sozlesme": (1, {"time_not_over": 1}), "profesyonel": (0, {"time_not_over": 1})}
    assert counts(second) == {"sozlesme": (1, {}), "profesyonel": (1, {})}
    assert held(told) == {"calisan": 3, "sozlesme": 1, "profesyonel": 1}


def test_a_contact_person_goes_out_of_the_card_and_the_workplace_stays(told, checkpoint_key):
    made = erasing.erase_contact(told, KURUM, SgkTescilNo(SGK), reason="letter 13")

    assert counts(made) == {"isyeri_karti": (1, {})}
    assert not any(contacts(told).values())
    assert is_proven(told, checkpoint_key)
    with pytest.raises(NotFound):
        erasing.erase_contact(told, KURUM, SgkTescilNo(SGK), reason="letter 13")


def test_a_hold_on_the_customer_keeps_every_row_and_the_contact(told):
    erasing.place_hold(told, KURUM, [], reason="inspection")
    made = erase(told, WORKER, early=True)
    card = erasing.erase_contact(told, KURUM, SgkTescilNo(SGK), reason="letter 13")

    assert counts(made) == {"calisan": (0, {"legal_hold": 2})}
    assert counts(card) == {"isyeri_karti": (0, {"legal_hold": 1})}
    assert held(told) == ALL
    assert made.document["marks"] == []


def test_a_hold_on_a_record_keeps_the_rows_that_explain_it(told):
    list(pipeline.accept(told, KURUM, submitted(record("K-1"))))
    erasing.place_hold(told, KURUM, ["K-1"], reason="court")

    assert counts(erase(told, WORKER, early=True)) == {"calisan": (1, {"legal_hold": 1})}
    assert counts(erase(told, PROFESSIONAL, early=True)) == {
        "sozlesme": (0, {"legal_hold": 2}),
        "profesyonel": (0, {"legal_hold": 1}),
    }


def test_the_half_yearly_destruction_takes_the_rows_whose_time_is_over(told, clock):
    clock.at = LATER
    before = erasing.due_in_registers(told, KURUM)
    [made] = erasing.erase_due(told, KURUM, reason="half-yearly destruction")

    assert before == {"calisan": 2, "sozlesme": 1}
    assert counts(made) == {"calisan": (2, {}), "sozlesme": (1, {})}
    assert erasing.erase_due(told, KURUM, reason="once more") == []


def test_rows_whose_time_was_over_are_told_to_the_log_so_that_one_that_is_put_back_is_named(
    told, clock, checkpoint_key
):
    with reading(told.database) as tx:
        rows = tx.execute(select(calisan)).mappings().all()
    clock.at = LATER
    erasing.erase_due(told, KURUM, reason="half-yearly destruction")
    is_sound = is_proven(told, checkpoint_key)
    with writing(told.database) as tx:
        there = set(tx.execute(select(calisan.c.calisan_index)).scalars())
        tx.execute(insert(calisan).values(**next(row for row in rows if row["calisan_index"] not in there)))

        assert is_sound
        with pytest.raises(Broken, match="the log does not speak of it"):
            check_told_rows(tx, told, told_entries(tx))


def test_the_erasing_of_a_record_class_takes_the_rows_whose_time_is_over_too(told, clock):
    list(pipeline.accept(told, KURUM, submitted(record())))
    pipeline.dispatch(told)
    erasing.tell_event(told, KURUM, Tckn(WORKER), "leaving", date(2025, 12, 31))
    clock.at = LATER
    made = erasing.erase_person(told, KURUM, Tckn(WORKER), "training", reason="letter 12")

    assert [each["kayit_no"] for each in made.document["records"]] == ["K-1"]
    assert counts(made) == {"calisan": (1, {"time_not_over": 1})}


def test_an_unknown_person_is_not_found_and_no_certificate_is_written(told):
    with pytest.raises(NotFound):
        erase(told, workers(9)[8])
    assert erase(told, WORKER, early=True).number == 1


def test_no_certificate_names_anybody(told):
    made = erase(told, PROFESSIONAL, early=True)

    for text in (made.text, json.dumps(made.document, ensure_ascii=False)):
        assert PROFESSIONAL not in text and "Deneme" not in text and SGK not in text
    assert "2 sözleşme / contract(s)" in made.text


@pytest.mark.parametrize(("kind", "person"), [("roster", WORKER), ("contracts", PROFESSIONAL)])
def test_an_export_that_names_an_erased_person_is_told_and_does_not_bring_them_back(told, bring, kind, person):
    erase(told, person, early=True)
    before = held(told)
    report = bring(kind)

    assert report.counts["erased"] == 2
    assert held(told) == before
    told_of = [(cell, finding.code, finding.seen, finding.wanted) for cell, finding in report.findings]
    assert [each[1:] for each in told_of if each[1] == "INT-PTY-018"] == [("INT-PTY-018", "2026-03-02", "1")] * 2
    assert all(cell for cell, *_ in told_of)


def test_an_erased_worker_is_known_at_a_new_workplace_too(told, bring):
    erase(told, WORKER, early=True)
    report = bring("roster", [worker(WORKER, sgk=sgk_tescil_no(7))])

    assert report.counts["erased"] == 1
    assert held(told)["calisan"] == 1


def test_a_new_ground_lets_them_in_again_and_the_log_says_so(told, bring, checkpoint_key):
    erase(told, WORKER, early=True)
    back = bring("roster", readmit=True)
    again = bring("roster")

    assert (back.counts["new"], back.counts["erased"]) == (2, 0)
    assert (again.counts["same"], again.counts["erased"]) == (3, 0)
    assert held(told) == ALL
    assert is_proven(told, checkpoint_key)


def test_an_erased_contact_does_not_come_back_but_a_new_one_comes(told, bring):
    erasing.erase_contact(told, KURUM, SgkTescilNo(SGK), reason="letter 13")
    old = bring("workplaces")
    new = bring("workplaces", [[*CARD[:3], "5550000001"]])

    assert [finding.code for _, finding in old.findings if finding.code == "INT-PTY-018"] != []
    assert new.counts["changed"] == 1
    assert contacts(told)["contact_phone"] == "5550000001"


def test_a_preview_tells_of_the_erased_and_changes_nothing(told, bring):
    erase(told, WORKER, early=True)
    report = bring("roster", preview=True, readmit=True)

    assert report.counts["new"] == 2
    assert bring("roster").counts["erased"] == 2


def test_an_erasure_in_the_middle_of_an_import_is_not_undone_by_it(told, bring, tmp_path, monkeypatch):
    import integrator.importing as importing

    before = importing.Teller.tell

    def erased_meanwhile(self, values):
        with monkeypatch.context() as patched:
            patched.setattr(importing.Teller, "tell", before)
            if held(told) == ALL:
                erase(told, OTHER, early=True)
        return before(self, values)

    monkeypatch.setattr(importing.Teller, "tell", erased_meanwhile)
    wanted = Wanted(Kind.ROSTER, tmp_path / "roster.xlsx", told.clock.now().date())
    with pytest.raises(Unavailable, match="once more"):
        import_parties(told, KURUM, wanted, Caps())

    assert held(told)["calisan"] == 2


def test_marks_hold_when_keys_rotate(told, bring, clock):
    erase(told, WORKER, early=True)
    replace_data_keys(told, reason="yearly")
    clock.advance(minutes=5)
    reseal(told)

    assert bring("roster").counts["erased"] == 2


def test_a_copy_from_an_older_backup_is_given_the_certificates(told, clock, tmp_path, checkpoint_key):
    path = make_backup(told, b"k" * 32, tmp_path / "b", tmp_path / "staged").path
    made = [erase(told, PROFESSIONAL, early=True).document]
    made.append(erasing.erase_contact(told, KURUM, SgkTescilNo(SGK), reason="letter 13").document)
    empty = open_engine(sqlite_url(tmp_path / "new.sqlite3"))
    ring = KeyRing(empty, MASTER)
    facts = {"name": "test", "keyring": ring, "log_key": checkpoint_key, "now": clock.now()}
    done = restore(path, b"k" * 32, empty, **facts, destroyed=json.loads(json.dumps(made)))
    copy = replace(told, database=empty, keyring=ring, trail=Trail())

    assert done.erased_again == 4
    assert held(copy) == {"calisan": 3, "sozlesme": 1, "profesyonel": 1}
    assert not any(contacts(copy).values())
    with reading(empty) as tx:
        assert len(tx.execute(select(erased_party)).all()) == 4
    assert is_proven(copy, checkpoint_key)
    empty.dispose()
