"""SGK 4A Çalışan Bilgileri with its two refreshes, the workplace's card, the served-workplace approval, and exports."""

from datetime import datetime

from integrator.ministry.isgkatip import workplaces
from integrator.ministry.isgkatip.codes import TURKEY
from integrator.ministry.isgkatip.exports import FORMS, TABLES, render
from integrator.ministry.isgkatip.isyeri import Hizmet
from integrator.ministry.isgkatip.pages.entrance import hidden, masked
from integrator.ministry.isgkatip.pages.markup import Html, fill, link, row, table
from integrator.ministry.isgkatip.pages.visit import GUARDS, Visit
from integrator.ministry.isgkatip.rows import read_iletisim, tckn
from integrator.ministry.wire import Reply

MOST_SHOWN = 500  # lines of the list on a page; the export has all
CARD = "Kişi/Kurum/Ekipman Kartı"
CARD_PATH = f"{CARD} > İşyeri Bilgileri > İşyeri Kartı Bilgileri > Kurumsal İletişim ve İzin"


def roster(visit: Visit) -> Reply:
    """The 4A list as it was last refreshed."""
    isyeri = visit.isyeri()
    rows = []
    for one in sorted(isyeri.calisanlar)[:MOST_SHOWN]:
        at = isyeri.refreshed_at(one)
        rows.append(row(masked(one), visit.name_of(one), _moment(at) if at else "bilinmiyor"))
    when = _moment(isyeri.liste_tarihi) if isyeri.liste_tarihi else "hiç güncellenmedi"
    number = Html(
        '<label for="calisan">T.C. kimlik no (deneme)</label>'
        '<input id="calisan" name="calisan" inputmode="numeric" autocomplete="off" maxlength="11" required> '
    )
    return visit.show(
        "SGK 4A Çalışan Bilgileri",
        fill("<p>Son toplu güncelleme: <strong>{}</strong>. Çalışan sayısı: {}</p>", when, len(isyeri.calisanlar)),
        visit.button("/calisanlar/guncelle", "Toplu Çalışan Güncelle"),
        visit.button("/calisanlar/dogrula", "TC Kimlik No ile Doğrula", number),
        table(isyeri.ad_unvan, ("T.C. kimlik no", "Ad soyad", "Güncelleme"), rows),
        fill("<p>{} {}</p>", link("/aktar/calisanlar.xlsx", "Çalışanlar: XLSX aktar"),
             link("/aktar/calisanlar.csv", "Çalışanlar: CSV aktar")),
    )  # fmt: skip


def _moment(at: datetime) -> str:
    return f"{at.astimezone(TURKEY):%d.%m.%Y %H:%M}"


def refresh(visit: Visit) -> Reply:
    """Toplu Çalışan Güncelle."""
    isyeri = workplaces.refresh(visit.ministry, visit.kim, visit.isyeri().sgk_tescil_no)
    return visit.go("/calisanlar", f"Liste güncellendi: {len(isyeri.calisanlar)} çalışan")


def verify(visit: Visit) -> Reply:
    """TC Kimlik No ile Doğrula."""
    calisan = tckn(visit.form.get("calisan"))
    isyeri = workplaces.verify(visit.ministry, visit.kim, visit.isyeri().sgk_tescil_no, calisan)
    found = "listede" if calisan in isyeri.calisanlar else "SGK kaydı bittiği için listeden çıkarıldı"
    return visit.go("/calisanlar", f"Doğrulandı: {masked(calisan)} {found}")


def card(visit: Visit) -> Reply:
    """Kurumsal İletişim ve İzin."""
    isyeri = visit.isyeri()
    now = isyeri.iletisim
    fields = [
        _field("telefon", "Telefon (başında 0 olmadan 10 rakam)", now.telefon if now else "", 10),
        _field("eposta", "E-posta", now.eposta if now else "", 254),
        _field("il", "İl", now.il if now else "", 50),
        _field("ilce", "İlçe", now.ilce if now else "", 50),
        _choice(is_yes=now is not None and now.otomatik),
    ]
    told = "henüz onaylanmadı"
    if now is not None and now.tarih is not None:
        told = f"{visit.name_of(now.onaylayan)}, {now.tarih:%d.%m.%Y}"
    return visit.show(
        "Kurumsal İletişim ve İzin",
        fill("<p>{}</p><p>{} - {}</p>", CARD_PATH, isyeri.ad_unvan, isyeri.sgk_tescil_no),
        fill("<p>Son onay: {}</p>", told),
        visit.button("/kart", "Kaydet", *fields),
    )


def _field(name: str, text: str, value: str, longest: int) -> Html:
    return fill(
        '<label for="{0}">{1}</label><input id="{0}" name="{0}" value="{2}" maxlength="{3}" required>',
        name, text, value, longest,
    )  # fmt: skip


def _choice(*, is_yes: bool) -> Html:
    yes, no = (Html(" selected"), Html()) if is_yes else (Html(), Html(" selected"))
    return fill(
        '<label for="otomatik">Süreler otomatik güncellensin mi?</label><select id="otomatik" name="otomatik">'
        '<option value="HAYIR"{}>HAYIR</option><option value="EVET"{}>EVET</option></select><p></p>',
        no,
        yes,
    )


def save_card(visit: Visit) -> Reply:
    """EVET or HAYIR, with who is reached where."""
    told = {name: visit.form.get(name, "") for name in ("telefon", "eposta", "il", "ilce")}
    iletisim = read_iletisim(told | {"otomatik": visit.form.get("otomatik") == "EVET"})
    workplaces.set_iletisim(visit.ministry, visit.kim, visit.isyeri().sgk_tescil_no, iletisim)
    return visit.go("/kart", "Kurumsal iletişim ve izin kaydedildi")


def services(visit: Visit) -> Reply:
    """The served-workplace notifications of firms, and their approval."""
    isyeri, rows = visit.isyeri(), []
    for number, one in enumerate(_services_of(visit)):
        approve = visit.button("/hizmetler/onayla", "Onayla", hidden("sira", str(number)))
        state = f"Onaylandı ({one.onay_tarihi:%d.%m.%Y})" if one.onay_tarihi else approve
        rows.append(row(number + 1, f"{one.baslangic:%d.%m.%Y}", state, is_waiting=one.onay_tarihi is None))
    headings = ("Entegratör firma sırası", "Hizmet başlangıcı", "Durum")
    return visit.show("Hizmet Verilen İşyeri", table(isyeri.ad_unvan, headings, rows))


def _services_of(visit: Visit) -> list[Hizmet]:
    """In the order in which they were notified; a firm's code is a secret and stands on no page."""
    sgk = visit.isyeri().sgk_tescil_no
    return [one for one in visit.ministry.register.hizmetler.values() if one.sgk_tescil_no == sgk]


def approve_service(visit: Visit) -> Reply:
    """The workplace agrees to be served."""
    sira, found = visit.form.get("sira", ""), _services_of(visit)
    chosen = found[int(sira)] if sira in map(str, range(len(found))) else None
    if chosen is None:
        raise workplaces.Refused(404, "Böyle bir hizmet bildirimi yok")
    workplaces.approve_service(visit.ministry, visit.kim, chosen.sgk_tescil_no, chosen.firma_kodu)
    return visit.go("/hizmetler", "Hizmet bildirimi onaylandı")


def export(visit: Visit) -> Reply:
    """The workplace's contracts or its list, as a file."""
    name, form = visit.parts["name"], visit.parts["form"]
    content = render(TABLES[name](visit.ministry, visit.isyeri().sgk_tescil_no), form)
    return Reply(200, FORMS[form], content, (("Content-Disposition", f'attachment; filename="{name}.{form}"'), *GUARDS))


ROUTES = (
    ("GET", "/calisanlar", roster),
    ("POST", "/calisanlar/guncelle", refresh),
    ("POST", "/calisanlar/dogrula", verify),
    ("GET", "/kart", card),
    ("POST", "/kart", save_card),
    ("GET", "/hizmetler", services),
    ("POST", "/hizmetler/onayla", approve_service),
    ("GET", r"/aktar/(?P<name>sozlesmeler|calisanlar)\.(?P<form>xlsx|csv)", export),
)
