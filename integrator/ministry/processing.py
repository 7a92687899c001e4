"""Generation 3 in two steps: accept a message under a number, and decide it once `processing_seconds` have passed.

Firm, fields and number are checked before acceptance, everything else with the decision. Nothing runs in the
background: what is due is decided when somebody asks, by a query, a save or the control port.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from integrator.ministry import answers, signed_xml
from integrator.ministry.acceptances import Acceptance
from integrator.ministry.answers import Answer, Durum
from integrator.ministry.bildirim import Dvo, Unreadable, present
from integrator.ministry.ministry import DECIDED, OLD_SUCCESS, OURS, Ministry
from integrator.ministry.questions import ROW_LIMIT
from integrator.ministry.save import NUMBER_USED, Form, decide, read

FORM = Form("soap-g3", signed_xml.render, is_whole=True)
ISLENIYOR = Durum("", answers.BASARISIZ, "Kayıt işleniyor, daha sonra tekrar sorgulayınız")
BILINMIYOR = Durum("", answers.SORGU_NO_KULLANILMIS, "Sorgu numarası hatalı: bu numara ile kayıt bulunamadı")


def accept(ministry: Ministry, firma_kodu: str, read_dvo: Callable[[], Dvo]) -> Answer:
    """Take one message of an admitted firm for processing; 210 and 211 are said at once and counted."""
    settle(ministry)
    try:
        bildirim = read(ministry, read_dvo, FORM)
    except Unreadable as error:
        return ministry.ledger.counted(answers.unreadable(error))
    earlier = ministry.acceptances.numbered(firma_kodu, bildirim.sorgu_no)
    if earlier is not None and earlier.takes_its_number():
        return _repeated(ministry, earlier)
    if ministry.ledger.find(firma_kodu, bildirim.sorgu_no) is not None:  # stored through another generation
        return ministry.ledger.counted(Answer(answers.SORGU_NO_KULLANILMIS, NUMBER_USED, bildirim.sorgu_no))
    told = _told(ministry, firma_kodu, bildirim.sorgu_no)
    acceptance = Acceptance(firma_kodu, bildirim, told, ministry.clock.seconds(), accepted_at=ministry.now())
    ministry.acceptances.put(acceptance)
    settle(ministry)
    if acceptance.decided is not None and ministry.g3_answers == DECIDED:
        return replace(acceptance.decided, told=acceptance.told)
    return acceptance.accepted()


def _told(ministry: Ministry, firma_kodu: str, sorgu_no: int) -> str:
    if ministry.g3_numbers == OURS:
        return str(sorgu_no)
    return ministry.acceptances.server_number(ministry.plan.seed, firma_kodu, sorgu_no)


def _repeated(ministry: Ministry, earlier: Acceptance) -> Answer:
    """211 with the number that was told the first time, so that its sender can ask; or that answer again."""
    ministry.ledger.repeated_numbers += 1
    if ministry.repeats == OLD_SUCCESS:
        return ministry.ledger.counted(earlier.accepted())
    refused = Answer(answers.SORGU_NO_KULLANILMIS, NUMBER_USED, earlier.bildirim.sorgu_no, told=earlier.told)
    return ministry.ledger.counted(refused)


def settle(ministry: Ministry) -> None:
    """Decide, in the order of arrival, every accepted message whose time has come; none when that is never."""
    if ministry.processing_seconds is None:
        return
    waiting, until = ministry.acceptances.waiting, ministry.clock.seconds() - ministry.processing_seconds
    while waiting and waiting[0].at <= until:
        one = waiting.popleft()
        one.decided = ministry.ledger.counted(decide(ministry, one.firma_kodu, one.bildirim, FORM))
        one.bildirim = replace(one.bildirim, imzali_deger="")  # the largest part, and nobody will ask for it again


def what_became(ministry: Ministry, firma_kodu: str, dvo: Dvo) -> Answer:
    """egitimBildirimSorgula: what generation 3 knows, one state for each number asked, in that order."""
    settle(ministry)
    asked = present(dvo, "sorguNo")
    if len(asked) > ROW_LIMIT:
        raise Unreadable(f"sorguNo en fazla {ROW_LIMIT} kez gönderilebilir")
    durumlar = [_state(told or "", ministry.acceptances.told_as(firma_kodu, told or "")) for told in asked]
    return Answer(answers.BASARILI, answers.BASARILI_MESAJI, durumlar=tuple(durumlar))


def states(found: Iterable[Acceptance]) -> Answer:
    """The states of these, as an answer to a query."""
    durumlar = tuple(_state(one.told, one) for one in found)
    return Answer(answers.BASARILI, answers.BASARILI_MESAJI, durumlar=durumlar)


def _state(told: str, found: Acceptance | None) -> Durum:
    if found is None:
        return BILINMIYOR._replace(sorgu_no=told)
    if found.decided is None:
        return ISLENIYOR._replace(sorgu_no=told)
    return Durum(told, found.decided.status, found.decided.message)
