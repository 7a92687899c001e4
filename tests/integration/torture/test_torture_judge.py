"""The judge of `make torture` must see what it is there to see: each fault is made by hand, and counted."""

import json

import pytest
from sqlalchemy import delete, update

from bench.torture.judge import judge
from integrator.domain.identifiers import SorguNo
from integrator.pipeline import accept, dispatch
from integrator.store.engine import writing
from integrator.store.tables import bildirim, deneme
from tests.factories import KURUM, PROFESSIONAL, SGK, record, submitted, tckn
from tests.fakes import START


@pytest.fixture
def trial(gateway, ministry, tmp_path):
    """Three records, sent; `judged(effects)` gives the verdict's faults for a ledger of these effects."""
    records = [record(f"K-{n}", calisan=[tckn(820_000_000 + n)]) for n in range(3)]
    (tmp_path / "trainings.ndjson").write_text("".join(json.dumps(each) + "\n" for each in records))
    list(accept(gateway, KURUM, submitted(*records)))
    dispatch(gateway)

    class Trial:
        @staticmethod
        def judged(effects, answered=("K-0",)):
            ledger = {"effects": effects}
            return judge(gateway, KURUM, tmp_path / "trainings.ndjson", ledger, answered).faults

        @staticmethod
        def change(statement):
            with writing(gateway.database) as tx:
                tx.execute(statement)

    Trial.effects = [_effect(number, pair) for number, pair in ministry.effects]
    return Trial


def _effect(number, pair, at=START):
    return {
        "sorgu_no": number,
        "isg_prof_tck_no": PROFESSIONAL,
        "sgk_tescil_no": SGK,
        "egitim_tarihi": "23-10-2025",
        "calisan_tck_no": pair[0],
        "egitim_kodu_id": int(pair[1]),
        "at": at.isoformat(),
    }


def test_a_good_trial_has_no_fault(trial):
    assert trial.judged(trial.effects) == []


def test_an_effect_that_is_missing_is_a_message_lost(trial):
    assert trial.judged(trial.effects[1:]) == ["lost=1"]


def test_an_effect_under_a_second_number_is_a_duplicate(trial):
    again = {**trial.effects[0], "sorgu_no": trial.effects[1]["sorgu_no"]}

    assert trial.judged([*trial.effects, again]) == ["duplicates=1"]


def test_an_answered_record_that_is_not_in_the_tables_is_missed(trial):
    assert trial.judged(trial.effects, answered=("K-0", "K-9")) == ["accepted_missing=1"]


def test_a_message_at_the_ministry_without_an_attempt_is_found(trial):
    trial.change(delete(deneme).where(deneme.c.sorgu_no == trial.effects[0]["sorgu_no"]))

    assert trial.judged(trial.effects) == ["sent_without_intent=1"]


def test_a_row_that_the_log_does_not_know_so_is_found(trial):
    number = SorguNo(trial.effects[0]["sorgu_no"])
    trial.change(update(bildirim).where(bildirim.c.sorgu_no == number).values(state="queued"))

    faults = trial.judged(trial.effects)

    assert faults[0] == "unsettled=1"
    assert f"bildirim {number}: its row says queued, the log says accepted" in faults[1]
