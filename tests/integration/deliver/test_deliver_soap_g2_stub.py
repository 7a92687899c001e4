import time

import pytest

from integrator.catalogue.catalogue import read_catalogue
from integrator.catalogue.published import published
from integrator.deliver.dvo import cut_dvo
from integrator.deliver.generation import Credentials
from integrator.deliver.soap_g2 import SoapG2
from integrator.deliver.wire import Limits, Wire
from integrator.deliver.zeep_door import ZeepDoor
from integrator.domain.identifiers import SorguNo
from integrator.domain.outcomes import Kind, Outcome
from integrator.receipt.judge import judge_found, judge_reply
from integrator.sign.canonical import split
from integrator.trial.ministry_process import MinistryProcess
from tests.factories import FIRST_NUMBER, PROFESSIONAL, SGK, WORKER, definition, kayit, workers
from tests.fakes import START

CREDENTIALS = Credentials("KOD&12345678", "par<ola 7")
STRANGERS = workers(3)
PARTIES = {
    "firmalar": [{"firma_kodu": CREDENTIALS.firma_kodu, "parola": CREDENTIALS.parola, "aktif": True}],
    "isyerleri": [{"sgk_tescil_no": SGK, "ad_unvan": "x", "calisanlar": [WORKER, *STRANGERS[:2]]}],
    "profesyoneller": [{"tckn": PROFESSIONAL, "belge_tipi": 2}],
    "sozlesmeler": [
        {"profesyonel": PROFESSIONAL, "sgk_tescil_no": SGK, "durum": "Onaylandı", "baslangic": "2018-01-01"}
    ],
    "egitim_kodlari": [{"kodu": code, "aciklama": "Konu", "aktif": 1} for code in (24, 240, 390)],
}
QUICK = Limits(connect=2.0, silence=0.5, total=0.8)


@pytest.fixture(scope="module")
def stub():
    with MinistryProcess(faults="none", seed=1, slow_seconds=1.2) as process:
        yield process


@pytest.fixture
def ministry(stub):
    stub.control("POST", "/reset", {"parties": True})
    stub.control("PUT", "/parties", PARTIES)
    return stub


@pytest.fixture
def generation(ministry):
    wire = Wire(ministry.address, QUICK)
    return SoapG2(wire, ZeepDoor(published("schemas", "soap-g2", "ibys.wsdl"), wire), CREDENTIALS)


class Sender:
    """Signs, sends and judges one message, as the pipeline does."""

    def __init__(self, generation, pki):
        self.generation = generation
        self.pki = pki
        self.codes = read_catalogue().result_codes

    def send(self, number=FIRST_NUMBER, signer=None, **changes):
        [message] = split(kayit(**changes), definition())
        self.dvo = cut_dvo(message.canonical)
        cms = self.pki.signer(signer).sign(message.canonical, at=START)
        self.exchange = self.generation.send(SorguNo(number), self.dvo, cms)
        said = self.exchange.said
        return said if isinstance(said, Outcome) else judge_reply(said, SorguNo(number), self.dvo.pairs, self.codes)

    def ask(self, number=FIRST_NUMBER):
        said = self.generation.ask(SorguNo(number), self.dvo).said
        return said if isinstance(said, Outcome) else judge_found(said, self.dvo.pairs, self.codes, confirmed=False)


@pytest.fixture
def sender(generation, pki):
    return Sender(generation, pki)


def script(ministry, fault, operation="save"):
    ministry.control("PUT", "/faults", {"scripts": [{"fault": fault, "operation": operation}]})


def effects(ministry):
    return ministry.control("GET", "/ledger")["effects"]


def calisan(*numbers):
    return [{"calisanTckNo": number} for number in numbers]


def test_a_signed_message_is_accepted_and_stored(ministry, sender):
    outcome = sender.send()

    assert (outcome.kind, outcome.accepted_parts) == (Kind.ACCEPTED, 1)
    assert [(each["sorgu_no"], str(each["calisan_tck_no"])) for each in effects(ministry)] == [(FIRST_NUMBER, WORKER)]


def test_a_list_of_workers_and_trainings_is_accepted_pair_by_pair(ministry, sender):
    subjects = [{"egitimKoduId": str(code), "egitimSuresi": 37.5} for code in (240, 24, 390)]
    outcome = sender.send(calisan=calisan(*STRANGERS[:2], WORKER), egitim=subjects)

    assert (outcome.kind, outcome.accepted_parts, len(effects(ministry))) == (Kind.ACCEPTED, 9, 9)


def test_a_worker_off_the_roster_makes_the_message_partial(ministry, sender):
    outcome = sender.send(calisan=calisan(WORKER, STRANGERS[2]))

    assert (outcome.kind, outcome.code, outcome.accepted_parts) == (Kind.PARTIAL, "212", 1)
    assert sender.ask().kind is Kind.PARTIAL


def test_a_used_number_is_asked_about_and_found(ministry, sender):
    sender.send()

    assert (sender.send().kind, sender.ask().kind, len(effects(ministry))) == (Kind.UNCERTAIN, Kind.ACCEPTED, 1)


def test_an_unknown_number_is_not_found(sender):
    sender.send()

    assert sender.ask(FIRST_NUMBER + 1) == Outcome(Kind.NOT_ARRIVED, "not_found")


def test_the_signature_of_another_person_is_refused_with_215(sender, pki):
    assert sender.send(signer=pki.stranger).code == "215"


def test_an_unknown_workplace_is_a_matter_of_its_contract(sender):
    assert sender.send(sgkTescilNo="24941020276543210349916001").kind is Kind.RELATION


def test_an_inactive_firm_is_passive_in_saves_and_questions(ministry, sender):
    ministry.control("PUT", "/firma", {"firma_kodu": CREDENTIALS.firma_kodu, "aktif": False})

    assert (sender.send().kind, sender.ask().kind) == (Kind.PASSIVE, Kind.PASSIVE)


def test_a_wrong_parola_is_passive(ministry, pki):
    wire = Wire(ministry.address, QUICK)
    door = ZeepDoor(published("schemas", "soap-g2", "ibys.wsdl"), wire)

    assert Sender(SoapG2(wire, door, Credentials(CREDENTIALS.firma_kodu, "x")), pki).send().kind is Kind.PASSIVE


def test_the_training_codes_are_fetched(generation):
    assert generation.fetch_training_codes() == [(code, "Konu", True) for code in ("24", "240", "390")]


STORED = [
    "reply_lost_after_commit",
    "code_1111_after_storing",
    "slow_reply_past_timeout",
    "half_reply",
    "wrong_content_length",
    "code_204_after_storing",
    "wrong_sorgu_no_in_reply",
    "reply_to_another_record",
    "empty_body_200",
    "garbage_reply",
    "missing_pairs_in_reply",
    "slow_drip",
]


@pytest.mark.parametrize("fault", STORED)
def test_a_fault_after_storing_leaves_the_outcome_unknown_until_the_number_is_asked(ministry, sender, fault):
    script(ministry, fault)

    assert sender.send(calisan=calisan(WORKER, STRANGERS[0])).kind is Kind.UNCERTAIN
    assert sender.ask().kind is Kind.ACCEPTED
    assert len(effects(ministry)) == 2


NOT_STORED = {
    "reset_before_commit": Kind.UNCERTAIN,
    "reset_during_body": Kind.UNCERTAIN,
    "http_500_html": Kind.UNCERTAIN,
    "code_2222_before_storing": Kind.UNCERTAIN,
    "soap_fault_200": Kind.UNCERTAIN,
    "html_200": Kind.UNCERTAIN,
    "http_503_retry_after": Kind.BUSY,
    "http_429": Kind.BUSY,
    "redirect_302": Kind.NOT_ARRIVED,
    "code_214_lie": Kind.OWN_FAULT,
    "code_401_spell": Kind.PASSIVE,
}


@pytest.mark.parametrize(("fault", "kind"), NOT_STORED.items())
def test_a_fault_before_storing_has_its_kind_and_no_effect(ministry, sender, fault, kind):
    script(ministry, fault)

    assert sender.send().kind is kind
    assert effects(ministry) == []


@pytest.mark.parametrize(
    "fault", ["reset_before_commit", "reset_during_body", "http_500_html", "code_2222_before_storing"]
)
def test_after_a_fault_before_storing_the_same_message_may_go_again(ministry, sender, fault):
    script(ministry, fault)
    sender.send()

    assert sender.ask() == Outcome(Kind.NOT_ARRIVED, "not_found")
    assert (sender.send().kind, len(effects(ministry))) == (Kind.ACCEPTED, 1)


def test_an_unknown_code_after_storing_is_for_a_person(ministry, sender):
    script(ministry, "unknown_code_after_storing")

    assert sender.send().kind is Kind.UNKNOWN_CODE


def test_an_answer_told_twice_is_taken_once_and_poisons_nothing(ministry, sender):
    script(ministry, "repeated_reply")
    first, second = sender.send(), sender.send(FIRST_NUMBER + 1, egitimYer="0")

    assert (first.kind, second.kind, len(effects(ministry))) == (Kind.ACCEPTED, Kind.ACCEPTED, 2)


def test_a_message_stored_late_is_not_stored_twice(ministry, sender):
    script(ministry, "late_store")
    assert sender.send().kind is Kind.UNCERTAIN

    time.sleep(1.0)
    assert sender.send().kind is Kind.UNCERTAIN  # 211: the late one was first
    assert (sender.ask().kind, len(effects(ministry))) == (Kind.ACCEPTED, 1)


@pytest.mark.parametrize(
    "fault",
    [
        "reply_lost_after_commit",
        "http_500_html",
        "half_reply",
        "html_200",
        "empty_body_200",
        "garbage_reply",
        "soap_fault_200",
    ],
)
def test_a_question_that_meets_a_fault_says_nothing(ministry, sender, fault):
    sender.send()
    script(ministry, fault, "query")

    try:
        outcome = sender.ask()
    finally:
        again = sender.ask()
    assert outcome.kind is Kind.UNCERTAIN
    assert again.kind is Kind.ACCEPTED


def test_the_whole_exchange_is_kept_without_credentials(sender):
    sender.send()

    assert b"<status>200</status>" in sender.exchange.reply
    assert CREDENTIALS.firma_kodu.encode() not in sender.exchange.request
    assert b"par" not in sender.exchange.request.replace(b"parola", b"")
