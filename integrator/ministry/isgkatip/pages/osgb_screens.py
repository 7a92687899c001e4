"""What an OSGB sees: its contracts, a form for a new one, and how one is ended or moved to the deleted ones."""

from integrator.ministry.isgkatip import contracts, rows
from integrator.ministry.isgkatip.codes import DURUM, TURLER
from integrator.ministry.isgkatip.pages.entrance import MOST_OFFERED, hidden, masked
from integrator.ministry.isgkatip.pages.markup import Html, fill, row, table
from integrator.ministry.isgkatip.pages.visit import Visit
from integrator.ministry.isgkatip.rows import BadParties
from integrator.ministry.isgkatip.sozlesme import Sozlesme
from integrator.ministry.isgkatip.workplaces import Refused
from integrator.ministry.wire import Reply

HEADINGS = ("Grv. ID", "İşyeri", "Profesyonel", "Tür", "Dk/ay", "Durum", "İşlem")


def overview(visit: Visit) -> Reply:
    """All contracts of this OSGB, what waits on top, and the form for another."""
    osgb = visit.osgb()
    mine = [one for one in visit.ministry.register.sozlesmeler if one.osgb == osgb.yetki_belge_no]
    mine.sort(key=lambda one: (not one.is_waiting, -one.sozlesme_id))
    return visit.show(
        "OSGB Sözleşmeleri",
        table(osgb.unvan, HEADINGS, [_row(visit, one) for one in mine]),
        fill("<h2>Yeni sözleşme</h2>{}", visit.button("/osgb/sozlesme", "Sözleşmeyi kaydet", *_fields(visit))),
    )


def _row(visit: Visit, one: Sozlesme) -> Html:
    isyeri, buttons = visit.ministry.register.isyerleri.get(one.sgk_tescil_no), []
    if one.durum == 5001 and not one.silinme_tarihi:
        buttons.append(visit.button(f"/osgb/sozlesme/{one.sozlesme_id}", "Sona erdir", hidden("islem", "sona-erdir")))
    if not one.silinme_tarihi:
        buttons.append(visit.button(f"/osgb/sozlesme/{one.sozlesme_id}", "Sil", hidden("islem", "sil")))
    state = "Silindi" if one.silinme_tarihi else f"{DURUM[one.durum]} ({one.durum})"
    return row(
        one.sozlesme_id,
        isyeri.ad_unvan if isyeri else one.sgk_tescil_no,
        visit.name_of(one.profesyonel),
        TURLER.get(one.tur, one.tur),
        one.sure_dk,
        state,
        fill("{}", buttons),
        is_waiting=one.is_waiting,
    )


def _fields(visit: Visit) -> list[Html]:
    choose = Html('<option value="">Seçiniz</option>')
    kinds = [choose, *(fill('<option value="{}">{} - {}</option>', tur, tur, text) for tur, text in TURLER.items())]
    who = [
        choose,
        *(
            fill('<option value="{}">{} ({})</option>', one, visit.name_of(one), masked(one))
            for one in sorted(visit.ministry.register.profesyoneller)[:MOST_OFFERED]
        ),
    ]
    return [
        fill('<label for="tur">Sözleşme türü</label><select id="tur" name="tur" required>{}</select>', kinds),
        fill('<label for="kisi">Profesyonel</label><select id="kisi" name="profesyonel" required>{}</select>', who),
        Html(
            '<label for="yer">SGK sicil no</label>'
            '<input id="yer" name="sgk_tescil_no" inputmode="numeric" size="30" maxlength="26" required>'
        ),
        fill(
            '<label for="gun">Başlama tarihi</label><input id="gun" name="baslangic" type="date" value="{}" required>',
            visit.ministry.today().isoformat(),
        ),
        Html(
            '<label for="sure">Aylık çalışma süresi (dk)</label>'
            '<input id="sure" name="sure_dk" inputmode="numeric" maxlength="6" required><p></p>'
        ),
    ]


def enter(visit: Visit) -> Reply:
    """A new contract, which waits for both approvals; warned about where its minutes are wrong."""
    form, sure = visit.form, visit.form.get("sure_dk", "")
    if not (sure.isascii() and sure.isdecimal() and len(sure) <= 6):
        raise BadParties("Aylık çalışma süresi: dakika olarak bir tam sayı bekleniyor")
    entry = contracts.Entry(
        osgb=visit.osgb().yetki_belge_no,
        tur=form.get("tur", ""),
        profesyonel=rows.tckn(form.get("profesyonel")),
        sgk_tescil_no=rows.sgk_tescil_no({"sgk_tescil_no": form.get("sgk_tescil_no", "")}),
        baslangic=rows.day(form.get("baslangic"), "Başlama tarihi"),
        sure_dk=int(sure),
    )
    done = contracts.enter(visit.ministry, visit.kim, entry)
    told = [f"Sözleşme {done.sozlesme_id} kaydedildi; onay bekliyor.", *contracts.warnings(visit.ministry, done)]
    return visit.go("/osgb", " ".join(told))


def change(visit: Visit) -> Reply:
    """Sona erdir, or Sil."""
    number, islem = int(visit.parts["id"]), visit.form.get("islem", "")
    if contracts.sozlesme_of(visit.ministry, number).osgb != visit.osgb().yetki_belge_no:
        raise Refused(404, contracts.NO_SUCH)
    if islem == "sil":
        contracts.delete(visit.ministry, visit.kim, number)
    elif islem == "sona-erdir":
        contracts.end(visit.ministry, visit.kim, number, "OSGB sona erdirdi")
    else:
        raise Refused(400, "Bilinmeyen işlem")
    return visit.go("/osgb", "İşlem tamamlandı")


ROUTES = (
    ("GET", "/osgb", overview),
    ("POST", "/osgb/sozlesme", enter),
    ("POST", r"/osgb/sozlesme/(?P<id>[0-9]{1,10})", change),
)
