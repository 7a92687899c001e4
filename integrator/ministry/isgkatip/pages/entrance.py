"""The way in: a stand-in for e-Devlet with two steps that asks for nothing real, then Bireysel or Kurumsal.

It does not look like e-Devlet and takes no password: one chooses an invented person, and copies a code that the
page itself shows.
"""

import secrets
from hmac import compare_digest

from integrator.ministry.isgkatip import workplaces
from integrator.ministry.isgkatip.pages.markup import Html, fill, link, row, table
from integrator.ministry.isgkatip.pages.visit import Visit, set_cookie
from integrator.ministry.isgkatip.workplaces import Refused
from integrator.ministry.ministry import Ministry
from integrator.ministry.wire import Reply

MOST_OFFERED = 500  # persons in the list of the first step
STAND_IN = Html(
    '<p class="sahne"><strong>Bu ekran e-Devlet Kapısı değildir</strong>, onun yerine geçen bir denemedir. '
    "Parola sorulmaz; uydurma bir kişi seçilir.</p>"
)


def welcome(visit: Visit) -> Reply:
    """What this is."""
    text = Html("<p>İSG-KATİP'in denemeler için küçük bir benzeridir; hiçbir resmi kayıt tutmaz.</p>")
    return visit.show("İSG-KATİP", text, fill("<p>{}</p>", link("/giris", "Giriş (deneme)")))


def choose_person(visit: Visit) -> Reply:
    """Step 1 of 2."""
    options = [
        fill('<option value="{}">{} ({})</option>', one, visit.name_of(one), masked(one))
        for one in people(visit.ministry)[:MOST_OFFERED]
    ]
    field = fill('<label for="kim">Uydurma kişi</label><select id="kim" name="kim">{}</select> ', options)
    return visit.show("Giriş, adım 1/2: kişi seçimi", STAND_IN, visit.button("/giris", "Devam", field))


def begin(visit: Visit) -> Reply:
    """The chosen person gets a code; the visitor is nobody until it is typed in."""
    kim = visit.form.get("kim", "")
    if kim not in map(str, people(visit.ministry)[:MOST_OFFERED]):
        raise Refused(400, "Listeden bir kişi seçiniz")
    visit.session.kim, visit.session.is_in = int(kim), False
    visit.session.code = f"{secrets.randbelow(1_000_000):06}"
    return visit.go("/giris/kod")


def ask_code(visit: Visit) -> Reply:
    """Step 2 of 2: the code stands on the page, because nobody has a telephone here."""
    if not visit.session.code:
        return visit.go("/giris", "Önce kişi seçiniz")
    shown = fill('<p>Deneme kodu: <strong id="deneme-kodu">{}</strong></p>', visit.session.code)
    field = Html(
        '<label for="kod">Doğrulama kodu</label>'
        '<input id="kod" name="kod" inputmode="numeric" autocomplete="off" maxlength="6" required> '
    )
    return visit.show("Giriş, adım 2/2: doğrulama kodu", STAND_IN, shown, visit.button("/giris/kod", "Doğrula", field))


def enter(visit: Visit) -> Reply:
    """The right code opens a new session; a wrong one is used up."""
    code, visit.session.code = visit.session.code, ""
    if not code or not compare_digest(visit.form.get("kod", "").encode(), code.encode()):
        return visit.go("/giris", "Kod yanlış; yeniden kişi seçiniz")
    kim = visit.session.kim
    visit.sessions.end(visit.session)
    visit.session = visit.sessions.begin()
    visit.session.kim, visit.session.is_in = kim, True
    return visit.go("/secim", "", set_cookie(visit.session))


def leave(visit: Visit) -> Reply:
    """Out."""
    visit.sessions.end(visit.session)
    return visit.go("")


def choose_side(visit: Visit) -> Reply:
    """Bireysel or Kurumsal."""
    links = [
        fill("<li>{}: {}</li>", link("/bireysel", "Bireysel"), "kendi sözleşmelerim"),
        fill("<li>{}: {}</li>", link("/kurumsal", "Kurumsal"), "e-Bildirge kullanıcısı olduğum işyerleri, OSGB'ler"),
    ]
    return visit.show("Bireysel / Kurumsal", fill("<ul>{}</ul>", links))


def corporate(visit: Visit) -> Reply:
    """The workplaces and OSGBs that this person may act for."""
    places = [
        row(one.ad_unvan, one.sgk_tescil_no, visit.button("/kurumsal/isyeri", "Seç", hidden("sgk", one.sgk_tescil_no)))
        for one in workplaces.workplaces_of(visit.ministry, visit.kim)
    ]
    osgbler = [
        row(one.unvan, one.yetki_belge_no, visit.button("/kurumsal/osgb", "Seç", hidden("osgb", one.yetki_belge_no)))
        for one in visit.ministry.register.osgbler.values()
        if visit.kim in one.sorumlular
    ]
    number = Html(
        '<label for="sgk">SGK sicil no (26 rakam)</label>'
        '<input id="sgk" name="sgk" inputmode="numeric" maxlength="26" size="30" required> '
    )
    return visit.show(
        "Kurumsal",
        visit.button("/kurumsal/getir", "E-Bildirge kullanıcısı olduğum işyerlerini getir"),
        table("İşyerlerim", ("Unvan", "SGK sicil no", "İşlem"), places),
        visit.button("/kurumsal/isyeri", "İşyerini seç", number),
        table("OSGB'lerim", ("Unvan", "Yetki belge no", "İşlem"), osgbler),
    )


def fetch(visit: Visit) -> Reply:
    """E-Bildirge kullanıcısı olduğum işyerlerini getir."""
    listed, waiting = workplaces.fetch_workplaces(visit.ministry, visit.kim)
    note = f"{len(listed)} işyeri listelendi."
    if waiting:
        note += f" {len(waiting)} işyerinin SGK kaydı yeni: {waiting[0]:%d.%m.%Y} tarihinde yeniden deneyiniz (3 gün)."
    if not listed and not waiting:
        note += " Kaydınız yoksa SGK müdürlüğüne başvurunuz, 3 gün sonra yeniden deneyiniz."
    return visit.go("/kurumsal", note)


def choose_workplace(visit: Visit) -> Reply:
    """By its SGK number."""
    isyeri = workplaces.require_user(visit.ministry, visit.kim, visit.form.get("sgk", ""))
    visit.session.sgk_tescil_no = isyeri.sgk_tescil_no
    return visit.go("/surec", f"İşyeri seçildi: {isyeri.ad_unvan}")


def choose_osgb(visit: Visit) -> Reply:
    """By the number of its authorisation."""
    visit.session.osgb = visit.form.get("osgb", "")
    return visit.go("/osgb", f"OSGB seçildi: {visit.osgb().unvan}")


def people(ministry: Ministry) -> list[int]:
    """Everybody whom one can be here."""
    register = ministry.register
    found = {*register.kisiler, *register.profesyoneller}
    found.update(*(one.e_bildirge for one in register.isyerleri.values()))
    found.update(*(one.sorumlular for one in register.osgbler.values()))
    return sorted(found)


def masked(tckn: int) -> str:
    """An identity number as a screen shows it."""
    return f"{str(tckn)[:3]}******{str(tckn)[-2:]}"


def hidden(name: str, value: str) -> Html:
    """A field that the visitor does not see."""
    return fill('<input type="hidden" name="{}" value="{}">', name, value)


OPEN = (
    ("GET", "", welcome),
    ("GET", "/giris", choose_person),
    ("POST", "/giris", begin),
    ("GET", "/giris/kod", ask_code),
    ("POST", "/giris/kod", enter),
)
"""For whoever comes."""
ROUTES = (
    ("POST", "/cikis", leave),
    ("GET", "/secim", choose_side),
    ("GET", "/kurumsal", corporate),
    ("POST", "/kurumsal/getir", fetch),
    ("POST", "/kurumsal/isyeri", choose_workplace),
    ("POST", "/kurumsal/osgb", choose_osgb),
)
