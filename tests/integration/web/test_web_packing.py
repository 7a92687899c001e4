from dataclasses import replace
from datetime import date

from integrator.evidence.packing import Asked, ask_pack, make_next, read_pack
from integrator.queue import packs
from integrator.store.engine import writing
from tests.factories import KURUM, SGK, record

ASKED = Asked(SGK, date(2025, 10, 1), date(2025, 10, 31))


def test_a_job_outlives_its_process_and_a_maker_that_went_silent(gateway, call, another_worker, clock):
    call("POST", "/kayit", json=record("K-1"))
    job = ask_pack(gateway, KURUM, ASKED, by="ayse")
    with writing(gateway.database) as tx:
        packs.claim(tx, now=clock.now())
    other = another_worker()

    assert make_next(other, None) is False
    clock.advance(minutes=16)
    assert make_next(other, None) is True
    assert read_pack(gateway, KURUM, job.pack_no).state == "ready"


def test_what_a_lost_maker_brings_late_is_not_taken(gateway, call, clock):
    call("POST", "/kayit", json=record("K-1"))
    job = ask_pack(gateway, KURUM, ASKED, by="ayse")
    with writing(gateway.database) as tx:
        first = packs.claim(tx, now=clock.now())
        clock.advance(minutes=16)
        packs.claim(tx, now=clock.now())
        taken = packs.finish(tx, replace(first, state="ready"))

    assert taken is False
    assert read_pack(gateway, KURUM, job.pack_no).state == "making"
