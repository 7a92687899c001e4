"""A pack that is made tells how far it is, and ends when nobody wants it any more."""

import shutil
from datetime import date

import pytest

from integrator import pipeline
from integrator.evidence import packing
from integrator.evidence.packing import Asked, ask_pack, make_next, read_pack, stop_pack
from integrator.store.engine import sqlite_url
from tests.factories import KURUM, SGK, record, submitted, workers

ASKED = Asked(SGK, date(2025, 10, 1), date(2025, 10, 31))


@pytest.fixture
def database_url(migrated_file, tmp_path):
    """SQLite only: what differs between the engines is tried where it is read."""
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


@pytest.fixture
def three(gateway):
    """A job of three messages."""
    records = [record(f"K-{at}", calisan=[one]) for at, one in enumerate(workers(3))]
    assert [each.status for each in pipeline.accept(gateway, KURUM, submitted(*records))] == ["accepted"] * 3
    return ask_pack(gateway, KURUM, ASKED, by="ayse")


@pytest.fixture
def watched(gateway, three, monkeypatch):
    """What the job's row said after every step with a message; `then` is done with it."""
    seen, acts = [], {}
    told = packing._Progress.__call__

    def tell(self, step, done):
        told(self, step, done)
        job = read_pack(gateway, KURUM, three.pack_no)
        seen.append((job.step, job.done, job.messages, round(job.fraction, 2)))
        acts.get((step, done), lambda: None)()

    monkeypatch.setattr(packing._Progress, "__call__", tell)
    return seen, acts


def test_a_pack_that_is_made_tells_how_many_of_its_messages_are_done_in_which_step(gateway, three, watched):
    seen, _ = watched
    make_next(gateway, None)

    assert [each[:3] for each in seen] == [
        (step, done, 3) for step in ("reading", "writing", "proving") for done in (1, 2, 3)
    ]
    assert [each[3] for each in seen] == sorted(each[3] for each in seen)
    assert (seen[0][3], seen[-1][3], read_pack(gateway, KURUM, three.pack_no).fraction) == (0.11, 1.0, 1.0)


def test_a_pack_that_is_stopped_while_it_is_made_is_not_made_and_leaves_nothing(gateway, three, watched):
    seen, acts = watched
    acts["reading", 2] = lambda: stop_pack(gateway, KURUM, three.pack_no)

    assert make_next(gateway, None) is True
    job = read_pack(gateway, KURUM, three.pack_no)
    assert (len(seen), job.state, job.size, job.sha256) == (2, "stopped", 0, "")
    assert make_next(gateway, None) is False


def test_a_pack_that_nobody_began_is_stopped_and_one_that_is_ready_goes(gateway, three):
    again = ask_pack(gateway, KURUM, ASKED, by="ayse")
    stop_pack(gateway, KURUM, three.pack_no)
    assert make_next(gateway, None) is True
    ready = read_pack(gateway, KURUM, again.pack_no)

    assert [stop_pack(gateway, KURUM, each.pack_no).state for each in (three, again, again)] == [
        "stopped",
        "expired",
        "expired",
    ]
    assert (ready.state, ready.fraction) == ("ready", 1.0)
