from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from integrator import lookups
from integrator.domain.errors import Unavailable
from integrator.domain.identifiers import KurumNo
from integrator.domain.parties import Isyeri, Sigorta, Yetki
from integrator.store.engine import reading
from integrator.store.tables import calisan_sigorta, isyeri, profesyonel_yetki
from tests.factories import KURUM, PROFESSIONAL, SGK, WORKER, codes_of, record
from tests.fakes import FakeMinistry

YETKI, SIGORTA = Yetki(PROFESSIONAL, SGK, "2"), Sigorta(WORKER, SGK)


class Register(FakeMinistry):
    """A ministry that also answers look-ups, and counts them."""

    def __init__(self):
        super().__init__()
        self.said = {Isyeri: Isyeri(SGK, "41.00.01", "Çok Tehlikeli", 12), Yetki: False, Sigorta: False}
        self.asked_about = []

    def _say(self, subject):
        self.asked_about.append(subject)
        said = self.said[type(subject)]
        if isinstance(said, Exception):
            raise said
        return said

    def look_up_workplace(self, sgk_tescil_no):
        return self._say(Isyeri(sgk_tescil_no))

    def look_up_professional(self, asked):
        return self._say(asked)

    def look_up_worker(self, asked):
        return self._say(asked)


@pytest.fixture
def ministry():
    return Register()


def findings(home):
    return codes_of(home.accept(record())[0].findings)


def test_an_answer_is_kept_for_a_day_and_asked_anew_after_it(gateway, ministry, clock):
    first = lookups.look_up(gateway, KURUM, Isyeri(SGK))
    again = lookups.look_up(gateway, KURUM, Isyeri(SGK))
    clock.advance(hours=24, seconds=1)
    lookups.look_up(gateway, KURUM, Isyeri(SGK))

    assert (first, first.subject.tehlike_sinifi) == (again, "Çok Tehlikeli")
    assert len(ministry.asked_about) == 2


def test_a_fresh_answer_is_asked_anew_only_when_that_is_wanted(gateway, ministry):
    lookups.look_up(gateway, KURUM, YETKI)
    ministry.said[Yetki] = True

    assert [lookups.look_up(gateway, KURUM, YETKI, anew=anew).holds for anew in (False, True, False)] == [
        False, True, True
    ]  # fmt: skip


def test_a_record_is_warned_of_what_the_ministry_said_no_to_and_accepted(home, gateway):
    before = findings(home)
    lookups.look_up(gateway, KURUM, YETKI)
    lookups.look_up(gateway, KURUM, SIGORTA)
    [answer] = home.accept(record("K-2"))

    assert before == []
    assert (answer.status, codes_of(answer.findings)) == ("accepted", ["INT-VAL-040", "INT-VAL-041"])
    assert not any(PROFESSIONAL in str(each.as_json()) or WORKER in str(each.as_json()) for each in answer.findings)


@pytest.mark.parametrize("subject", [Yetki(PROFESSIONAL, SGK, "1"), Sigorta(PROFESSIONAL, SGK)])
def test_an_answer_about_another_role_or_person_warns_nobody(home, gateway, subject):
    lookups.look_up(gateway, KURUM, subject)

    assert findings(home) == []


def test_yes_or_an_old_no_warns_nobody(home, gateway, ministry, clock):
    lookups.look_up(gateway, KURUM, YETKI)
    ministry.said[Sigorta] = True
    lookups.look_up(gateway, KURUM, SIGORTA)
    clock.advance(hours=24, seconds=1)

    assert findings(home) == []


def test_what_was_said_to_one_customer_is_not_told_to_another(home, gateway, ministry):
    lookups.look_up(gateway, KurumNo("other"), YETKI)
    lookups.look_up(gateway, KurumNo("other"), SIGORTA)

    assert findings(home) == []


def test_accepting_never_asks_the_ministry(home, gateway, ministry):
    lookups.look_up(gateway, KURUM, YETKI)
    ministry.asked_about.clear()
    findings(home)

    assert ministry.asked_about == []


def test_no_column_holds_an_identity_or_workplace_number(gateway):
    for subject in (Isyeri(SGK), YETKI, SIGORTA):
        lookups.look_up(gateway, KURUM, subject)
    with reading(gateway.database) as tx:
        rows = [tuple(row) for each in (isyeri, profesyonel_yetki, calisan_sigorta) for row in tx.execute(select(each))]

    assert len(rows) == 3
    assert not any(number in repr(rows) for number in (PROFESSIONAL, WORKER, SGK, "Tehlikeli"))


def test_what_is_older_than_a_day_is_refreshed_and_an_outage_leaves_it(gateway, ministry, clock):
    for subject in (Isyeri(SGK), YETKI, SIGORTA):
        lookups.look_up(gateway, KURUM, subject)
    at_once = lookups.refresh(gateway, KURUM)
    clock.advance(hours=25)
    ministry.said[Sigorta] = Unavailable("away")
    first = lookups.refresh(gateway, KURUM)
    ministry.said[Sigorta] = True
    second = lookups.refresh(gateway, KURUM)

    assert (at_once, first, second) == ({}, {"refreshed": 2, "unavailable": 1}, {"refreshed": 1})
    assert clock.now() - lookups.look_up(gateway, KURUM, SIGORTA).seen_at < timedelta(minutes=1)


def test_a_look_up_that_the_metot_does_not_have_is_unavailable(gateway):
    with pytest.raises(Unavailable, match="no operation"):
        lookups.look_up(replace(gateway, generation=FakeMinistry()), KURUM, YETKI)


def test_every_question_stands_in_the_audit_log(gateway, home):
    lookups.look_up(gateway, KURUM, YETKI)

    assert home.broken() is None
