import time
from dataclasses import replace
from datetime import date

import pytest

from integrator.catalogue.catalogue import read_catalogue
from integrator.deliver.dvo import cut_dvo
from integrator.deliver.generation import (
    AsksByNumber,
    Credentials,
    LooksUpWorkers,
    LooksUpWorkplaces,
    TakesForProcessing,
)
from integrator.deliver.wire import Limits, Wire
from integrator.domain.errors import Unavailable
from integrator.domain.identifiers import SorguNo
from integrator.domain.outcomes import Kind, Outcome
from integrator.domain.parties import Sigorta, Yetki
from integrator.receipt.judge import judge_found, judge_processed, judge_repeated, judge_reply
from integrator.settings import ASSUMED, MinistrySettings
from integrator.sign.canonical import split
from integrator.trial.ministry_process import MinistryProcess
from integrator.wiring import GENERATIONS
from tests.factories import FIRST_NUMBER, PROFESSIONAL, SGK, WORKER, definition, kayit, workers
from tests.fakes import START

CREDENTIALS = Credentials("KOD&12345678", "par<ola 7")
STRANGER = workers(1)[0]
PARTIES = {
    "firmalar": [{"firma_kodu": CREDENTIALS.firma_kodu, "parola": CREDENTIALS.parola, "aktif": True}],
    "isyerleri": [{"sgk_tescil_no": SGK, "ad_unvan": "x", "tehlike_sinifi": "Çok Tehlikeli", "calisanlar": [WORKER]}],
    "profesyoneller": [{"tckn": PROFESSIONAL, "belge_tipi": 2}],
    "sozlesmeler": [
        {"profesyonel": PROFESSIONAL, "sgk_tescil_no": SGK, "durum": "Onaylandı", "baslangic": "2018-01-01"}
    ],
    "egitim_kodlari": [{"kodu": code, "aciklama": "Konu", "aktif": 1} for code in (24, 240, 390)],
}
QUICK = Limits(connect=2.0, silence=0.5, total=0.8)
CODES = read_catalogue().result_codes


@pytest.fixture(scope="module")
def stub():
    with MinistryProcess(faults="none", seed=1, slow_seconds=1.2) as process:
        yield process


@pytest.fixture
def ministry(stub):
    stub.control("POST", "/reset", {"parties": True})
    stub.control("PUT", "/parties", PARTIES)
    return stub


class Sender:
    """Signs, sends, asks and judges one message by one metot, as the pipeline does."""

    def __init__(self, metot, ministry, pki, credentials=CREDENTIALS):
        settings = MinistrySettings(metot=metot, address=ministry.address_of(metot), ask_by_repeating=True)
        self.generation = GENERATIONS[metot](settings, lambda address: Wire(address, QUICK), credentials)
        self.definition = definition("2018-07") if metot == "soap-g1" else definition().carried_by(metot)
        self.pki = pki

    def make(self, **changes):
        on_that_day = {"egitimTarihi": date(2018, 10, 23)} | changes  # both forms were taken then
        [message] = split(replace(kayit(**on_that_day), version=self.definition.version), self.definition)
        self.dvo = cut_dvo(message.canonical)
        self.cms = self.pki.signer().sign(message.canonical, at=START)

    def send(self, number=FIRST_NUMBER, **changes):
        self.make(**changes)
        said = self.generation.send(SorguNo(number), self.dvo, self.cms).said
        self.outcome = said if isinstance(said, Outcome) else judge_reply(said, SorguNo(number), self.dvo.pairs, CODES)
        return self.outcome

    def learn(self, number=FIRST_NUMBER):
        """Whatever this generation offers to learn what became of a message."""
        if isinstance(self.generation, AsksByNumber):
            said = self.generation.ask(SorguNo(number), self.dvo).said
            return said if isinstance(said, Outcome) else judge_found(said, self.dvo.pairs, CODES, confirmed=False)
        outcome = self.outcome
        if outcome.kind is Kind.UNCERTAIN:
            said = self.generation.send(SorguNo(number), self.dvo, self.cms).said
            judged = said if isinstance(said, Outcome) else judge_repeated(said, SorguNo(number), self.dvo.pairs, CODES)
            outcome = self.outcome = judged
        while outcome.kind is Kind.PENDING and isinstance(self.generation, TakesForProcessing):
            time.sleep(0.06)
            [exchange] = self.generation.learn([self.outcome.ministry_no])
            outcome = judge_processed(exchange.said, self.outcome.ministry_no, self.dvo.pairs, CODES)
        return outcome


@pytest.fixture(params=ASSUMED)
def sender(request, ministry, pki):
    return Sender(request.param, ministry, pki)


def effects(ministry):
    return ministry.control("GET", "/ledger")["effects"]


def script(ministry, fault):
    ministry.control("PUT", "/faults", {"scripts": [{"fault": fault, "operation": "save"}]})


def test_a_signed_message_is_stored_by_every_generation(ministry, sender):
    sender.send()

    assert sender.outcome.kind in (Kind.ACCEPTED, Kind.PENDING)
    assert sender.outcome.kind is Kind.ACCEPTED or sender.learn().kind is Kind.ACCEPTED
    assert [str(each["calisan_tck_no"]) for each in effects(ministry)] == [WORKER]


@pytest.mark.parametrize(
    "fault", ["reply_lost_after_commit", "code_1111_after_storing", "half_reply", "empty_body_200", "garbage_reply"]
)
def test_after_a_lost_answer_every_generation_can_tell_that_it_is_stored_once(ministry, sender, fault):
    script(ministry, fault)

    assert sender.send().kind is Kind.UNCERTAIN
    assert sender.learn().kind is Kind.ACCEPTED
    assert len(effects(ministry)) == 1


def test_a_worker_off_the_roster_is_a_matter_of_relation(ministry, sender):
    sender.send(calisan=[{"calisanTckNo": STRANGER}])
    outcome = sender.learn() if sender.outcome.kind is Kind.PENDING else sender.outcome

    assert (outcome.kind, outcome.code, effects(ministry)) == (Kind.RELATION, "212", [])


def test_an_inactive_firm_is_passive_by_every_generation(ministry, sender):
    ministry.control("PUT", "/firma", {"firma_kodu": CREDENTIALS.firma_kodu, "aktif": False})

    assert sender.send().kind is Kind.PASSIVE


@pytest.mark.parametrize("metot", ASSUMED)
def test_a_wrong_parola_is_passive_by_every_generation(ministry, pki, metot):
    wrong = Sender(metot, ministry, pki, Credentials(CREDENTIALS.firma_kodu, "x"))

    assert wrong.send().kind is Kind.PASSIVE


def test_a_platforms_error_says_nothing(ministry, sender):
    script(ministry, "soap_fault_200")

    assert sender.send().kind is Kind.UNCERTAIN


def test_generation_3_may_tell_our_own_number_too(ministry, pki):
    ministry.control("PUT", "/personality", {"g3_numbers": "ours"})
    sender = Sender("soap-g3", ministry, pki)

    assert (sender.send().ministry_no, sender.learn().kind) == (str(FIRST_NUMBER), Kind.ACCEPTED)


def test_generation_3_is_asked_about_many_numbers_at_once(ministry, pki):
    sender = Sender("soap-g3", ministry, pki)
    days = [START.date().replace(day=day) for day in (1, 2)]
    told = [sender.send(FIRST_NUMBER + n, egitimTarihi=day).ministry_no for n, day in enumerate(days)]
    time.sleep(0.1)
    said = [each.said for each in sender.generation.learn([told[1], "nobody", told[0]])]

    assert [(each.code, each.ministry_no) for each in said] == [("200", told[1]), ("211", "nobody"), ("200", told[0])]


def test_look_ups_say_what_the_ministry_knows(sender):
    generation, other = sender.generation, "29999010100001230009995000"
    if isinstance(generation, LooksUpWorkplaces):
        found = generation.look_up_workplace(SGK)
        assert (found.calisan_sayisi, found.tehlike_sinifi) == (1, "Çok Tehlikeli")
        assert generation.look_up_workplace(other) is None
    if isinstance(generation, LooksUpWorkers):
        answers = [generation.look_up_worker(Sigorta(person, SGK)) for person in (WORKER, STRANGER)]
        assert answers == [True, False]
    asked = [Yetki(PROFESSIONAL, SGK, "2"), Yetki(PROFESSIONAL, SGK, "1"), Yetki(WORKER, SGK, "2")]
    assert [generation.look_up_professional(each) for each in asked] == [True, False, False]


def test_a_look_up_without_an_answer_is_unavailable(ministry, sender):
    ministry.control("PUT", "/firma", {"firma_kodu": CREDENTIALS.firma_kodu, "aktif": False})

    with pytest.raises(Unavailable):
        sender.generation.look_up_professional(Yetki(PROFESSIONAL, SGK, "2"))
