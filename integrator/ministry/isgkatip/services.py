"""A served workplace behind a record of generation 4: notified by the firm, approved by the workplace, begun in time.

Only looked at where the personality `hizmet_kaydi` is `required`. Its code is not public: 213 is assumed, because the
cause is of the same kind and ends the same way, by somebody's approval.
"""

from datetime import date

from integrator.ministry.answers import PROFESYONEL_YOK, Answer
from integrator.ministry.isgkatip.isyeri import Hizmet
from integrator.ministry.ministry import REQUIRED, Ministry


def notified(ministry: Ministry, firma_kodu: str, sgk_tescil_no: str, baslangic: date) -> None:
    """A firm tells that it serves a workplace; the first word stays until the workplace has approved it."""
    hizmet = Hizmet(firma_kodu, sgk_tescil_no, baslangic)
    ministry.register.hizmetler.setdefault((firma_kodu, sgk_tescil_no), hizmet)


def missing(ministry: Ministry, firma_kodu: str, sgk_tescil_no: str, gun: date) -> Answer | None:
    """The service record error, when there is one for a record of `gun`."""
    if ministry.hizmet_kaydi != REQUIRED:
        return None
    hizmet = ministry.register.hizmetler.get((firma_kodu, sgk_tescil_no))
    if hizmet is None:
        why = "hizmet verilen işyeri bildirimi yapılmamış"
    elif hizmet.onay_tarihi is None:
        why = "hizmet verilen işyeri bildirimi İSG-KATİP üzerinden işyerince onaylanmamış"
    elif not hizmet.covers(gun):
        why = "hizmet başlangıç tarihi bildirimin tarihinden sonra"
    else:
        return None
    return Answer(PROFESYONEL_YOK, f"Hizmet kaydı hatası: {sgk_tescil_no} SGK sicil numaralı işyeri için {why}")
