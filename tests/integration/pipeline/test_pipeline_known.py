"""What is known beside a record reaches its answer through the whole walk, and stops it or not (decision 0021)."""

import json
from dataclasses import replace
from datetime import date

import pytest

from integrator.domain.workplaces import Sozlesme, SozlesmeDurumu
from tests.factories import PROFESSIONAL, REPO, SGK, WORKER, codes_of, record
from tests.fakes import FakeKnown, FakeRoster

EXAMINATION = json.loads((REPO / "datasets/muayene/2023-03/ornekler/periodic/record.json").read_text(encoding="utf-8"))
DELETED = Sozlesme(PROFESSIONAL, SGK, "2", SozlesmeDurumu.SILINDI)


def knowing(gateway, **known):
    return replace(gateway, known_of=lambda *_: FakeKnown(**known))


def test_a_record_under_a_deleted_contract_is_stored_nowhere(home, gateway):
    [answer] = home.accept(record(), gateway=knowing(gateway, contracts=[DELETED], contracts_at={SGK}))

    assert (answer.status, codes_of(answer.findings), answer.sorgu_no) == ("rejected", ["INT-VAL-050"], ())
    assert home.states() == {}
    assert home.broken() is None


def test_a_worker_who_is_not_on_the_roster_is_told_and_the_record_queued(home, gateway):
    rosters = {SGK: FakeRoster(date(2026, 3, 1), {})}
    [answer] = home.accept(record(), gateway=knowing(gateway, rosters=rosters))

    assert (answer.status, codes_of(answer.findings)) == ("accepted", ["INT-VAL-054"])
    assert home.states() == {"queued": 1}
    assert not any(WORKER in str(each.as_json()) for each in answer.findings)


@pytest.mark.parametrize(("kind", "status"), [("1", "accepted"), ("2", "rejected"), ("3", "rejected")])
def test_an_examination_is_taken_only_from_whom_is_known_as_a_physician(home, gateway, kind, status):
    by_json = replace(knowing(gateway, kind=kind), metot="json-g4")
    [answer] = home.accept(EXAMINATION, gateway=by_json)

    assert answer.status == status
    assert codes_of(answer.findings) == ([] if status == "accepted" else ["INT-VAL-045"])
    assert home.states() == ({"queued": 1} if status == "accepted" else {})


def test_the_same_record_is_taken_once_the_new_contract_is_known(home, gateway):
    first = home.accept(record(), gateway=knowing(gateway, contracts=[DELETED], contracts_at={SGK}))
    anew = replace(DELETED, durum=SozlesmeDurumu.ONAYLANDI, onay_tarihi=date(2025, 1, 1))
    again = home.accept(record(), gateway=knowing(gateway, contracts=[DELETED, anew], contracts_at={SGK}))

    assert [each.status for each in (*first, *again)] == ["rejected", "accepted"]
