"""The save operation: the stated order of checks, and what is stored when they pass. Order: README."""

from collections.abc import Callable
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
from integrator.ministry.ledger import Stored
from integrator.ministry.ministry import OLD_SUCCESS, Ministry

EGITIM_LIMIT, CALISAN_LIMIT = 10, 100


class Refusal(NamedTuple):
    """Why a whole message is not taken."""

    status: int
    message: str


Check = Callable[[Ministry, Bildirim], Refusal | None]


def save(ministry: Ministry, firma_kodu: str, read_dvo: Callable[[], Dvo]) -> Answer:
    """Check one message of an admitted firm and store what can be stored; the result code is counted."""
    answer = _save(ministry, firma_kodu, read_dvo)
    ministry.ledger.codes[answer.status] += 1
    return answer


def _save(ministry: Ministry, firma_kodu: str, read_dvo: Callable[[], Dvo]) -> Answer:
    # 1. every field is present and well-formed
    try:
        bildirim = read_bildirim(read_dvo(), is_active_code=ministry.register.is_active_code, today=ministry.today())
    except Unreadable as error:
        return Answer(answers.ALAN_HATASI, f"Zorunlu alanlarda hata var: {error}")
    # 2. the number is new
    stored = ministry.ledger.find(firma_kodu, bildirim.sorgu_no)
    if stored is not None:
        return _repeated(ministry, stored)
    # 3. contract, limits, signature
    for check in CHECKS:
        refusal = check(ministry, bildirim)
        if refusal is not None:
            return Answer(refusal.status, refusal.message, bildirim.sorgu_no)
    # 4. worker by worker
    return _store(ministry, firma_kodu, bildirim)


def _repeated(ministry: Ministry, stored: Stored) -> Answer:
    ministry.ledger.repeated_numbers += 1
    if ministry.repeats == OLD_SUCCESS:
        return stored.answer
    text = "Sorgu numarası hatalı: kayıt servisi yalnızca yeni kayıtlar içindir"
    return Answer(answers.SORGU_NO_KULLANILMIS, text, stored.answer.sorgu_no)


def check_contract(ministry: Ministry, bildirim: Bildirim) -> Refusal | None:
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


def check_limits(ministry: Ministry, bildirim: Bildirim) -> Refusal | None:
    """216 to 221: 1 to 10 trainings, 1 to 100 workers, nobody and nothing twice."""
    codes = [one.egitim_kodu_id for one in bildirim.egitim]
    broken = (
        (216, len(codes) > EGITIM_LIMIT, f"Eğitim sayısı {EGITIM_LIMIT} değerinden fazla olamaz"),
        (217, not codes, "En az bir eğitim gönderilmelidir"),
        (
            218,
            len(bildirim.calisan) > CALISAN_LIMIT,
            f"Çalışan sayısı {CALISAN_LIMIT} değerinden fazla olamaz",
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


def check_signature(ministry: Ministry, bildirim: Bildirim) -> Refusal | None:
    """222 content attached; 214 not a CAdES-BES over the XML we build; 215 signed by somebody else."""
    xml = signed_xml.render(bildirim)
    try:
        signer = cms.check(bildirim.imzali_deger, xml.encode(), ministry.anchors)
    except cms.ContentAttached:
        return Refusal(222, "Bütünleşik imza tespit edildi; CAdES-BES ayrık imza kullanınız")
    except cms.NotCades as error:
        return Refusal(answers.IMZALI_ICERIK, signed_content_differs(str(error), xml))
    if signer != str(bildirim.isg_prof_tck_no):
        return Refusal(answers.IMZA_SAHIBI, "İSG profesyonelinin kimlik numarası ile e-imza sahibi aynı değildir")
    return None


def signed_content_differs(why: str, xml: str) -> str:
    """The text of 214; it ends with the XML as built here, which is all a developer has to compare."""
    return f"İmzalı içerik hatalı ({why}). Bu mesajdaki XML ile kendi XML'inizi karşılaştırınız: {xml}"


CHECKS: tuple[Check, ...] = (check_contract, check_limits, check_signature)


def _store(ministry: Ministry, firma_kodu: str, bildirim: Bildirim) -> Answer:
    """Store every pair whose worker is on the roster; 212 and nothing stored when no worker is."""
    roster = ministry.register.roster(bildirim.sgk_tescil_no)
    pairs = tuple(
        _pair(bildirim, tckn, egitim, tckn in roster) for tckn in bildirim.calisan for egitim in bildirim.egitim
    )
    if roster.isdisjoint(bildirim.calisan):
        text = pairs[0].message
        return Answer(answers.CALISAN_ILISKISI_YOK, text, bildirim.sorgu_no, pairs)
    answer = Answer(answers.BASARILI, answers.BASARILI_MESAJI, bildirim.sorgu_no, pairs)
    ministry.ledger.put(
        Stored(
            firma_kodu,
            bildirim.isg_prof_tck_no,
            bildirim.sgk_tescil_no,
            bildirim.gun,
            answer,
            ministry.now(),
        )
    )
    return answer


def _pair(bildirim: Bildirim, tckn: int, egitim: Egitim, is_on_roster: bool) -> Pair:
    status, message = answers.BASARILI, answers.BASARILI_MESAJI
    if not is_on_roster:
        status = answers.CALISAN_ILISKISI_YOK
        message = (
            f"{bildirim.isg_prof_tck_no} kimlik numaralı iş güvenliği uzmanı ile {tckn} kimlik numaralı "
            "çalışan arasında işyeri düzeyinde ilişki bulunamadı"
        )
    return Pair(
        tckn,
        egitim.egitim_kodu_id,
        egitim.egitim_suresi,
        status,
        message,
        bildirim.sorgu_no,
        bildirim.egitim_tarihi,
    )
