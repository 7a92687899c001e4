from datetime import date

import pytest

from integrator import pipeline
from integrator.coverage.following import follow_all
from integrator.coverage.standing import Standing
from integrator.desk.records import Wanted, search
from integrator.desk.workers import Chosen, read_roster
from integrator.domain.identifiers import KurumNo, Tckn
from integrator.domain.roles import RIGHTS, Role
from integrator.keeping.erasing import erase_person
from integrator.keeping.rotating import replace_data_keys, reseal
from integrator.parties.register import isyeri_index
from integrator.store.engine import reading
from tests.factories import KURUM, SGK, record, submitted, workers
from tests.fakes import START
from tests.integration.pipeline.exports import ROSTER, import_rows, worker

TODAY = date(2026, 3, 2)
ALICE, BOB, CEM = workers(3)
NAMES = ("Ayşe Şen", "İpek Öz", "Cem")


@pytest.fixture
def roster(gateway, tmp_path):
    """Three workers with their names, as an export of İSG-KATİP tells them."""
    rows = [[*worker(each), name] for each, name in zip((ALICE, BOB, CEM), NAMES, strict=True)]
    report = import_rows(gateway, tmp_path / "r.xlsx", "roster", [*ROSTER, "Ad Soyad"], rows, refreshed_on=TODAY)
    assert report.counts["new"] == 3, report.findings


def enter(gateway, *records):
    answers = list(pipeline.accept(gateway, KURUM, submitted(*records)))
    assert [each.status for each in answers] == ["accepted"] * len(records), answers
    pipeline.dispatch(gateway)
    follow_all(gateway, KURUM)


def seen(gateway, *, role=Role.COMPLIANCE, kurum=KURUM, **more):
    place = isyeri_index(gateway.keyring.sealer(KURUM), SGK)
    with reading(gateway.database) as tx:
        return read_roster(tx, gateway, kurum, place, rights=RIGHTS[role], today=TODAY, **more)


def test_who_misses_most_comes_first_with_a_name_and_the_step_at_which_it_stopped(gateway, ministry, roster):
    ministry.faults.extend([None, "213"])
    enter(gateway, record("K-1", calisan=[ALICE]), record("K-2", calisan=[BOB]))
    found = seen(gateway)

    assert (found.roster, found.total, found.next, found.place.sgk_tescil_no) == (3, 3, None, SGK)
    assert [(each.name, each.of["egitim"].standing) for each in found.rows] == [
        ("Cem", Standing.NOT_ENTERED), ("İpek Öz", Standing.NOT_ACCEPTED), ("Ayşe Şen", Standing.VALID),
    ]  # fmt: skip
    assert found.counts["egitim"] == {Standing.NOT_ENTERED: 1, Standing.NOT_ACCEPTED: 1, Standing.VALID: 1}
    assert found.rows[2].of["egitim"].until == date(2028, 10, 23)  # the class is not known: three years
    assert found.rows[0].of["egitim"].sorgu_no is None


def test_numbers_are_masked_for_everybody_and_names_for_who_does_not_keep_the_registers(gateway, roster):
    for role in (Role.COMPLIANCE, Role.MANAGER):
        assert {each.number for each in seen(gateway, role=role).rows} == {f"81*******{each[-2:]}" for each in (
            ALICE, BOB, CEM)}  # fmt: skip
    assert {each.name for each in seen(gateway).rows} == set(NAMES)
    assert {each.name for each in seen(gateway, role=Role.MANAGER).rows} == {"A*** Ş***", "İ*** Ö***", "C***"}


def test_a_manager_learns_that_an_examination_counts_and_not_until_when(gateway, roster):
    followed = seen(gateway, role=Role.MANAGER).rows

    assert all(each.of["muayene"].until is None for each in followed)
    assert {each.of["muayene"].standing for each in followed} == {Standing.NOT_ENTERED}


def test_workers_are_chosen_by_what_they_lack_and_told_in_pages(gateway, roster):
    enter(gateway, record("K-1", calisan=[ALICE]))
    lacking = Chosen(Standing.NOT_ENTERED, "egitim")
    first = seen(gateway, chosen=lacking, limit=1)
    second = seen(gateway, chosen=lacking, limit=1, after=first.next)

    assert (first.total, first.next, second.next) == (2, 1, None)
    assert {each.name for page in (first, second) for each in page.rows} == {"Cem", "İpek Öz"}


def test_a_worker_of_the_page_leads_to_their_messages(gateway, roster):
    enter(gateway, record("K-1", calisan=[ALICE]), record("K-2", calisan=[BOB]))
    row = next(each for each in seen(gateway).rows if each.name == "Ayşe Şen")
    with reading(gateway.database) as tx:
        found = search(tx, gateway, KURUM, Wanted(worker_index=row.worker_index))

    assert [each.kayit_no for each in found.rows] == ["K-1"]


def test_names_open_after_the_keys_were_replaced_and_go_with_an_erasure(gateway, roster, clock):
    replace_data_keys(gateway, reason="yearly")
    clock.advance(hours=1)
    assert reseal(gateway).left == 0
    assert {each.name for each in seen(gateway).rows} == set(NAMES)
    erase_person(gateway, KURUM, Tckn(BOB), "parties", reason="letter 12", early=True)

    assert {each.name for each in seen(gateway).rows} == {"Ayşe Şen", "Cem"}


def test_the_same_export_twice_changes_nothing(gateway, roster, tmp_path):
    rows = [[*worker(each), name] for each, name in zip((ALICE, BOB, CEM), NAMES, strict=True)]
    report = import_rows(gateway, tmp_path / "r.xlsx", "roster", [*ROSTER, "Ad Soyad"], rows, refreshed_on=TODAY)
    nameless = import_rows(
        gateway, tmp_path / "n.xlsx", "roster", ROSTER, [worker(each) for each in (ALICE, BOB, CEM)], refreshed_on=TODAY
    )

    assert (report.counts["same"], nameless.counts["same"]) == (3, 3)
    assert {each.name for each in seen(gateway).rows} == set(NAMES)


def test_a_roster_of_another_customer_is_empty(gateway, roster):
    other = KurumNo("osgb-2")
    gateway.keyring.sealer(other, now=START)

    assert (seen(gateway, kurum=other).roster, list(seen(gateway, kurum=other).rows)) == (0, [])
