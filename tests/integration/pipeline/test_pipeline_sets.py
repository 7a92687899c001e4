"""The other veri setleri walk as far as the queue; what is no part of an examination is nowhere afterwards."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from integrator import acts, pipeline
from integrator.protect.seal import Content
from integrator.queue import bodies
from integrator.sign.keys import KeyCupboard
from integrator.store.engine import reading
from integrator.store.tables import bildirim_body, kayit, metadata
from integrator.telling import tell_cause
from tests.factories import KURUM, PROFESSIONAL, REPO, codes_of, content_of
from tests.factories import record as training

PLANTED = ("Hipertansiyon", "9.1 g/dL", "bel ağrısı")


def case(veri_seti, version, name):
    path = REPO / "datasets" / veri_seti / version / "ornekler" / name / "record.json"
    return json.loads(path.read_text(encoding="utf-8"))


EXAMINATION = case("muayene", "2023-03", "periodic")
DIAGNOSIS = case("muayene", "2023-03", "diagnosis_is_cut_off")


@pytest.fixture
def by_json(gateway):
    """A gateway whose metot carries the other sets; nothing here sends."""
    return replace(gateway, metot="json-g4")


@pytest.mark.parametrize(
    "record", [EXAMINATION, case("hizmet_verilen_isyeri", "2026-06", "service_begins")], ids=lambda r: r["veriSeti"]
)
def test_a_record_of_another_set_is_signed_and_queued_as_one_message(home, by_json, record):
    [answer] = home.accept(record, gateway=by_json)

    assert (answer.status, len(answer.sorgu_no), answer.findings) == ("accepted", 1, ())
    assert home.states() == {"queued": 1}
    assert home.row(answer.sorgu_no[0])["veri_seti"] == record["veriSeti"]
    assert home.broken() is None


@pytest.mark.parametrize(
    "record", [EXAMINATION, case("tehlike_kaynagi", "taslak", "a_press")], ids=lambda r: r["veriSeti"]
)
def test_a_set_that_the_metot_cannot_carry_is_told(home, record):
    [answer] = home.accept(record)

    assert (answer.status, codes_of(answer.findings)) == ("rejected", ["INT-VAL-006"])


def test_what_no_generation_can_send_yet_stays_in_the_queue_while_trainings_go(home, by_json, ministry):
    [examination] = home.accept(EXAMINATION, gateway=by_json)
    home.accept(training("K-1"), gateway=by_json)
    pipeline.dispatch(by_json)
    pipeline.dispatch(by_json)

    assert home.row(examination.sorgu_no[0])["state"] == "queued"
    assert home.row(examination.sorgu_no[0])["attempt"] == 0
    assert home.states() == {"queued": 1, "accepted": 1}


def test_a_training_goes_by_json_as_the_version_of_the_day_unless_the_record_names_the_other(home, by_json):
    answers = home.accept(training("K-1"), training("K-2", version="2026-06"), gateway=by_json)

    assert [home.row(each.sorgu_no[0])["version"] for each in answers] == ["2018-10", "2026-06"]


def test_an_examination_that_awaits_its_physician_is_a_cause_with_its_signer(home, by_json):
    keyless = replace(by_json, cupboard=KeyCupboard([]))
    home.accept(EXAMINATION, gateway=keyless)
    [group] = acts.read_causes(keyless, KURUM)

    assert tell_cause(keyless, KURUM, group)["professional"].endswith(PROFESSIONAL[-2:])


def test_an_examination_without_a_key_at_hand_awaits_its_physician(home, by_json, pki):
    keyless = replace(by_json, cupboard=KeyCupboard([]))
    [answer] = home.accept(EXAMINATION, gateway=keyless)
    [waiting] = acts.read_waiting(keyless, KURUM)
    acts.attach(keyless, KURUM, answer.sorgu_no[0], pki.signer().sign(waiting.canonical, at=keyless.clock.now()))

    assert waiting.professional == PROFESSIONAL
    assert home.states() == {"queued": 1}


def everything_stored(home):
    """Every column of every row as text, the sealed ones opened."""
    with reading(home.gateway.database) as tx:
        rows = [str(tuple(row)) for table in metadata.sorted_tables for row in tx.execute(select(table))]
        [record] = tx.execute(select(kayit))
        messages = list(tx.execute(select(bildirim_body)))
    key = content_of(home.gateway, KURUM, messages[0].sorgu_no)
    opened = [bodies.open_record(key, KURUM, record.kayit_no, record.body).decode()]
    for row in messages:
        opened.append(bodies.open_canonical(key, KURUM, row.sorgu_no, row.canonical)[1].decode())
        opened.append(bodies.open_cms(key, KURUM, row.sorgu_no, row.cms).decode("latin-1"))
    assert len(opened) == 3
    return "\n".join([*rows, *opened])


def test_a_planted_diagnosis_is_in_no_byte_that_is_signed_stored_or_logged(home, by_json, log, monkeypatch):
    sealed = []
    seal = Content.seal
    monkeypatch.setattr(
        Content, "seal", lambda self, content, place: (sealed.append(content), seal(self, content, place))[1]
    )

    [answer] = home.accept(DIAGNOSIS, gateway=by_json)
    stored = everything_stored(home)
    told = json.dumps([each.as_json() for each in answer.findings], ensure_ascii=False)

    assert answer.status == "accepted"
    assert codes_of(answer.findings) == ["INT-VAL-044"] * 3
    assert sealed
    for planted in PLANTED:
        assert planted not in stored
        assert planted not in told
        assert not any(planted.encode() in each for each in sealed)
        assert planted not in json.dumps(log(), ensure_ascii=False)


def test_the_same_record_with_its_diagnosis_again_is_known(home, by_json):
    home.accept(DIAGNOSIS, gateway=by_json)
    [again] = home.accept(DIAGNOSIS, gateway=by_json)

    assert again.status == "known"


def test_a_faulty_examination_shows_none_of_its_values_back(home, by_json):
    bad = {**EXAMINATION, "sonucVeKanaat": "çalışamaz: HIV", "raporTuru": "tüberküloz", "yerel": "gebe"}
    [answer] = home.accept(bad, gateway=by_json)
    told = json.dumps([each.as_json() for each in answer.findings], ensure_ascii=False)

    assert answer.status == "rejected"
    assert not any(word in told for word in ("HIV", "tüberküloz", "gebe"))


@pytest.mark.parametrize(
    ("statuses", "codes"),
    [({"official"}, ["INT-VAL-007"]), ({"official", "assumed"}, [])],
)
def test_what_is_not_official_leaves_production_by_an_explicit_switch_only(home, by_json, statuses, codes):
    [answer] = home.accept(EXAMINATION, gateway=replace(by_json, leaving=frozenset(statuses)))

    assert codes_of(answer.findings) == codes
