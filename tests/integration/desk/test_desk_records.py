from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations

import pytest
from sqlalchemy import text

from bench.desk_fill import fill
from integrator import pipeline
from integrator.coverage.following import follow_all
from integrator.desk.records import Lead, Wanted, lead_of, query_of, search
from integrator.domain.errors import Malformed
from integrator.domain.identifiers import KurumNo, Tckn
from integrator.domain.states import State
from integrator.parties import register
from integrator.parties.register import isyeri_index, profesyonel_index
from integrator.queue.erasures import destroy
from integrator.store.dialect import in_index_order
from integrator.store.engine import reading, writing
from tests.factories import FOREIGNER, KURUM, PROFESSIONAL, SGK, record, submitted, workers
from tests.fakes import START
from tests.integration.pipeline.exports import OTHER_SGK

ALICE, BOB = workers(2)
MANY = 4_000


@pytest.fixture
def entered(gateway, ministry):
    """Three trainings: of Alice, of Bob on another day, and of Alice at another workplace, which was refused."""
    several = [
        record("K-1", calisan=[ALICE], egitimTarihi="2025-10-01"),
        record("K-2", calisan=[ALICE, BOB], egitimTarihi="2025-10-20"),
        record("K-3", calisan=[ALICE], sgkTescilNo=OTHER_SGK, egitimTarihi="2025-09-01"),
    ]
    ministry.faults.extend([None, None, "210"])
    answers = list(pipeline.accept(gateway, KURUM, submitted(*several)))
    assert [each.status for each in answers] == ["accepted"] * 3, answers
    pipeline.dispatch(gateway)
    follow_all(gateway, KURUM)
    return [each.sorgu_no[0] for each in answers]


def found(gateway, wanted, *, kurum=KURUM, **more):
    with reading(gateway.database) as tx:
        return search(tx, gateway, kurum, wanted, **more)


def ids(gateway, **wanted):
    return [each.kayit_no for each in found(gateway, Wanted(**wanted)).rows]


def test_a_message_is_found_by_each_thing_that_is_known_of_it(gateway, entered):
    sealer = gateway.keyring.sealer(KURUM)
    place, other = isyeri_index(sealer, SGK), isyeri_index(sealer, OTHER_SGK)

    assert ids(gateway) == ["K-3", "K-2", "K-1"]
    assert ids(gateway, worker=Tckn(ALICE)) == ["K-3", "K-2", "K-1"]
    assert ids(gateway, worker=Tckn(BOB)) == ["K-2"]
    assert ids(gateway, worker=Tckn(ALICE), isyeri_index=other) == ids(gateway, isyeri_index=other) == ["K-3"]
    assert ids(gateway, profesyonel_index=profesyonel_index(sealer, PROFESSIONAL)) == ["K-3", "K-2", "K-1"]
    assert ids(gateway, profesyonel_index=profesyonel_index(sealer, FOREIGNER)) == []
    assert ids(gateway, sorgu_no=entered[1]) == ids(gateway, kayit_no="K-2") == ["K-2"]
    assert ids(gateway, state=State.REFUSED) == ["K-3"]
    assert ids(gateway, state=State.ACCEPTED, isyeri_index=place) == ["K-2", "K-1"]
    assert ids(gateway, since=date(2025, 9, 2), until=date(2025, 10, 1)) == ["K-1"]
    assert ids(gateway, veri_seti="egitim") == ["K-2", "K-1", "K-3"]  # by the day of the event
    assert ids(gateway, veri_seti="muayene") == ids(gateway, worker=Tckn(FOREIGNER)) == []


def test_a_row_names_the_workplace_and_masks_the_professional(gateway, entered):
    sealer = gateway.keyring.sealer(KURUM)
    card = {"sgk_tescil_no": SGK, "ad_unvan": "DENEME A.Ş."}
    person = {"tckn": PROFESSIONAL, "ad": "Ayşe Şen"}
    told = [
        register.Told(register.ISYERI, isyeri_index(sealer, SGK), card),
        register.Told(register.PROFESYONEL, profesyonel_index(sealer, PROFESSIONAL), person),
    ]
    with writing(gateway.database) as tx:
        register.write(tx, sealer, KURUM, register.compare(tx, sealer, KURUM, told), now=START)
    [row] = found(gateway, Wanted(kayit_no="K-1")).rows

    assert (row.place.ad_unvan, row.professional, row.state) == ("DENEME A.Ş.", "A*** Ş***", State.ACCEPTED)
    assert (row.event_date, row.parts_accepted, row.parts_total) == (date(2025, 10, 1), 1, 1)
    assert [each.professional for each in found(gateway, Wanted(kayit_no="K-1"), whole=True).rows] == ["Ayşe Şen"]


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(veri_seti="egitim"), Wanted(worker=Tckn(ALICE))])
def test_pages_hold_each_message_once(gateway, entered, wanted):
    seen, after = [], ""
    while True:
        page = found(gateway, wanted, after=after, limit=1)
        seen += [each.kayit_no for each in page.rows]
        after = page.next
        if not after:
            break

    assert Counter(seen) == Counter(["K-1", "K-2", "K-3"])


@pytest.mark.parametrize("after", ["x", "n2025-13-01.1", "z2025-01-01.1", "n2025-01-01.-1", "d2025-01-01.1' OR 1=1"])
def test_a_page_of_no_list_is_told(gateway, entered, after):
    with pytest.raises(Malformed):
        found(gateway, Wanted(), after=after)


def test_an_erased_record_is_not_found_by_its_worker_any_more(gateway, entered):
    with writing(gateway.database) as tx:
        assert destroy(tx, KURUM, "K-2", day="2026-01-01", named="x")

    assert ids(gateway, worker=Tckn(BOB)) == []
    assert ids(gateway, worker=Tckn(ALICE)) == ["K-3", "K-1"]
    assert ids(gateway, profesyonel_index=profesyonel_index(gateway.keyring.sealer(KURUM), PROFESSIONAL)) == [
        "K-3", "K-1",
    ]  # fmt: skip


def test_nobody_finds_another_customers_messages(gateway, entered):
    other = KurumNo("osgb-2")
    for wanted in (Wanted(), Wanted(worker=Tckn(ALICE)), Wanted(sorgu_no=entered[0]), Wanted(state=State.ACCEPTED)):
        assert list(found(gateway, wanted, kurum=other).rows) == []


INDEX = {
    Lead.NUMBER: ("sqlite_autoindex_bildirim_1", "bildirim_sorgu_no", "bildirim_pkey"),
    Lead.OWN_ID: ("bildirim_kayit",),
    Lead.STATE: ("bildirim_desk",),
    Lead.ISYERI: ("coverage_message_isyeri_index",),
    Lead.PROFESYONEL: ("coverage_message_profesyonel_index",),
    Lead.VERI_SETI: ("coverage_message_veri_seti",),
    Lead.DAY: ("coverage_message_event_date",),
    Lead.ALL: ("sqlite_autoindex_bildirim_1", "bildirim_sorgu_no", "bildirim_pkey"),
}


def plan_of(tx, query):
    told = query.limit(51).compile(dialect=tx.dialect, compile_kwargs={"literal_binds": True})
    ahead = "EXPLAIN QUERY PLAN" if tx.dialect.name == "sqlite" else "EXPLAIN"
    return [row[-1] for row in tx.execute(text(f"{ahead} {str(told).replace(':', chr(92) + ':')}"))]


def test_whatever_is_asked_for_an_index_leads_and_nothing_is_scanned(gateway):
    town = fill(gateway, KURUM, MANY)
    asked = {
        "isyeri_index": town.places[3][1], "profesyonel_index": town.people[3][1], "state": State.HELD,
        "veri_seti": "egitim", "since": START.date() - timedelta(days=60), "sorgu_no": 10_000_000_009,
        "kayit_no": "DESK-10000000009",
    }  # fmt: skip
    several = [dict(some) for size in (0, 1, 2, 3) for some in combinations(asked.items(), size)]
    with reading(gateway.database) as tx:
        in_index_order(tx)
        if tx.dialect.name == "postgresql":  # so small a table is read whole sooner than by any index
            tx.execute(text("SET LOCAL enable_seqscan = off"))
        for some in several:
            wanted = Wanted(**some)
            lead = lead_of(tx, KURUM, wanted)
            lines = plan_of(tx, query_of(KURUM, wanted, lead))
            told = [line.strip(" ->") for line in lines]
            assert not any(line.startswith(("SCAN", "Seq Scan")) for line in told), (some, lines)
            if lead not in (Lead.NUMBER, Lead.OWN_ID):  # there the planner may take either key, and sorts a handful
                assert any(name in line for name in INDEX[lead] for line in lines), (some, lines)
                assert not any(line.startswith(("Sort", "USE TEMP")) for line in told), (some, lines)
            assert len(search(tx, gateway, KURUM, wanted).rows) <= 50
        common = replace(Wanted(), state=State.ACCEPTED, veri_seti="hizmet_verilen_isyeri")
        assert lead_of(tx, KURUM, common) is Lead.STATE  # few enough here; of a million the veri seti leads
        worker = Wanted(worker=Tckn(town.rosters[3][0]))
        assert {each.place.isyeri_index for each in search(tx, gateway, KURUM, worker).rows} == {town.places[3][1]}
