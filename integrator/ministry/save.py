"""The save operation: the stated order of checks, and what is stored when they pass. Order: README."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from integrator.ministry import answers, cms, signed_xml
from integrator.ministry.answers import Answer, Pair
from integrator.ministry.bildirim import (
    Bildirim,
    Dvo,
    Egitim,
    Unreadable,
    read_bildirim,
)
from integrator.ministry.isgkatip import services
from integrator.ministry.ledger import Stored
from integrator.ministry.ministry import ACCEPTED, OLD_SUCCESS, Ministry
from integrator.ministry.versions import Limits, NotInForce

EGITIM = "egitim"  # the veri seti


class Refusal(NamedTuple):
    """Why a whole message is not taken."""

    status: int
    message: str


@dataclass(frozen=True, slots=True)
class Form:
    """How a generation carries a message.

    `render` builds the signed XML anew; None: it carries no signature and no number, so what is stored is known by
    worker, code, day and workplace. `is_whole`: one worker without relation refuses the whole message.
    `began_unsigned`: there was a time when it had no signature, to which a personality can go back.
    `is_in_part`: every second worker is left out, a fault.
    """

    generation: str
    render: Callable[[Bildirim], str] | None
    is_whole: bool = False
    began_unsigned: bool = False
    is_in_part: bool = False


LIST_FORM = Form("soap-g2", signed_xml.render)
NUMBER_USED = "Sorgu numarası hatalı: kayıt servisi yalnızca yeni kayıtlar içindir"
SIGNER_DIFFERS = "İSG profesyonelinin kimlik numarası ile e-imza sahibi aynı değildir"
NO_SERVICE_FORM = "kabul edilmiş Yazılım Hizmet Alım Formu bulunamadı"
ALREADY_NOTIFIED = "Bu bildirim daha önce yapılmıştır"
Check = Callable[[Ministry, Bildirim, Form], Refusal | None]


def save(ministry: Ministry, firma_kodu: str, read_dvo: Callable[[], Dvo], form: Form = LIST_FORM) -> Answer:
    """Check one message of an admitted firm and store what can be stored; the result code is counted."""
    try:
        bildirim = read(ministry, read_dvo, form)
    except Unreadable as error:
        return ministry.ledger.counted(answers.unreadable(error))
    return ministry.ledger.counted(decide(ministry, firma_kodu, bildirim, form))


def read(ministry: Ministry, read_dvo: Callable[[], Dvo], form: Form) -> Bildirim:
    """Step 1: every field is present and well-formed, and this form is taken for its day; raises Unreadable."""
    is_signed = not (form.began_unsigned and ministry.g1_unsigned == ACCEPTED)
    bildirim = read_bildirim(
        read_dvo(),
        is_active_code=ministry.register.is_active_code,
        today=ministry.today(),
        is_numbered=form.render is not None,
        is_signed=is_signed and form.render is not None,
    )
    limits_in_force(ministry, EGITIM, form.generation, bildirim.gun)
    return bildirim


def limits_in_force(ministry: Ministry, veri_seti: str, generation: str, gun: date) -> Limits:
    """What fits into a message about `gun`; raises Unreadable when no version of this form is taken for it."""
    try:
        return ministry.versions.limits(veri_seti, generation, gun, ministry.today())
    except NotInForce as error:
        raise Unreadable(str(error)) from error


def decide(ministry: Ministry, firma_kodu: str, bildirim: Bildirim, form: Form) -> Answer:
    """Steps 2 to 4 for a message that could be read; stores what can be stored."""
    # 2. the number is new; without numbers, the training is
    stored = _earlier(ministry, firma_kodu, bildirim, form)
    if stored is not None:
        return _repeated(ministry, stored, form)
    # 3. served workplace (generation 4), contract, limits, signature
    where = (bildirim.sgk_tescil_no, bildirim.gun)
    if form.render is None and (unserved := services.missing(ministry, firma_kodu, *where)) is not None:
        return unserved
    # 3. customer, contract, limits, signature
    refusal = check_customer(ministry, firma_kodu, bildirim.sgk_tescil_no, bildirim.isg_prof_tck_no)
    if refusal is not None:
        return Answer(refusal.status, refusal.message, bildirim.sorgu_no)
    for check in CHECKS:
        refusal = check(ministry, bildirim, form)
        if refusal is not None:
            return Answer(refusal.status, refusal.message, bildirim.sorgu_no)
    # 4. worker by worker
    return _store(ministry, firma_kodu, bildirim, form)


def _earlier(ministry: Ministry, firma_kodu: str, bildirim: Bildirim, form: Form) -> Stored | None:
    if form.render is not None:
        return ministry.ledger.find(firma_kodu, bildirim.sorgu_no)
    calisan, kodu = bildirim.calisan[0], bildirim.egitim[0].egitim_kodu_id
    return ministry.ledger.find_same((firma_kodu, calisan, kodu, bildirim.gun, bildirim.sgk_tescil_no))


def _repeated(ministry: Ministry, stored: Stored, form: Form) -> Answer:
    ministry.ledger.repeated_numbers += 1
    if ministry.repeats == OLD_SUCCESS:
        return stored.answer
    text = NUMBER_USED if form.render is not None else ALREADY_NOTIFIED
    return Answer(answers.SORGU_NO_KULLANILMIS, text, stored.answer.sorgu_no)


def check_customer(ministry: Ministry, firma_kodu: str, sgk_tescil_no: str, profesyonel: int) -> Refusal | None:
    """213 (assumed): the firm has a list of accepted customers (1m) and neither workplace nor professional is on it."""
    if ministry.firms.serves(firma_kodu, sgk_tescil_no, profesyonel):
        return None
    return Refusal(answers.PROFESYONEL_YOK, f"{sgk_tescil_no} SGK sicil numaralı işyeri için {NO_SERVICE_FORM}")


def check_contract(ministry: Ministry, bildirim: Bildirim, form: Form) -> Refusal | None:
    """213: the professional is unknown, or has no approved contract there on the day of the training."""
    if ministry.register.has_contract(bildirim.isg_prof_tck_no, bildirim.sgk_tescil_no, bildirim.gun):
        return None
    return Refusal(answers.PROFESYONEL_YOK, professional_unknown(bildirim.sgk_tescil_no, bildirim.isg_prof_tck_no))


def professional_unknown(sgk_tescil_no: str, isg_prof_tck_no: int | str) -> str:
    """The text of 213, which names the workplace and the professional since the newest official page."""
    return (
        f"{sgk_tescil_no} SGK sicil numaralı işyerinde {isg_prof_tck_no} kimlik numaralı İSG profesyoneli "
        "bulunamadı. Lütfen SGK sicil numarasını ve kimlik numarasını kontrol ediniz"
    )


def worker_unrelated(isg_prof_tck_no: int, calisan_tck_no: int) -> str:
    """The text of 212; it speaks of the specialist whoever the professional is, as the official page does."""
    return (
        f"{isg_prof_tck_no} kimlik numaralı iş güvenliği uzmanı ile {calisan_tck_no} kimlik numaralı "
        "çalışan arasında işyeri düzeyinde ilişki bulunamadı"
    )


def check_limits(ministry: Ministry, bildirim: Bildirim, form: Form) -> Refusal | None:
    """216 to 221: as many trainings and workers as the version allows, at least one, nobody and nothing twice."""
    try:
        most = ministry.versions.limits(EGITIM, form.generation, bildirim.gun, ministry.today())
    except NotInForce as error:  # it was in force when the message was accepted
        return Refusal(answers.ALAN_HATASI, str(error))
    codes = [one.egitim_kodu_id for one in bildirim.egitim]
    broken = (
        (216, len(codes) > most.egitim, f"Eğitim sayısı {most.egitim} değerinden fazla olamaz"),
        (217, not codes, "En az bir eğitim gönderilmelidir"),
        (
            218,
            len(bildirim.calisan) > most.calisan,
            f"Çalışan sayısı {most.calisan} değerinden fazla olamaz",
        ),
        (219, not bildirim.calisan, "En az bir çalışan gönderilmelidir"),
        (220, len(set(codes)) < len(codes), "Eğitim listesinde aynı değer birden fazla gönderilmiş"),
        (
            221,
            len(set(bildirim.calisan)) < len(bildirim.calisan),
            "Çalışan listesinde aynı değer birden fazla",
        ),
    )
    return next((Refusal(status, text) for status, is_broken, text in broken if is_broken), None)


def check_signature(ministry: Ministry, bildirim: Bildirim, form: Form) -> Refusal | None:
    """222 content attached; 214 not a CAdES-BES over the XML we build; 215 signed by somebody else."""
    if form.render is None:
        return _check_signer(str(bildirim.imzalayan_kimlik_no), bildirim)
    if not bildirim.imzali_deger:  # only read when the personality takes it
        return None
    xml = form.render(bildirim)
    try:
        signer = cms.check(bildirim.imzali_deger, xml.encode(), ministry.anchors, ministry.now)
    except cms.ContentAttached:
        return Refusal(222, "Bütünleşik imza tespit edildi; CAdES-BES ayrık imza kullanınız")
    except cms.NotCades as error:
        return Refusal(answers.IMZALI_ICERIK, signed_content_differs(str(error), xml))
    return _check_signer(signer, bildirim)


def _check_signer(signer: str | None, bildirim: Bildirim) -> Refusal | None:
    if signer != str(bildirim.isg_prof_tck_no):
        return Refusal(answers.IMZA_SAHIBI, SIGNER_DIFFERS)
    return None


def signed_content_differs(why: str, xml: str) -> str:
    """The text of 214; it ends with the XML as built here, which is all a developer has to compare."""
    return f"İmzalı içerik hatalı ({why}). Bu mesajdaki XML ile kendi XML'inizi karşılaştırınız: {xml}"


CHECKS: tuple[Check, ...] = (check_contract, check_limits, check_signature)


def _store(ministry: Ministry, firma_kodu: str, bildirim: Bildirim, form: Form) -> Answer:
    """Store every pair whose worker is on the roster; 212 and nothing stored when no worker is, or not all are."""
    roster = ministry.register.roster(bildirim.sgk_tescil_no)
    pairs = tuple(
        _pair(bildirim, tckn, egitim, tckn in roster) for tckn in bildirim.calisan for egitim in bildirim.egitim
    )
    if roster.isdisjoint(bildirim.calisan) or (form.is_whole and not roster.issuperset(bildirim.calisan)):
        text = next(pair.message for pair in pairs if pair.status != answers.BASARILI)
        return Answer(answers.CALISAN_ILISKISI_YOK, text, bildirim.sorgu_no, pairs)
    if form.is_in_part:
        left_out = set(bildirim.calisan[1::2])
        pairs = tuple(pair for pair in pairs if pair.calisan_tck_no not in left_out)
    answer = Answer(answers.BASARILI, answers.BASARILI_MESAJI, bildirim.sorgu_no, pairs)
    ministry.ledger.put(
        Stored(
            firma_kodu,
            bildirim.isg_prof_tck_no,
            bildirim.sgk_tescil_no,
            bildirim.gun,
            answer,
            ministry.now(),
            form.generation,
        )
    )
    return answer


def _pair(bildirim: Bildirim, tckn: int, egitim: Egitim, is_on_roster: bool) -> Pair:
    status, message = answers.BASARILI, answers.BASARILI_MESAJI
    if not is_on_roster:
        status = answers.CALISAN_ILISKISI_YOK
        message = worker_unrelated(bildirim.isg_prof_tck_no, tckn)
    return Pair(
        tckn,
        egitim.egitim_kodu_id,
        egitim.egitim_suresi,
        status,
        message,
        bildirim.sorgu_no,
        bildirim.egitim_tarihi,
    )
