"""The two messages that only generation 4 is known for: an examination, and a workplace that begins to be served.

No code of theirs is public: the codes of the training message are used for the same causes. Fields are read and
typed already (`json_shapes`); here is what they must mean. Nothing carries a number, so a message about what is
stored is told by what it says: worker, day and workplace, or workplace and first day.
"""

from datetime import date

from integrator.ministry import answers
from integrator.ministry.answers import Answer
from integrator.ministry.bildirim import (
    Dvo,
    Unreadable,
    read_day,
    sgk_tescil_no,
    tckn,
)
from integrator.ministry.isgkatip import services
from integrator.ministry.ledger import Notice
from integrator.ministry.ministry import OLD_SUCCESS, Ministry
from integrator.ministry.save import (
    ALREADY_NOTIFIED,
    SIGNER_DIFFERS,
    check_customer,
    limits_in_force,
    professional_unknown,
    worker_unrelated,
)

GENERATION = "json-g4"
ORTAM = (
    "fizikiOrtamSinifi",
    "havaSinifi",
    "gurultuSinifi",
    "elektrikSinifi",
    "tozYonetmeligiSinifi",
    "kimyasalMaddeSinifi",
    "biyolojikEtkenlerSinifi",
)
SEKIL = ("calismaPozisyonu", "calismaZamani", "aracKullanimi")
_DONE = Answer(answers.BASARILI, answers.BASARILI_MESAJI)


def examination(ministry: Ministry, firma_kodu: str, dvo: Dvo) -> Answer:
    """muayeneBilgisiBildir: 210 fields, 211 stored already, 213 physician, 215 signer, 212 worker."""
    hekim, calisan, sgk = tckn(dvo, "ihKimlikNo"), tckn(dvo, "calisanTcKNo"), sgk_tescil_no(dvo, "isyeriSgkSicilNo")
    gun = _day(dvo, "muayeneRaporTarihi")
    if gun > ministry.today() or _day(dvo, "raporGecerlikTarihi") < gun:
        raise Unreadable("muayeneRaporTarihi bugünden, raporGecerlikTarihi muayeneRaporTarihi değerinden sonra olamaz")
    limits_in_force(ministry, "muayene", GENERATION, gun)
    _check_classes(dvo)
    if (unserved := services.missing(ministry, firma_kodu, sgk, gun)) is not None:
        return unserved
    refusal = check_customer(ministry, firma_kodu, sgk, hekim)
    if refusal is not None:
        return Answer(refusal.status, refusal.message)
    if not ministry.register.has_contract(hekim, sgk, gun) or ministry.register.profesyoneller[hekim] != 1:
        return Answer(answers.PROFESYONEL_YOK, professional_unknown(sgk, hekim))
    if dvo["imzalayanKimlikNo"] != hekim:
        return Answer(answers.IMZA_SAHIBI, SIGNER_DIFFERS)
    if calisan not in ministry.register.roster(sgk):
        return Answer(answers.CALISAN_ILISKISI_YOK, worker_unrelated(hekim, calisan))
    fields = {
        "isg_prof_tck_no": str(hekim),
        "sgk_tescil_no": sgk,
        "calisan_tck_no": str(calisan),
        "muayene_rapor_tarihi": gun.isoformat(),
    }
    return _stored(ministry, (firma_kodu, "muayene", str(calisan), sgk, gun.isoformat()), fields)


def served_workplace(ministry: Ministry, firma_kodu: str, dvo: Dvo) -> Answer:
    """hizmetVerilenIsyeriBildir: 210 fields, 211 stored already, 213 when no such workplace is known."""
    sgk, gun = sgk_tescil_no(dvo, "sgkSicilNo"), _day(dvo, "hizmetBaslangicTarih")
    limits_in_force(ministry, "hizmet_verilen_isyeri", GENERATION, gun)
    refusal = check_customer(ministry, firma_kodu, sgk, 0)
    if refusal is not None:
        return Answer(refusal.status, refusal.message)
    if sgk not in ministry.register.isyerleri:
        return Answer(answers.PROFESYONEL_YOK, f"{sgk} SGK sicil numaralı işyeri bulunamadı")
    services.notified(ministry, firma_kodu, sgk, gun)
    fields = {"sgk_tescil_no": sgk, "hizmet_baslangic_tarih": gun.isoformat()}
    return _stored(ministry, (firma_kodu, "hizmet_verilen_isyeri", sgk, gun.isoformat()), fields)


def _stored(ministry: Ministry, key: tuple[str, ...], fields: dict[str, str]) -> Answer:
    is_new = ministry.ledger.put_notice(key, Notice(key[1], GENERATION, fields, ministry.now()))
    if is_new or ministry.repeats == OLD_SUCCESS:
        return _DONE
    return Answer(answers.SORGU_NO_KULLANILMIS, ALREADY_NOTIFIED)


def _day(dvo: Dvo, name: str) -> date:
    day = read_day(dvo[name], ".")
    if day is None:
        raise Unreadable(f"{name} alanı gg.aa.yyyy biçiminde bir tarih olmalıdır")
    return day


def _check_classes(dvo: Dvo) -> None:
    """The codes of a class lie in its hundred: 10xx to 16xx for the environment, 1xx to 3xx for the way of working."""
    for at, name in enumerate(ORTAM, 10):
        if any(code // 100 != at for code in dvo["calismaOrtamiDTO"][name]):
            raise Unreadable(f"{name} listesinde geçersiz kod var")
    for at, name in enumerate(SEKIL, 1):
        if dvo["calismaSekliDTO"][name] // 100 != at:
            raise Unreadable(f"{name} geçerli bir kod değildir")
