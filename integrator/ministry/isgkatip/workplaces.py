"""What people do for a workplace: refresh its 4A list, be its e-Bildirge user, say what it allows.

Every act takes who does it (`kim`, an identity number) and the ministry, whose clock it reads. What cannot be done
is a Refused, and then nothing is changed.
"""

from dataclasses import replace
from datetime import date

from integrator.ministry.isgkatip.isyeri import WAIT, EBildirge, Hizmet, Iletisim, Isyeri
from integrator.ministry.isgkatip.minutes import required
from integrator.ministry.isgkatip.sozlesme import Sozlesme
from integrator.ministry.ministry import Ministry

NO_WORKERS = "Çalışan sayısı 0'a düştüğü için sözleşme sona erdirilmiştir"
NOT_LISTED = (
    "Bu işyerinin e-Bildirge kullanıcısı olarak listede değilsiniz. 'E-Bildirge kullanıcısı olduğum işyerlerini getir' "
    "düğmesini kullanınız; SGK kaydı yeni ise 3 gün sonra yeniden deneyiniz"
)
MOST_CALISAN = 100_000


class Refused(Exception):
    """It cannot be done; the text is for who tried, `status` is HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def require_user(ministry: Ministry, kim: int, sgk_tescil_no: str) -> Isyeri:
    """The workplace, when this person may act for it; one that is not known looks like somebody else's."""
    isyeri = ministry.register.isyerleri.get(sgk_tescil_no)
    if isyeri is None or not isyeri.is_user(kim):
        raise Refused(403, NOT_LISTED)
    return isyeri


def isyeri_of(ministry: Ministry, sgk_tescil_no: str) -> Isyeri:
    """The workplace with this number."""
    isyeri = ministry.register.isyerleri.get(sgk_tescil_no)
    if isyeri is None:
        raise Refused(404, "Bu SGK sicil numarasıyla bir işyeri bulunamadı")
    return isyeri


# The 4A list.


def refresh(ministry: Ministry, kim: int, sgk_tescil_no: str) -> Isyeri:
    """Toplu Çalışan Güncelle: the list is what SGK knows; minutes and contracts follow its size."""
    isyeri = require_user(ministry, kim, sgk_tescil_no)
    return _changed_list(ministry, isyeri.refreshed(ministry.now()))


def verify(ministry: Ministry, kim: int, sgk_tescil_no: str, calisan: int) -> Isyeri:
    """TC Kimlik No ile Doğrula: the same for one worker."""
    isyeri = require_user(ministry, kim, sgk_tescil_no)
    if calisan not in isyeri.sigortalilar | isyeri.calisanlar:
        raise Refused(404, "Bu kimlik numarası SGK 4A kayıtlarında bu işyerinde bulunamadı")
    return _changed_list(ministry, isyeri.verified(calisan, ministry.now()))


def _changed_list(ministry: Ministry, isyeri: Isyeri) -> Isyeri:
    before = ministry.register.isyerleri[isyeri.sgk_tescil_no]
    ministry.register.isyerleri[isyeri.sgk_tescil_no] = isyeri
    if len(before.calisanlar) != len(isyeri.calisanlar):
        for sozlesme in ministry.register.sozlesmeler.at(isyeri.sgk_tescil_no):
            if sozlesme.durum == 5001 and sozlesme.is_open:
                ministry.register.sozlesmeler.put(_followed(ministry, isyeri, sozlesme))
    return isyeri


def _followed(ministry: Ministry, isyeri: Isyeri, sozlesme: Sozlesme) -> Sozlesme:
    """What a changed number of workers makes of an active contract."""
    if not isyeri.calisanlar:
        return sozlesme.ended(ministry.today(), NO_WORKERS)
    least = required(isyeri.tehlike_sinifi, len(isyeri.calisanlar), sozlesme.tur)
    if not least or sozlesme.sure_dk is None or least == sozlesme.sure_dk:
        return replace(sozlesme, bekleyen_sure_dk=None)
    if isyeri.iletisim is not None and isyeri.iletisim.otomatik:
        return replace(sozlesme, sure_dk=least, bekleyen_sure_dk=None)
    return replace(sozlesme, bekleyen_sure_dk=least)


def change_at_sgk(ministry: Ministry, sgk_tescil_no: str, giren: frozenset[int], ayrilan: frozenset[int]) -> Isyeri:
    """Somebody is hired or leaves, as SGK hears of it; nothing here changes until a refresh."""
    isyeri = isyeri_of(ministry, sgk_tescil_no).hired_and_left(giren, ayrilan)
    if len(isyeri.sigortalilar) > MOST_CALISAN:
        raise Refused(409, f"Bir işyerinde en fazla {MOST_CALISAN} çalışan tutulur")
    ministry.register.isyerleri[sgk_tescil_no] = isyeri
    return isyeri


# e-Bildirge users, and what a workplace allows.


def register_user(ministry: Ministry, sgk_tescil_no: str, kim: int) -> Isyeri:
    """The SGK office makes somebody an e-Bildirge user; three days pass until it is seen here."""
    isyeri = isyeri_of(ministry, sgk_tescil_no)
    if kim in isyeri.e_bildirge:
        raise Refused(409, "Bu kişi bu işyerinin e-Bildirge kullanıcısı olarak zaten kayıtlı")
    isyeri = isyeri.with_user(kim, EBildirge(ministry.today()))
    ministry.register.isyerleri[sgk_tescil_no] = isyeri
    return isyeri


def fetch_workplaces(ministry: Ministry, kim: int) -> tuple[list[Isyeri], list[date]]:
    """E-Bildirge kullanıcısı olduğum işyerlerini getir: what is listed now, and from when the rest can be."""
    listed, waiting = [], []
    for isyeri in [one for one in ministry.register.isyerleri.values() if kim in one.e_bildirge]:
        user = isyeri.e_bildirge[kim]
        if not user.is_listed and not user.may_be_listed(ministry.today()):
            waiting.append(user.kayit_tarihi + WAIT)
            continue
        known = isyeri.with_user(kim, replace(user, is_listed=True))
        ministry.register.isyerleri[isyeri.sgk_tescil_no] = known
        listed.append(known)
    return listed, sorted(waiting)


def workplaces_of(ministry: Ministry, kim: int) -> list[Isyeri]:
    """The workplaces that were fetched for this person."""
    return [one for one in ministry.register.isyerleri.values() if one.is_user(kim)]


def set_iletisim(ministry: Ministry, kim: int, sgk_tescil_no: str, iletisim: Iletisim) -> Isyeri:
    """Kurumsal İletişim ve İzin: who confirmed it and when is kept with it."""
    isyeri = require_user(ministry, kim, sgk_tescil_no)
    isyeri = replace(isyeri, iletisim=replace(iletisim, onaylayan=kim, tarih=ministry.today()))
    ministry.register.isyerleri[sgk_tescil_no] = isyeri
    return isyeri


def approve_service(ministry: Ministry, kim: int, sgk_tescil_no: str, firma_kodu: str) -> Hizmet:
    """The workplace approves that it is served with a firm's software."""
    require_user(ministry, kim, sgk_tescil_no)
    hizmet = ministry.register.hizmetler.get((firma_kodu, sgk_tescil_no))
    if hizmet is None:
        raise Refused(404, "Bu işyeri için böyle bir hizmet bildirimi yok")
    if hizmet.onay_tarihi is not None:
        raise Refused(409, "Bu hizmet bildirimi zaten onaylı")
    hizmet = replace(hizmet, onaylayan=kim, onay_tarihi=ministry.today())
    ministry.register.hizmetler[firma_kodu, sgk_tescil_no] = hizmet
    return hizmet
