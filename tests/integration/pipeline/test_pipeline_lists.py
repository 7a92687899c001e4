"""Served lists keep their history; codes go by the event's day; an announced version is tried on stored records."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from integrator import acts, pipeline
from integrator.catalogue import codes
from integrator.catalogue.definitions import read_definition
from integrator.domain.errors import Malformed, Tampered
from integrator.domain.identifiers import KurumNo
from integrator.store.engine import reading, writing
from integrator.store.tables import kayit
from integrator.validate.impact import try_version
from tests.factories import KURUM, REPO, codes_of, record, submitted
from tests.fakes import START

LIST = "egitim_kodu"


@pytest.fixture(autouse=True)
def lists_as_they_were(gateway):
    before = gateway.catalogue.refreshed
    yield
    gateway.catalogue.refreshed = before


def serve(gateway, *rows):
    return acts.load_list(gateway, LIST, rows)


def history(gateway, code=None):
    with reading(gateway.database) as tx:
        return [(row["code"], row["change"], row["text_tr"]) for row in codes.history_of(tx, LIST, code)]


def test_what_becomes_of_a_code_is_kept(gateway, clock):
    serve(gateway, ("24", "a", True), ("240", "b", True))
    clock.advance(days=1)
    serve(gateway, ("24", "a", True), ("240", "b, yeni", True))
    clock.advance(days=1)
    serve(gateway, ("24", "a", False))
    clock.advance(days=1)
    serve(gateway, ("24", "a", True))

    assert history(gateway) == [
        ("24", "first_seen", "a"), ("240", "first_seen", "b"), ("240", "changed", "b, yeni"),
        ("24", "closed", "a"), ("240", "closed", "b, yeni"), ("24", "reopened", "a"),
    ]  # fmt: skip


def test_a_refresh_that_changes_nothing_writes_no_history(gateway):
    serve(gateway, ("24", "a", True))
    found = serve(gateway, ("24", "a", True), ("24", "a", True))

    assert (found.codes, dict(found.changes)) == (1, {})
    assert len(history(gateway)) == 1


def test_an_empty_list_closes_nothing(gateway):
    serve(gateway, ("24", "a", True))

    assert serve(gateway).codes == 1
    assert len(history(gateway)) == 1


def test_a_withdrawn_code_is_good_for_events_before_its_day(gateway, home, clock):
    serve(gateway, ("24", "a", True), ("240", "b", True))
    clock.advance(days=10)
    serve(gateway, ("24", "a", True))
    closed_on = clock.now().date()
    before, on = (home.accept(record(f"K-{n}", egitimTarihi=str(closed_on - timedelta(days=n)))) for n in (1, 0))

    assert [each.status for each in before] == ["accepted"]
    assert [codes_of(each.findings) for each in on] == [["INT-VAL-013"]]


def test_a_code_that_was_never_seen_in_use_is_good_for_no_day(gateway, home):
    serve(gateway, ("24", "a", True), ("240", "b", False))
    [answer] = home.accept(record(egitimTarihi="2019-01-01"))

    assert history(gateway, "240") == [("240", "inactive", "b")]
    assert codes_of(answer.findings) == ["INT-VAL-013"]


def test_another_process_sees_the_same_lists(gateway, another_worker):
    serve(gateway, ("24", "a", True), ("240", "b", True))
    serve(gateway, ("24", "a", True))
    other = another_worker()
    acts.load_codes(other)
    listed = other.catalogue.refreshed[LIST]

    assert listed["24"].valid_until is None
    assert listed["240"].valid_until == START.date() - timedelta(days=1)


def test_a_list_that_nothing_uses_is_refused(gateway):
    with pytest.raises(Malformed, match="egitim_kodu"):
        acts.load_list(gateway, "renkler", [("1", "mavi", True)])


def test_occupations_judge_once_they_are_loaded(gateway, home):
    by_json = replace(gateway, metot="json-g4")
    examination = json.loads((REPO / "datasets/muayene/2023-03/ornekler/periodic/record.json").read_text())
    acts.load_list(by_json, "meslek", [("2263.01", "İş güvenliği uzmanı", True)])
    [good] = home.accept({**examination, "id": "A"}, gateway=by_json)
    [bad] = home.accept({**examination, "id": "B", "calisanMeslegi": "0110.00"}, gateway=by_json)

    assert good.status == "accepted"
    assert codes_of(bad.findings) == ["INT-VAL-013"]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("kod;ad\n2263.01;İSG\n", [("2263.01", "İSG", True)]),
        ("\ufeffcode,tr,active\n1,a,0\n2,b,1\n", [("1", "a", False), ("2", "b", True)]),
        ('kodu,aciklama,aktif\n1,"a, b",1\n', [("1", "a, b", True)]),
    ],
)
def test_a_list_file_is_read_as_people_write_it(tmp_path, text, rows):
    (tmp_path / "l.csv").write_text(text, encoding="utf-8")

    assert codes.read_list_file(tmp_path / "l.csv") == rows


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"kod;ad\n;x\n", b"kod;ad\n<b>;x\n", b"\xff\xfe", b"kod\n1\n"])
def test_a_file_that_is_no_list_is_refused(tmp_path, content):
    (tmp_path / "l.csv").write_bytes(content)

    with pytest.raises(Malformed):
        codes.read_list_file(tmp_path / "l.csv")


@pytest.fixture
def announce(tmp_path):
    """A folder with the list form as announced: edited, in force from the first of May."""

    def make(*edits, drop=()):
        folder = tmp_path / "next"
        shutil.copytree(REPO / "datasets/egitim/2018-10", folder)
        path = folder / "veri_seti.toml"
        text = path.read_text(encoding="utf-8").replace("in_force_from = 2018-10-15", "in_force_from = 2026-05-01")
        for before, after in edits:
            assert before in text
            text = text.replace(before, after, 1)
        path.write_text(text.replace('version = "2018-10"', 'version = "2026-05"'), encoding="utf-8")
        for code in drop:
            listed = folder / "kodlar/egitim_kodu.csv"
            rows = listed.read_text(encoding="utf-8").splitlines()
            closed = [
                row.replace(",2018-01-01,,", ",2018-01-01,2026-04-30,") if row.startswith(f"{code},") else row
                for row in rows
            ]
            listed.write_text("\n".join(closed) + "\n", encoding="utf-8")
        return read_definition(folder)

    return make


def tried(gateway, announced, kurum=None, days=365):
    stored = acts.stored_records(gateway, "egitim", gateway.clock.now() - timedelta(days=days), kurum)
    return try_version(announced, gateway.catalogue, stored, today=START.date())


NEW_FIELD = (
    "# What stays with us",
    '[[field]]\nname = "dersSaati"\nkind = "count"\ntr = "Ders saati"\nen = "Lessons"\nsource = "x"\n\n'
    "# What stays with us",
)


def test_a_new_compulsory_field_fails_every_stored_record(gateway, home, announce):
    home.accept(record("K-1"), record("K-2"))
    found = tried(gateway, announce(NEW_FIELD))

    assert (found.records, found.failing, found.fails_today) == (2, 2, 0)
    [cause] = found.grouped()
    assert (cause.code, cause.path, cause.by_kurum) == ("INT-VAL-001", "dersSaati", {KURUM: ["K-1", "K-2"]})


def test_a_closed_code_fails_those_that_carry_it_though_their_events_are_older(gateway, home, announce):
    home.accept(record("K-1"), record("K-2", egitim=[{"egitimKoduId": 24, "egitimSuresi": 40}]))
    found = tried(gateway, announce(drop=["240"]))

    assert [(each.code, each.path, each.by_kurum) for each in found.grouped()] == [
        ("INT-VAL-013", "egitim[].egitimKoduId", {KURUM: ["K-1"]})
    ]


def test_a_closed_code_is_seen_behind_a_list_that_was_served(gateway, home, announce):
    serve(gateway, ("24", "a", True), ("240", "b", True))
    home.accept(record("K-1"))

    assert tried(gateway, announce(drop=["240"])).failing == 1


def test_a_version_that_only_allows_more_fails_nothing(gateway, home, announce):
    home.accept(record("K-1"))
    found = tried(gateway, announce(("max = 200\n", "max = 300\n")))

    assert (found.records, found.failing, found.causes) == (1, 0, {})


def test_what_fails_today_too_is_not_blamed_on_the_announced_version(gateway, home, announce):
    serve(gateway, ("240", "b", True))
    home.accept(record("K-1"))
    with writing(gateway.database) as tx:
        codes.refresh(tx, LIST, [("24", "a", True)], now=START - timedelta(days=200))
    acts.load_codes(gateway)
    found = tried(gateway, announce(NEW_FIELD))

    assert (found.failing, found.fails_today) == (0, 1)


def test_records_are_told_customer_by_customer_and_one_may_be_asked_for(gateway, home, announce, monkeypatch):
    monkeypatch.setattr(acts, "RECORDS_AT_ONCE", 2)
    other = KurumNo("osgb-2")
    home.accept(*(record(f"K-{n}") for n in range(5)))
    list(pipeline.accept(gateway, other, submitted(record("L-1"))))
    announced = announce(NEW_FIELD)

    assert dict(tried(gateway, announced).by_kurum) == {KURUM: 5, other: 1}
    assert dict(tried(gateway, announced, other).failing_by_kurum) == {other: 1}


def test_records_received_earlier_are_left_out(gateway, home, announce, clock):
    home.accept(record("K-1"))
    clock.advance(days=40)
    home.accept(record("K-2"))

    assert tried(gateway, announce(NEW_FIELD), days=30).records == 1


def test_a_stored_record_that_was_changed_stops_the_trial(gateway, home, announce):
    home.accept(record("K-1"))
    with writing(gateway.database) as tx:
        tx.execute(kayit.update().values(body=b"\0" * 60))

    with pytest.raises(Tampered):
        tried(gateway, announce(NEW_FIELD))


def test_a_trial_judges_the_future_and_not_the_day_of_the_event(gateway, home, announce):
    home.accept(record("K-1", egitimTarihi="2018-11-20"))

    assert tried(gateway, announce()).failing == 0
