from datetime import date

from integrator import pipeline
from integrator.catalogue.changes import Change
from integrator.registry.deadlines import read_due
from integrator.registry.reading import read_customers, state_of_firm
from integrator.store.engine import reading
from tests.factories import KURUM, record, submitted

TODAY = date(2026, 3, 2)


def due(gateway, **options):
    with reading(gateway.database) as tx:
        return read_due(tx, TODAY, **options)


def test_what_was_never_recorded_is_told_first(gateway):
    found = due(gateway)

    assert [(each.register, each.about, each.within) for each in found] == [
        ("gizlilik_sozlesmesi", "", "missing"),
        ("iso27001", "", "missing"),
        ("security_test", "dynamic", "missing"),
        ("security_test", "static", "missing"),
    ]


def test_every_clock_that_runs_is_told_the_nearest_first_with_the_days_left(gateway, put):
    put("finding", "B-1", severity="breach", opened_on="2026-02-27", subject="açık")
    put("finding", "B-2", severity="other", opened_on="2026-02-05", subject="yavaş")
    put("change", "D-1", announced_on="2026-03-02", subject="yeni")
    put("change", "D-2", "done", announced_on="2026-01-02", subject="eski", done_on="2026-01-20")
    put("iso27001", "TR-1", valid_until="2026-05-01")
    put("kep", "7", "open", direction="in", dated_on="2026-03-01", subject="eksik belge", answer_by="2026-03-02")
    put("gizlilik_sozlesmesi", "2", "signed", signed_on="2026-01-01", valid_until="2026-05-20")
    for number, day in (("T-1", "2024-01-01"), ("T-2", "2025-06-01")):
        put("security_test", number, kind="static", done_on=day)
    put("security_test", "T-3", kind="dynamic", done_on="2026-03-01")

    told = [(each.entry_no, each.within, each.days_left) for each in due(gateway)]

    assert told == [
        ("B-1", "overdue", -3), ("7", "7", 0), ("B-2", "7", 5), ("D-1", "30", 30), ("TR-1", "60", 60),
        ("2", "90", 79), ("T-2", "later", 91), ("T-3", "later", 364),
    ]  # fmt: skip


def test_an_announced_change_of_the_published_file_runs_until_the_register_speaks_of_it(gateway, put):
    announced = Change("D-9", "veri_seti", True, date(2026, 2, 20), date(2026, 3, 22), "yeni", "new", "s")
    seen = Change("D-8", "veri_seti", False, date(2026, 2, 20), date(2026, 3, 22), "söylenti", "rumour", "s")

    before = [(each.entry_no, each.days_left) for each in due(gateway, published=[announced, seen]) if each.entry_no]
    put("change", "D-9", "done", announced_on="2026-02-20", subject="yeni", done_on="2026-03-01")

    assert before == [("D-9", 20)]
    assert not [each for each in due(gateway, published=[announced, seen]) if each.entry_no]


def test_every_customer_is_listed_with_its_form_and_what_waits_for_it(gateway, put):
    list(pipeline.accept(gateway, KURUM, submitted(record("K-1"))))
    put("hizmet_alim_formu", "osgb-9")
    with reading(gateway.database) as tx:
        found = [(each.kurum, each.state, each.is_here, each.queued) for each in read_customers(tx)]

    assert found == [(KURUM, "none", True, 1), ("osgb-9", "drafted", False, 0)]


def test_the_firm_is_in_test_until_the_ministrys_announcement_is_recorded(gateway, put):
    with reading(gateway.database) as tx:
        before = state_of_firm(tx)
    put("firma", "firma", "active", since="2026-03-01", reference="İlan 4")
    with reading(gateway.database) as tx:
        assert (before, state_of_firm(tx)) == ("test", "active")
