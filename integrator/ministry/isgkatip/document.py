"""A contract as facts in Turkish, for its page and for its PDF ("Detay Görüntüle").

The PDF is set in Bitstream Vera, which travels with reportlab and has every Turkish letter.
"""

from functools import cache
from io import BytesIO

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from integrator.ministry.isgkatip import contracts
from integrator.ministry.isgkatip.codes import DURUM, ONAY, TURLER
from integrator.ministry.isgkatip.sozlesme import Sozlesme
from integrator.ministry.ministry import Ministry

FONT, BOLD = "Vera", "VeraBd"
MARGIN, LINE, LONGEST = 50, 16, 60  # points, points, characters of a value on one line
NOT_OFFICIAL = "Burası Bakanlık değildir; bu belge bir deneme ortamında üretilmiştir ve hükmü yoktur."


def facts(ministry: Ministry, sozlesme: Sozlesme) -> list[tuple[str, str]]:
    """Label and value, in the order of the approval form."""
    register = ministry.register
    isyeri, osgb = register.isyerleri.get(sozlesme.sgk_tescil_no), register.osgbler.get(sozlesme.osgb)
    least = contracts.least_minutes(ministry, sozlesme)
    told = [
        ("Görevlendirme ID", str(sozlesme.sozlesme_id)),
        ("Sözleşme türü", f"{TURLER.get(sozlesme.tur, '')} ({sozlesme.tur})"),
        ("İşyeri", isyeri.ad_unvan if isyeri else ""),
        ("SGK sicil no", sozlesme.sgk_tescil_no),
        ("Tehlike sınıfı", isyeri.tehlike_sinifi if isyeri else ""),
        ("Çalışan sayısı (4A listesi)", str(len(isyeri.calisanlar)) if isyeri else ""),
        ("OSGB", osgb.unvan if osgb else sozlesme.osgb),
        ("Profesyonel", register.kisiler.get(sozlesme.profesyonel, "")),
        ("T.C. kimlik no", str(sozlesme.profesyonel)),
        ("Başlama tarihi", f"{sozlesme.baslangic:%d.%m.%Y}"),
        ("Ayrılış tarihi", f"{sozlesme.bitis:%d.%m.%Y}" if sozlesme.bitis else ""),
        ("Aylık çalışma süresi (dk)", "" if sozlesme.sure_dk is None else str(sozlesme.sure_dk)),
        ("Aylık fazla mesai (dk)", "" if sozlesme.fazla_mesai_dk is None else str(sozlesme.fazla_mesai_dk)),
        ("Mevzuattaki asgari süre (dk)", "" if least is None else str(least)),
        ("Kalan azami süre (dk)", str(contracts.minutes_left(ministry, sozlesme.profesyonel))),
        ("Sözleşme durumu", f"{DURUM[sozlesme.durum]} ({sozlesme.durum})"),
        ("İşyeri onayı", f"{ONAY[sozlesme.isyeri_onay]} ({sozlesme.isyeri_onay})"),
        ("Kişi onayı", f"{ONAY[sozlesme.kisi_onay]} ({sozlesme.kisi_onay})"),
        ("Onay tarihi", f"{sozlesme.onay_tarihi:%d.%m.%Y}" if sozlesme.onay_tarihi else ""),
        ("Sona erme nedeni", sozlesme.bitis_nedeni),
    ]
    return [(label, value) for label, value in told if value]


def contract_pdf(ministry: Ministry, sozlesme: Sozlesme) -> bytes:
    """One page of A4; the same contract at the same moment gives the same bytes."""
    _load_fonts()
    octets = BytesIO()
    canvas = Canvas(octets, pagesize=A4, invariant=1, lang="tr")
    canvas.setTitle(f"Sözleşme {sozlesme.sozlesme_id}")
    top = A4[1] - MARGIN
    _write(canvas, (BOLD, 9), MARGIN, top, NOT_OFFICIAL)
    _write(canvas, (BOLD, 14), MARGIN, top - 2 * LINE, "İSG Hizmet Sözleşmesi")
    height = top - 4 * LINE
    for label, value in facts(ministry, sozlesme):
        _write(canvas, (BOLD, 9), MARGIN, height, label)
        for start in range(0, min(len(value), 4 * LONGEST), LONGEST):
            _write(canvas, (FONT, 9), MARGIN + 190, height, value[start : start + LONGEST])
            height -= LINE
    for warning in contracts.warnings(ministry, sozlesme):
        height -= LINE
        _write(canvas, (BOLD, 8), MARGIN, height, f"Uyarı: {warning}")
    canvas.showPage()
    canvas.save()
    return octets.getvalue()


def _write(canvas: Canvas, font: tuple[str, int], x: float, y: float, text: str) -> None:
    canvas.setFont(*font)
    canvas.drawString(x, y, text)


@cache
def _load_fonts() -> None:
    for name in (FONT, BOLD):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
