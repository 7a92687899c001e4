"""What people do with contracts, one function each: who may, when, and what follows from it.

Every act takes who does it (`kim`, an identity number) and the ministry, whose clock it reads. What cannot be done
is a Refused, and then nothing is changed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from integrator.ministry.isgkatip.codes import BELGE_TIPI_OF_TUR, TURLER
from integrator.ministry.isgkatip.minutes import CEILING, required
from integrator.ministry.isgkatip.sozlesme import ISYERI, KISI, IllegalMove, Sozlesme
from integrator.ministry.isgkatip.workplaces import Refused, isyeri_of, require_user
from integrator.ministry.ministry import Ministry

MOST_SOZLESME = 100_000
NO_SUCH = "Bu numarayla bir sözleşme bulunamadı"


@dataclass(frozen=True, slots=True)
class Entry:
    """What an OSGB fills in for a new contract."""

    osgb: str
    tur: str
    profesyonel: int
    sgk_tescil_no: str
    baslangic: date
    sure_dk: int
    fazla_mesai_dk: int | None = None


def enter(ministry: Ministry, kim: int, entry: Entry) -> Sozlesme:
    """The OSGB enters a contract; it waits for both approvals."""
    register = ministry.register
    osgb = register.osgbler.get(entry.osgb)
    if osgb is None or kim not in osgb.sorumlular:
        raise Refused(403, "Bu OSGB adına sözleşme girme yetkiniz yok")
    isyeri_of(ministry, entry.sgk_tescil_no)
    if entry.tur not in TURLER:
        raise Refused(400, "Sözleşme türü bilinmiyor; listeden seçiniz")
    belge_tipi = BELGE_TIPI_OF_TUR.get(entry.tur)
    known = register.profesyoneller.get(entry.profesyonel)
    if known is None or belge_tipi not in (None, known):
        raise Refused(400, "Bu kimlik numarasıyla bu türde belgesi olan bir profesyonel bulunamadı")
    if any(one.is_open for one in register.sozlesmeler.of(entry.profesyonel, entry.sgk_tescil_no)):
        raise Refused(409, "Bu profesyonelin bu işyerinde açık bir sözleşmesi var; önce onu sona erdiriniz")
    if len(register.sozlesmeler) >= MOST_SOZLESME:
        raise Refused(409, f"En fazla {MOST_SOZLESME} sözleşme tutulur")
    return register.sozlesmeler.add(
        Sozlesme(
            0,
            entry.tur,
            entry.profesyonel,
            entry.sgk_tescil_no,
            entry.baslangic,
            osgb=entry.osgb,
            sure_dk=entry.sure_dk,
            fazla_mesai_dk=entry.fazla_mesai_dk,
        )
    )


def approve(ministry: Ministry, kim: int, sozlesme_id: int, side: str) -> Sozlesme:
    """Tamamla: the workplace's e-Bildirge user, or the professional, approves this one contract."""
    sozlesme = _answerable(ministry, kim, sozlesme_id, side)
    return _move(ministry, lambda: sozlesme.approved_by(side, ministry.today()))


def refuse(ministry: Ministry, kim: int, sozlesme_id: int, side: str) -> Sozlesme:
    """One side says no; the contract is not completed."""
    sozlesme = _answerable(ministry, kim, sozlesme_id, side)
    who = "İşyeri" if side == ISYERI else "Profesyonel"
    return _move(ministry, lambda: sozlesme.refused_by(side, f"{who} onay vermedi"))


def approve_minutes(ministry: Ministry, kim: int, sozlesme_id: int) -> Sozlesme:
    """The e-Bildirge user takes the minutes that a changed number of workers asks for."""
    sozlesme = _answerable(ministry, kim, sozlesme_id, ISYERI)
    if sozlesme.bekleyen_sure_dk is None or not sozlesme.is_open:
        raise Refused(409, "Bu sözleşmede onay bekleyen süre yok")
    changed = replace(sozlesme, sure_dk=sozlesme.bekleyen_sure_dk, bekleyen_sure_dk=None)
    return ministry.register.sozlesmeler.put(changed)


def end(ministry: Ministry, kim: int, sozlesme_id: int, neden: str) -> Sozlesme:
    """Workplace or OSGB ends an active contract; today is its last day."""
    sozlesme = _owned(ministry, kim, sozlesme_id)
    return _move(ministry, lambda: sozlesme.ended(ministry.today(), neden))


def delete(ministry: Ministry, kim: int, sozlesme_id: int) -> Sozlesme:
    """Moves a contract to Silinen Sözleşmeler; it is kept there."""
    sozlesme = _owned(ministry, kim, sozlesme_id)
    return _move(ministry, lambda: sozlesme.deleted(ministry.today()))


def warnings(ministry: Ministry, sozlesme: Sozlesme) -> list[str]:
    """What the minutes of an open contract are to be warned about; nothing is refused for it."""
    found, least = [], least_minutes(ministry, sozlesme)
    if not sozlesme.is_open or sozlesme.sure_dk is None:
        return []
    if least is not None and sozlesme.sure_dk < least:
        found.append(f"Aylık süre {sozlesme.sure_dk} dk, mevzuattaki asgari süre {least} dk: eksik görevlendirme")
    if (left := minutes_left(ministry, sozlesme.profesyonel)) < 0:
        found.append(f"Profesyonelin aylık azami süresi ({CEILING} dk) {-left} dk aşılıyor")
    if sozlesme.bekleyen_sure_dk is not None:
        found.append(f"Çalışan sayısı değişti: {sozlesme.bekleyen_sure_dk} dk süre onayı bekleniyor")
    return found


def least_minutes(ministry: Ministry, sozlesme: Sozlesme) -> int | None:
    """The law's minimum for this contract at today's number of workers; None where there is none."""
    isyeri = ministry.register.isyerleri.get(sozlesme.sgk_tescil_no)
    if isyeri is None:
        return None
    return required(isyeri.tehlike_sinifi, len(isyeri.calisanlar), sozlesme.tur)


def minutes_left(ministry: Ministry, profesyonel: int) -> int:
    """Kalan azami süre: what the month still holds for this professional; below 0 when too much is promised."""
    theirs = ministry.register.sozlesmeler.of_person(profesyonel)
    return CEILING - sum(one.sure_dk or 0 for one in theirs if one.is_open)


def _answerable(ministry: Ministry, kim: int, sozlesme_id: int, side: str) -> Sozlesme:
    sozlesme = sozlesme_of(ministry, sozlesme_id)
    if side == ISYERI:
        require_user(ministry, kim, sozlesme.sgk_tescil_no)
    elif side != KISI or kim != sozlesme.profesyonel:
        raise Refused(403, "Bu sözleşmeyi yalnızca profesyonelin kendisi onaylayabilir")
    return sozlesme


def _owned(ministry: Ministry, kim: int, sozlesme_id: int) -> Sozlesme:
    sozlesme = sozlesme_of(ministry, sozlesme_id)
    osgb = ministry.register.osgbler.get(sozlesme.osgb)
    if osgb is None or kim not in osgb.sorumlular:
        require_user(ministry, kim, sozlesme.sgk_tescil_no)
    return sozlesme


def _move(ministry: Ministry, step: Callable[[], Sozlesme]) -> Sozlesme:
    try:
        return ministry.register.sozlesmeler.put(step())
    except IllegalMove as error:
        raise Refused(409, str(error)) from error


def sozlesme_of(ministry: Ministry, sozlesme_id: int) -> Sozlesme:
    """The contract with this id."""
    sozlesme = ministry.register.sozlesmeler.get(sozlesme_id)
    if sozlesme is None:
        raise Refused(404, NO_SUCH)
    return sozlesme
