from datetime import date

from integrator import acts, pipeline
from integrator.coverage.following import follow, follow_all, forget
from integrator.desk.heat import Cell, months_until, read_heat
from integrator.domain.identifiers import KurumNo
from integrator.parties.register import isyeri_index
from integrator.store.engine import reading, writing
from tests.factories import KURUM, SGK, record, submitted
from tests.integration.pipeline.exports import OTHER_SGK

LAST = date(2025, 10, 31)


def enter(gateway, *records):
    answers = list(pipeline.accept(gateway, KURUM, submitted(*records)))
    assert [each.status for each in answers] == ["accepted"] * len(records), answers
    return [each.sorgu_no[0] for each in answers]


def heat(gateway, kurum=KURUM, **more):
    with reading(gateway.database) as tx:
        return read_heat(tx, gateway, kurum, last=LAST, **more)


def test_months_go_over_the_turn_of_the_year():
    assert months_until(date(2026, 2, 5), 3) == ["2025-12", "2026-01", "2026-02"]


def test_each_month_of_a_workplace_tells_what_was_entered_and_what_was_accepted(gateway, ministry):
    ministry.faults.extend([None, "213", None])
    numbers = enter(
        gateway,
        record("K-1", egitimTarihi="2025-10-01"),
        record("K-2", egitimTarihi="2025-10-20"),
        record("K-3", egitimTarihi="2025-09-01", sgkTescilNo=OTHER_SGK),
    )
    follow_all(gateway, KURUM)
    pipeline.dispatch(gateway)
    while follow(gateway, KURUM, limit=1):
        pass
    sealer = gateway.keyring.sealer(KURUM)
    place, other = isyeri_index(sealer, SGK), isyeri_index(sealer, OTHER_SGK)
    found = heat(gateway)

    assert (found.months[0], found.months[-1], found.total, found.next) == ("2024-11", "2025-10", 2, None)
    assert [(each.place.isyeri_index, each.cells) for each in found.rows] == [
        (place, {("2025-10", "egitim"): Cell(2, 1)}),
        (other, {("2025-09", "egitim"): Cell(1, 1)}),
    ]
    acts.cancel(gateway, KURUM, numbers[1], reason="entered twice")
    follow_all(gateway, KURUM)
    again = {each.place.isyeri_index: (each.notified, each.accepted) for each in heat(gateway).rows}
    assert again == {place: (1, 1), other: (1, 1)}
    with writing(gateway.database) as tx:
        forget(tx, KURUM)
    follow_all(gateway, KURUM)
    assert {each.place.isyeri_index: (each.notified, each.accepted) for each in heat(gateway).rows} == again


def test_the_map_has_pages_and_its_months_have_an_end(gateway):
    enter(gateway, record("K-1"), record("K-2", sgkTescilNo=OTHER_SGK, egitimTarihi="2025-01-05"))
    follow_all(gateway, KURUM)
    first = heat(gateway, limit=1)
    second = heat(gateway, limit=1, after=first.next)

    assert (first.next, second.next) == (1, None)
    assert len({each.place.isyeri_index for page in (first, second) for each in page.rows}) == 2
    assert len(heat(gateway, months=600).months) == 24
    assert [each.notified for each in heat(gateway, months=1).rows] == [1, 0]


def test_the_map_of_a_customer_who_did_nothing_is_empty(gateway):
    assert list(heat(gateway, KurumNo("osgb-2")).rows) == []
