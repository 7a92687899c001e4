import time
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, text

from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.queue import fair, outbox
from integrator.queue.fair import Rotation, interleave, share_out
from integrator.store.dialect import in_index_order
from integrator.store.engine import writing
from integrator.store.tables import bildirim
from tests.factories import FIRST_NUMBER
from tests.fakes import START

LATER = START + timedelta(hours=1)
METOT = "soap-g2"


@pytest.fixture
def fill(engine):
    """Queued rows for `(customer, count, due)`; bodies are left out, so the rows can be taken but not claimed."""

    def fill_it(*lots, state="queued"):
        number = FIRST_NUMBER
        rows = []
        for kurum, count, due in lots:
            for _ in range(count):
                rows.append(
                    {
                        "kurum_id": kurum, "sorgu_no": number, "kayit_no": f"K-{number}", "part": 1,
                        "veri_seti": "egitim", "version": "2018-10", "metot": "soap-g2", "state": state,
                        "due_at": due, "fence": 0, "attempt": 0, "asks": 0, "deneme_no": 0, "reason": "",
                        "last_code": "", "parts_total": 1, "parts_accepted": 0, "created_at": START,
                        "changed_at": START,
                    }
                )  # fmt: skip
                number += 1
        with writing(engine) as tx:
            for place in range(0, len(rows), 20_000):
                tx.execute(insert(bildirim), rows[place : place + 20_000])
        return {row["sorgu_no"]: row["kurum_id"] for row in rows}

    return fill_it


@pytest.fixture
def take(engine):
    def take_them(limit, *, rotation=None, now=START, state="queued", but_not=None):
        with writing(engine) as tx:
            turn = fair.Turn(state, METOT, rotation or Rotation(), but_not)
            return fair.take_fairly(tx, turn, now=now, limit=limit)

    return take_them


def test_everything_is_taken_when_it_fits_and_customers_take_turns(fill, take):
    of = fill(("A", 3, START), ("B", 1, START))

    assert [of[number] for number in take(9)] == ["A", "B", "A", "A"]


def test_one_customers_many_do_not_hold_up_anothers_one(fill, take):
    of = fill(("A", 5000, START - timedelta(hours=1)), ("B", 1, START))
    taken = [of[number] for number in take(16)]

    assert taken.count("B") == 1
    assert len(taken) == 16
    assert "B" in taken[:2]


def test_inside_a_customer_the_longest_due_goes_first(fill, take):
    fill(("A", 20, START), ("A", 1, START - timedelta(seconds=1)), ("B", 20, START))

    assert take(4)[0] == FIRST_NUMBER + 20


def test_many_customers_are_all_served_within_one_round(fill, take):
    of = fill(("A", 2000, START), *((f"C{n:03}", 3, START) for n in range(50)))
    rotation, served = Rotation(), set()
    for _ in range(4):
        served |= {of[number] for number in take(16, rotation=rotation)}

    assert len(served) == 51


def test_with_one_at_a_time_everybody_gets_a_turn_before_anybody_gets_a_second(fill, take):
    of = fill(("A", 100, START), ("B", 3, START), ("C", 3, START))
    rotation = Rotation()

    assert [of[take(1, rotation=rotation)[0]] for _ in range(6)] == ["A", "B", "C"] * 2


def test_customers_whose_messages_are_due_later_are_passed_over(fill, take):
    of = fill(("A", 100, START), *((f"M{n:04}", 2, LATER) for n in range(2500)), ("Z", 1, START))
    rotation, taken = Rotation(), []
    for _ in range(2):  # no more than so many looks in one claim, if it has found somebody
        taken += take(8, rotation=rotation)

    assert {of[number] for number in taken} == {"A", "Z"}


def test_a_claim_never_comes_back_empty_handed_while_something_is_due(fill, take):
    of = fill(*((f"M{n:04}", 1, LATER) for n in range(2500)), ("Z", 9, START))

    assert {of[number] for number in take(8)} == {"Z"}


def test_the_turn_goes_round(fill, take):
    of = fill(("A", 9, START), ("B", 9, START))

    assert of[take(1, rotation=Rotation("B"))[0]] == "A"
    assert of[take(1, rotation=Rotation("A"))[0]] == "B"


def test_a_customer_who_may_not_is_not_taken(fill, take):
    of = fill(("A", 9, START), ("B", 1, START))

    assert [of[number] for number in take(1, but_not="A")] == ["B"]
    assert take(1, but_not="A", now=START - timedelta(seconds=1)) == []


def test_nothing_is_taken_before_it_is_due(fill, take):
    fill(("A", 9, LATER), ("B", 9, LATER))

    assert take(4) == []


def test_questions_are_shared_out_like_messages(fill, take):
    of = fill(("A", 500, START), ("B", 1, START), state="uncertain")

    assert "B" in {of[number] for number in take(8, state="uncertain")}


def test_a_claim_costs_the_same_out_of_thirty_times_as_many(fill, take, engine):
    def best_ms():
        taken = []
        for _ in range(20):
            began = time.perf_counter()
            assert len(take(64)) == 64
            taken.append((time.perf_counter() - began) * 1000)
        return min(taken)

    fill(("A", 1000, START), ("B", 1, START))
    few = best_ms()
    with writing(engine) as tx:
        tx.execute(bildirim.delete())
    analyze(engine)  # the planner believes from now on that nothing is queued
    fill(("A", 30_000, START), ("B", 1, START))
    many = best_ms()
    analyze(engine)  # and now that almost everything is, and is A's

    assert max(many, best_ms()) < few * 3 + 1


def analyze(engine):
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def test_the_steps_from_customer_to_customer_use_the_index(engine):
    statements = []

    class Spy:
        def execute(self, query):
            statements.append(query)
            return []

    fair._look(Spy(), fair.Turn("queued", METOT, Rotation()), now=START, between=("", "z"), count=4)
    with writing(engine) as tx:
        compiled = statements[0].compile(engine, compile_kwargs={"literal_binds": True})
        if engine.dialect.name == "sqlite":
            plan = [row[3] for row in tx.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
        else:
            in_index_order(tx)  # as a claim does: the planner may believe whatever others left behind
            tx.execute(text("SET LOCAL enable_seqscan = off"))  # the table is empty: reading it whole would be right
            plan = [row[0] for row in tx.execute(text(f"EXPLAIN {compiled}"))]

    assert [step for step in plan if "SCAN bildirim" in step or "Seq Scan on bildirim" in step] == []
    assert any("bildirim_fair" in step for step in plan)


def test_a_claim_hands_the_shares_out_in_turn(engine, put):
    put(5, kurum=KurumNo("A"))
    [mine] = put(1, kurum=KurumNo("B"))
    with writing(engine) as tx:
        claimed = outbox.claim(tx, outbox.Terms(START, "w", timedelta(minutes=2), 3, "soap-g2"))

    assert [each.kurum for each in claimed] == ["A", "B", "A"]
    assert SorguNo(mine) in {each.sorgu_no for each in claimed}


@given(st.lists(st.integers(0, 40), max_size=20), st.integers(1, 64))
def test_shares_are_even_and_nothing_is_left_while_somebody_has_more(lots, limit):
    rows = {f"C{n:02}": [(f"C{n:02}", n * 100 + i) for i in range(count)] for n, count in enumerate(lots)}
    taken = share_out(list(rows), limit, lambda kurum, some, after: rows[kurum][after : after + some])

    assert len(taken) == len(set(taken)) == min(limit, sum(lots))
    even = limit // max(1, len(lots))
    for kurum, mine in rows.items():
        assert sum(row[0] == kurum for row in taken) >= min(len(mine), even)


@given(st.lists(st.lists(st.integers())))
def test_interleaving_keeps_everything_and_everybodys_order(several):
    marked = [[(place, each) for each in one] for place, one in enumerate(several)]
    mixed = interleave(marked)

    assert all([each for each in mixed if each[0] == place] == one for place, one in enumerate(marked))
    assert len(mixed) == sum(map(len, several))
