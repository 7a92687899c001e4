"""The XML that the ministry builds anew from the fields of a message, to compare with what was signed.

The single record is known to the byte; names and place of the two lists are assumed (contract 4.2 to 4.4). Written
as text on purpose: the oracle is Java's serializer, and no Python serializer gives its bytes by default.
"""

from decimal import Decimal

from integrator.ministry.bildirim import Bildirim

HEADER = '<?xml version="1.0" encoding="UTF-8"?>'


def java_double(value: float) -> str:
    """`value` as java.lang.Double.toString writes it: 40 -> "40.0", 12345678 -> "1.2345678E7".

    Python and Java both write the shortest digits that read back as `value`; only the form differs.
    """
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int), "a duration is finite"
    mantissa = "".join(map(str, digits)).rstrip("0")
    rest = mantissa[1:] or "0"
    return f"{'-' if sign else ''}{mantissa[0]}.{rest}E{exponent + len(digits) - 1}"


def render(bildirim: Bildirim) -> str:
    """The list form: workers by number, trainings by code, both ascending; names and places assumed."""
    calisan = "".join(f"<calisan><calisanTckNo>{tckn}</calisanTckNo></calisan>" for tckn in sorted(bildirim.calisan))
    egitim = "".join(
        f"<egitim><egitimKoduId>{one.egitim_kodu_id}</egitimKoduId>"
        f"<egitimSuresi>{java_double(one.egitim_suresi)}</egitimSuresi></egitim>"
        for one in sorted(bildirim.egitim)
    )
    return _framed(bildirim, calisan + egitim)


def render_single(bildirim: Bildirim) -> str:
    """The single record, exact: ten elements, 443 bytes with a code of three digits and a duration like 40.0."""
    (calisan,), (egitim,) = bildirim.calisan, bildirim.egitim
    return _framed(
        bildirim,
        f"<calisanTckNo>{calisan}</calisanTckNo><egitimKoduId>{egitim.egitim_kodu_id}</egitimKoduId>"
        f"<egitimSuresi>{java_double(egitim.egitim_suresi)}</egitimSuresi>",
    )


def _framed(bildirim: Bildirim, what: str) -> str:
    """One line, no line break after the header; `what` stands where the single record has worker and training."""
    return (
        f"{HEADER}<EgitimDVO><egitimBildirim><belgeTipi>{bildirim.belge_tipi}</belgeTipi>"
        f"<isgProfTckNo>{bildirim.isg_prof_tck_no}</isgProfTckNo>{what}"
        f"<egitimTarihi>{bildirim.egitim_tarihi}</egitimTarihi><egitimYer>{bildirim.egitim_yer}</egitimYer>"
        f"<egitimTur>{bildirim.egitim_tur}</egitimTur><sgkTescilNo>{bildirim.sgk_tescil_no}</sgkTescilNo>"
        f"<egiticiTckNo>{bildirim.egitici_tck_no}</egiticiTckNo></egitimBildirim></EgitimDVO>"
    )
