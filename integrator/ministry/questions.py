"""The operations that only ask: what is stored, what is known of a workplace, who may act, which codes."""

from datetime import date

from integrator.ministry import answers
from integrator.ministry.answers import Answer, Pair
from integrator.ministry.bildirim import (
    Dvo,
    Unreadable,
    one_of,
    present,
    read_day,
    sgk_tescil_no,
    tckn,
)
from integrator.ministry.ministry import Ministry
from integrator.ministry.save import professional_unknown

ROW_LIMIT = 10_000  # rows of one answer; the real limit is not public


def stored_pairs(ministry: Ministry, firma_kodu: str, dvo: Dvo) -> Answer:
    """egitimBildirimSorgula: every pair processed under a number or fitting the filter, zero meaning any.

    An answer without pairs says that nothing is known. Only the asking firm's own records are seen.
    """
    number, profesyonel, calisan = (int(present(dvo, name)) for name in ("sorguNo", "isgProfTckNo", "calisanTckNo"))
    first, last = _day(dvo, "baslangicTarihi"), _day(dvo, "bitisTarihi")
    found: list[Pair] = []
    one = ministry.ledger.find(firma_kodu, number)
    for stored in ([one] if one else []) if number else ministry.ledger.messages_of(firma_kodu):
        if profesyonel in (0, stored.isg_prof_tck_no) and _lies_between(stored.gun, first, last):
            found += (pair for pair in stored.answer.pairs if calisan in (0, pair.calisan_tck_no))
        if len(found) >= ROW_LIMIT:
            break
    return Answer(answers.BASARILI, answers.BASARILI_MESAJI, number, tuple(found[:ROW_LIMIT]))


def _day(dvo: Dvo, name: str) -> date | None:
    text = dvo.get(name)
    if not text:
        return None
    day = read_day(text)
    if day is None:
        raise Unreadable(f"{name} alanı gg-aa-yyyy biçiminde bir tarih olmalıdır")
    return day


def _lies_between(gun: date, first: date | None, last: date | None) -> bool:
    return (first is None or first <= gun) and (last is None or gun <= last)


def workplace(ministry: Ministry, firma_kodu: str, dvo: Dvo) -> Answer:
    """isyeriBilgisi: name, NACE code, hazard class and head count; 213 without an approved contract today."""
    number = int(present(dvo, "sorguNo"))
    sgk, profesyonel = sgk_tescil_no(dvo, "isyeriSgkNo"), dvo.get("isgProfTckNo") or ""
    isyeri = ministry.register.isyerleri.get(sgk)
    if isyeri is None or (profesyonel and not _may_act(ministry, profesyonel, sgk)):
        return Answer(answers.PROFESYONEL_YOK, professional_unknown(sgk, profesyonel), number)
    fields = {
        "calisanSayisi": len(isyeri.calisanlar),
        "naceKodu": isyeri.nace_kodu,
        "tehlikeSinifi": isyeri.tehlike_sinifi,
        "adUnvan": isyeri.ad_unvan,
    }
    return Answer(answers.BASARILI, answers.BASARILI_MESAJI, number, fields=fields)


def _may_act(ministry: Ministry, profesyonel: str, sgk: str) -> bool:
    is_number = profesyonel.isascii() and profesyonel.isdecimal()
    return is_number and ministry.register.has_contract(int(profesyonel), sgk, ministry.today())


def authorisation(ministry: Ministry, firma_kodu: str, dvo: Dvo) -> Answer:
    """profYetkilimiSorgula: an approved contract there today in the role `isProfesyonel`; 213 if unknown."""
    profesyonel, sgk = tckn(dvo, "isgProfTc"), sgk_tescil_no(dvo, "isyeriSgkNo")
    role, number = one_of(dvo, "isProfesyonel", (1, 2, 3)), dvo.get("sorguNo") or 0
    known_role = ministry.register.profesyoneller.get(profesyonel)
    if known_role is None:
        return Answer(answers.PROFESYONEL_YOK, professional_unknown(sgk, profesyonel), number)
    may_act = known_role == role and ministry.register.has_contract(profesyonel, sgk, ministry.today())
    fields = {"yetkilimiBoolean": "true" if may_act else "false"}
    return Answer(answers.BASARILI, answers.BASARILI_MESAJI, number, fields=fields)


def professional(ministry: Ministry, firma_kodu: str, dvo: Dvo) -> Answer:
    """isgProfesyoneliDogrula: (generation 4, body assumed) an approved contract there today in this role, or 213."""
    profesyonel, sgk = tckn(dvo, "isgProfTcKNo"), sgk_tescil_no(dvo, "isyeriSgkSicilNo")
    role = one_of(dvo, "sertifikaTipi", (1, 2, 3))
    known_role = ministry.register.profesyoneller.get(profesyonel)
    if known_role == role and ministry.register.has_contract(profesyonel, sgk, ministry.today()):
        return Answer(answers.BASARILI, answers.BASARILI_MESAJI)
    return Answer(answers.PROFESYONEL_YOK, professional_unknown(sgk, profesyonel))


def insurance(ministry: Ministry, firma_kodu: str, dvo: Dvo) -> Answer:
    """calisanSigortalilikKontrolu: (generation 4, body assumed) is the worker on the roster there, else 212."""
    calisan, sgk = tckn(dvo, "calisanTcKNo"), sgk_tescil_no(dvo, "isyeriSgkSicilNo")
    if calisan in ministry.register.roster(sgk):
        return Answer(answers.BASARILI, answers.BASARILI_MESAJI)
    return Answer(
        answers.CALISAN_ILISKISI_YOK, f"{calisan} kimlik numaralı çalışan {sgk} SGK sicil numaralı işyerinde bulunamadı"
    )


def training_codes(ministry: Ministry, firma_kodu: str, dvo: Dvo) -> Answer:
    """EgitimKoduBilgisi: the whole list, inactive codes too; whoever asks."""
    kodlar = ministry.register.egitim_kodlari.values()
    listed = [{"aciklama": one.aciklama, "aktif": one.aktif, "kodu": one.kodu} for one in kodlar]
    return Answer(answers.BASARILI, answers.BASARILI_MESAJI, fields={"egitimListesi": listed})
