import json
from datetime import date, timedelta

import pytest

from integrator.catalogue.catalogue import read_catalogue
from integrator.domain.workplaces import Sozlesme, SozlesmeDurumu
from integrator.validate.check import check
from integrator.validate.fields import MAX_FINDINGS
from tests.factories import PROFESSIONAL, REPO, SGK, WORKER, record, submitted, workers
from tests.fakes import FakeKnown, FakeRoster

EXAMINATION = json.loads((REPO / "datasets/muayene/2023-03/ornekler/periodic/record.json").read_text(encoding="utf-8"))
SERVICE = json.loads(
    (REPO / "datasets/hizmet_verilen_isyeri/2026-06/ornekler/service_begins/record.json").read_text(encoding="utf-8")
)
TODAY, EVENT = date(2026, 3, 2), date(2025, 10, 23)
ONE_DAY = timedelta(days=1)
NEW_NUMBER = "24941020276543210349916001"


def contract(durum=SozlesmeDurumu.ONAYLANDI, belge_tipi="2", **days):
    return Sozlesme(PROFESSIONAL, SGK, belge_tipi, durum, **days)


def under(*contracts, **more):
    return FakeKnown(contracts=list(contracts), contracts_at={SGK}, **more)


def roster_of(*people, refreshed_on=TODAY):
    return FakeKnown(rosters={SGK: FakeRoster(refreshed_on, dict.fromkeys(people, (None, None)))})


def told(known, raw=None, today=TODAY):
    found = check(submitted(raw or record())[0], read_catalogue(), today=today, known=known)
    return [(each.code, str(each.severity)) for each in found.findings]


@pytest.mark.parametrize("raw", [record(), EXAMINATION, SERVICE], ids=["egitim", "muayene", "hizmet"])
def test_where_nothing_is_known_nothing_is_said(raw):
    known = FakeKnown()

    assert told(known, raw) == told(None, raw)
    assert ("new_number", raw["sgkTescilNo"]) in known.asked


@pytest.mark.parametrize("off", [-1, 0, 1])
@pytest.mark.parametrize(
    ("name", "durum", "good", "code"),
    [
        ("baslangic", SozlesmeDurumu.ONAYLANDI, (-1, 0), ("INT-VAL-048", "warning")),
        ("bitis", SozlesmeDurumu.ONAYLANDI, (0, 1), ("INT-VAL-048", "warning")),
        ("bitis", SozlesmeDurumu.SONA_ERDI, (0, 1), ("INT-VAL-048", "warning")),
        ("onay_tarihi", SozlesmeDurumu.ONAYLANDI, (-1, 0), ("INT-VAL-047", "error")),
        ("onay_tarihi", SozlesmeDurumu.ONAY_BEKLIYOR, (-1, 0), ("INT-VAL-047", "error")),
    ],
)
def test_a_contract_holds_to_its_last_day_and_from_its_first(name, durum, good, code, off):
    known = under(contract(durum, **{name: EVENT + off * ONE_DAY}))

    assert told(known) == ([] if off in good else [code])


@pytest.mark.parametrize(("off", "expected"), [(-1, "error"), (0, "error"), (1, None)])
def test_nothing_is_sent_from_the_day_of_the_deletion_on(off, expected):
    known = under(contract(SozlesmeDurumu.SILINDI, silinme_tarihi=TODAY + off * ONE_DAY))

    assert told(known) == ([("INT-VAL-050", expected)] if expected else [])


def test_a_deletion_without_a_day_is_a_deletion():
    assert told(under(contract(SozlesmeDurumu.SILINDI))) == [("INT-VAL-050", "error")]


def test_an_ended_contract_without_a_last_day_only_warns():
    assert told(under(contract(SozlesmeDurumu.SONA_ERDI))) == [("INT-VAL-048", "warning")]


@pytest.mark.parametrize(("off", "severity"), [(-1, "warning"), (0, "warning"), (1, "error")])
def test_an_approval_still_awaited_later_stops_the_record(off, severity):
    known = under(contract(SozlesmeDurumu.ONAY_BEKLIYOR, told_on=EVENT + off * ONE_DAY))

    assert told(known) == [("INT-VAL-046", severity)]


@pytest.mark.parametrize(
    ("contracts", "expected"),
    [
        ([contract(SozlesmeDurumu.SILINDI), contract()], []),
        ([contract(SozlesmeDurumu.SILINDI), contract(bitis=EVENT - ONE_DAY)], [("INT-VAL-048", "warning")]),
        ([contract(SozlesmeDurumu.TAMAMLANMADI), contract(SozlesmeDurumu.SILINDI)], [("INT-VAL-049", "warning")]),
        ([contract(bitis=EVENT - ONE_DAY), contract(SozlesmeDurumu.ONAY_BEKLIYOR)], [("INT-VAL-046", "warning")]),
        ([contract(belge_tipi="1"), contract(belge_tipi="")], []),
        ([contract(belge_tipi="1"), contract(SozlesmeDurumu.SILINDI)], [("INT-VAL-050", "error")]),
    ],
)
def test_of_several_contracts_the_nearest_is_told_and_doubt_never_stops(contracts, expected):
    assert told(under(*contracts)) == expected


@pytest.mark.parametrize(("kind", "expected"), [("1", []), ("2", ["INT-VAL-051"]), ("3", ["INT-VAL-051"]), ("", [])])
def test_an_examination_is_covered_by_a_physicians_contract(kind, expected):
    assert [code for code, _ in told(under(contract(belge_tipi=kind)), EXAMINATION)] == expected


def test_another_professionals_contract_covers_nobody_else():
    other = Sozlesme(WORKER, SGK, "2", SozlesmeDurumu.ONAYLANDI)

    assert told(under(other)) == [("INT-VAL-052", "warning")]


def test_the_professional_is_masked_and_the_workplace_named():
    [finding] = check(submitted(record())[0], read_catalogue(), today=TODAY, known=under()).findings

    assert PROFESSIONAL not in json.dumps(finding.as_json())
    assert SGK in finding.sentence("tr")


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_a_worker_is_employed_from_the_first_day_to_the_last(off):
    hired = FakeKnown(rosters={SGK: FakeRoster(TODAY, {WORKER: (EVENT + off * ONE_DAY, None)})})
    left = FakeKnown(rosters={SGK: FakeRoster(TODAY, {WORKER: (None, EVENT + off * ONE_DAY)})})

    assert told(hired) == ([("INT-VAL-055", "warning")] if off > 0 else [])
    assert told(left) == ([("INT-VAL-054", "warning")] if off < 0 else [])


@pytest.mark.parametrize(("age", "expected"), [(29, []), (30, []), (31, [("INT-VAL-056", "warning")])])
def test_an_old_roster_is_told_once_of_a_record(age, expected):
    people = workers(3)

    assert told(roster_of(*people, refreshed_on=TODAY - age * ONE_DAY), record(calisan=people)) == expected


def test_only_those_who_are_missing_are_told_each_in_their_place():
    people = workers(3)
    found = check(submitted(record(calisan=people))[0], read_catalogue(), today=TODAY, known=roster_of(*people[:2]))

    assert [(each.code, each.path) for each in found.findings] == [("INT-VAL-054", "calisan[2]")]
    assert people[2] not in json.dumps([each.as_json() for each in found.findings])


def test_a_wrong_workplace_does_not_fill_the_answer_with_its_workers():
    found = told(roster_of(), record(calisan=workers(300)))

    assert len(found) == MAX_FINDINGS


@pytest.mark.parametrize("raw", [record(), EXAMINATION, SERVICE], ids=["egitim", "muayene", "hizmet"])
def test_an_old_number_is_told_alone(raw):
    place = raw["sgkTescilNo"]
    known = FakeKnown(
        numbers={place: NEW_NUMBER}, contracts_at={place}, rosters={place: FakeRoster(date(2020, 1, 1), {})}
    )

    assert told(known, raw) == [*told(None, raw), ("INT-VAL-053", "warning")]


@pytest.mark.parametrize(("off", "expected"), [(-1, []), (0, []), (1, [("INT-VAL-057", "warning")])])
@pytest.mark.parametrize("raw", [record(), EXAMINATION], ids=["egitim", "muayene"])
def test_the_service_begins_on_the_day_or_before(raw, off, expected):
    assert told(FakeKnown(services={SGK: EVENT + off * ONE_DAY}), raw) == expected


def test_a_notification_of_a_service_is_judged_by_no_contract_and_no_roster():
    place = SERVICE["sgkTescilNo"]
    known = FakeKnown(contracts_at={place}, rosters={place: FakeRoster(date(2020, 1, 1), {})})

    assert told(known, SERVICE) == told(None, SERVICE)


@pytest.mark.parametrize("name", ["isgProfTckNo", "sgkTescilNo", "egitimTarihi", "calisan", "belgeTipi"])
def test_what_could_not_be_read_is_judged_by_no_mirror(name):
    known = under(rosters={SGK: FakeRoster(TODAY, {WORKER: (None, None)})})
    known.contracts.append(contract())
    raw = record(**{name: "?"})

    assert told(known, raw) == told(None, raw)
