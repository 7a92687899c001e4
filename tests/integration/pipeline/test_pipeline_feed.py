import runpy
import threading

import pytest
from sqlalchemy import update

from integrator import acts, feed, pipeline
from integrator.audit.trail import Entry, Trail
from integrator.domain.identifiers import KurumNo
from integrator.queue.erasures import destroy
from integrator.store.engine import reading, writing
from integrator.store.schema import FOLDER
from integrator.store.tables import audit_entry
from tests.factories import FIRST_NUMBER, KURUM, record, submitted
from tests.fakes import START

OTHER = KurumNo("osgb-2")


def changes(gateway, *, after=feed.START, limit=1_000, kurum=KURUM):
    with reading(gateway.database) as tx:
        return feed.read_changes(tx, kurum, after=after, limit=limit)


def walked(gateway, step):
    found, after = [], feed.START
    while page := changes(gateway, after=after, limit=step):
        found, after = found + page, page[-1].cursor
    return found


def test_every_move_of_a_message_is_told_once_and_in_order(home, gateway):
    home.accept(record("K-1"))
    pipeline.dispatch(gateway)
    told = changes(gateway)

    assert [(each.was, each.state) for each in told] == [
        ("awaiting_signature", "queued"),
        ("queued", "sending"),
        ("sending", "accepted"),
    ]
    assert {(each.kayit_no, each.sorgu_no, each.event) for each in told} == {("K-1", FIRST_NUMBER, "bildirim.moved")}
    assert told[0].at == START


def test_pages_of_any_size_give_the_same_feed(home, gateway):
    home.accept(*(record(f"K-{n}") for n in range(5)))
    pipeline.dispatch(gateway)

    assert walked(gateway, 1) == walked(gateway, 4) == changes(gateway)
    assert len(changes(gateway)) == 15


def test_a_customer_sees_nothing_of_another(home, gateway):
    home.accept(record("K-1"))
    list(pipeline.accept(gateway, OTHER, submitted(record("K-2"))))

    assert {each.kayit_no for each in changes(gateway)} == {"K-1"}
    assert {each.kayit_no for each in changes(gateway, kurum=OTHER)} == {"K-2"}


def test_a_message_that_waits_names_the_cause_that_can_be_mended(home, gateway, ministry):
    ministry.faults.append("213")
    home.accept(record("K-1"))
    pipeline.dispatch(gateway)
    [group] = acts.read_causes(gateway, KURUM)
    [*before, held] = changes(gateway)
    acts.release_cause(gateway, KURUM, group.cause.cause_id, reason="mended", by="a")

    assert (held.state, held.code, held.cause) == ("held", "213", group.cause.cause_id)
    assert {each.cause for each in before} == {""}
    assert {each.cause for each in changes(gateway)} == {""}


def test_an_erased_record_keeps_its_changes(home, gateway):
    home.accept(record("K-1"))
    pipeline.dispatch(gateway)
    before = changes(gateway)
    with writing(gateway.database) as tx:
        assert destroy(tx, KURUM, "K-1", day="2026-01-01", named="x")

    assert changes(gateway) == before


def test_a_cursor_is_found_again_and_one_of_another_history_is_told(home, gateway):
    home.accept(record("K-1"))
    [birth] = changes(gateway)
    with reading(gateway.database) as tx:
        assert feed.find_cursor(tx, KURUM, birth.told_cursor) == birth.cursor
        assert feed.end_of(tx, KURUM) == birth.told_cursor
        assert (feed.find_cursor(tx, OTHER, "0"), feed.end_of(tx, OTHER)) == (feed.START, "0")
        for wrong in (f"{birth.cursor}-00000000", "99-aaaaaaaa", f"{birth.cursor}", "1-", "x", "-1", "9" * 19):
            with pytest.raises(feed.NoSuchCursor):
                feed.find_cursor(tx, KURUM, wrong)
        with pytest.raises(feed.NoSuchCursor):
            feed.find_cursor(tx, OTHER, birth.told_cursor)


def test_a_change_moved_to_another_customers_feed_is_named_by_verify(home, gateway):
    home.accept(record("K-1"))
    with writing(gateway.database) as tx:
        tx.execute(update(audit_entry).where(audit_entry.c.kurum_id == KURUM).values(kurum_id=OTHER))

    assert "names another message or customer" in home.broken()


def test_entries_from_before_the_feed_are_marked_by_the_step_that_brings_it(home, gateway):
    home.accept(record("K-1"))
    pipeline.dispatch(gateway)
    before = changes(gateway)
    step = runpy.run_path(str(FOLDER / "versions" / "v0012_change_feed.py"))
    with writing(gateway.database) as tx:
        tx.execute(update(audit_entry).values(kurum_id=None))
        step["mark_changes"](tx)

    assert changes(gateway) == before != []
    assert home.broken() is None


def test_no_change_appears_below_one_that_was_read_while_several_write(open_database, gateway):
    """On PostgreSQL the writers truly run side by side; the reader walks on and must miss nothing."""
    databases, rounds, seen, cursor = [open_database() for _ in range(4)], 25, [], feed.START
    done = threading.Event()

    def write(database, name):
        trail = Trail()
        for n in range(rounds):
            facts = {"kurum": KURUM, "kayit_no": f"{name}-{n}", "corrected_by": "x"}
            with writing(database) as tx:
                trail.append(tx, [Entry("kayit.corrected", "a", facts)], now=START)

    writers = [threading.Thread(target=write, args=(each, place)) for place, each in enumerate(databases)]
    [each.start() for each in writers]
    while not done.is_set():
        if not any(each.is_alive() for each in writers):
            done.set()
        for change in changes(gateway, after=cursor, limit=7):
            seen.append(change.kayit_no)
            cursor = change.cursor
    seen += [each.kayit_no for each in changes(gateway, after=cursor)]

    assert len(seen) == len(set(seen)) == rounds * len(databases)
    for name in range(len(databases)):
        assert [each for each in seen if each.startswith(f"{name}-")] == [f"{name}-{n}" for n in range(rounds)]
