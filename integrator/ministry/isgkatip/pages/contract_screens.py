"""Süreç Yönetimi > İSG Hizmet Sözleşmeleri > Sürece Git > Okudum Onaylıyorum > Tamamla, for either side.

The old screens (v9: Hizmet Alan İşyerleri > Sözleşmeler > Onayla > Kayıt) lead to the same pages.
"""

from integrator.ministry.isgkatip import contracts
from integrator.ministry.isgkatip.codes import DURUM, ONAY, TURLER
from integrator.ministry.isgkatip.document import contract_pdf, facts
from integrator.ministry.isgkatip.pages.entrance import hidden
from integrator.ministry.isgkatip.pages.markup import Html, fill, link, row, table
from integrator.ministry.isgkatip.pages.visit import GUARDS, Visit
from integrator.ministry.isgkatip.sozlesme import ISYERI, KISI, Sozlesme
from integrator.ministry.isgkatip.workplaces import Refused
from integrator.ministry.wire import Reply

HEADINGS = ("Grv. ID", "Profesyonel", "Tür", "Başlama", "Dk/ay", "Durum", "İşyeri onayı", "Kişi onayı", "İşlem")


def processes(visit: Visit) -> Reply:
    """Süreç Yönetimi of the chosen workplace."""
    isyeri = visit.isyeri()
    waiting = sum(_awaits(one, ISYERI) for one in visit.ministry.register.sozlesmeler.at(isyeri.sgk_tescil_no))
    line = row("İSG Hizmet Sözleşmeleri", waiting, link("/surec/sozlesmeler", "İSG Hizmet Sözleşmeleri"))
    head = fill("<p>{} - {}</p>", isyeri.ad_unvan, isyeri.sgk_tescil_no)
    return visit.show("Süreç Yönetimi", head, table("Süreçler", ("Süreç", "Onay bekleyen", "Aç"), [line]))


def of_workplace(visit: Visit) -> Reply:
    """The workplace's contracts; what waits for it stands on top, in green."""
    isyeri = visit.isyeri()
    found = [one for one in visit.ministry.register.sozlesmeler.at(isyeri.sgk_tescil_no) if not one.silinme_tarihi]
    rows = [_row(visit, one, ISYERI) for one in found]
    return visit.show(
        "İSG Hizmet Sözleşmeleri", table(isyeri.ad_unvan, HEADINGS, rows), _exports("sozlesmeler", "Sözleşmeler")
    )


def of_person(visit: Visit) -> Reply:
    """Bireysel: the contracts of this professional, everywhere."""
    mine = visit.ministry.register.sozlesmeler.of_person(visit.kim)
    mine.sort(key=lambda one: (not _awaits(one, KISI), -one.sozlesme_id))
    rows = [_row(visit, one, KISI) for one in mine if not one.silinme_tarihi]
    return visit.show("Bireysel: Sözleşmelerim", table("Sözleşmelerim", HEADINGS, rows))


def deleted(visit: Visit) -> Reply:
    """Silinen Sözleşmeler."""
    isyeri = visit.isyeri()
    rows = [
        row(one.sozlesme_id, visit.name_of(one.profesyonel), TURLER.get(one.tur, ""), f"{one.silinme_tarihi:%d.%m.%Y}")
        for one in visit.ministry.register.sozlesmeler.at(isyeri.sgk_tescil_no)
        if one.silinme_tarihi
    ]  # fmt: skip
    return visit.show("Silinen Sözleşmeler", table(isyeri.ad_unvan, ("Grv. ID", "Profesyonel", "Tür", "Silinme"), rows))


def one_contract(visit: Visit) -> Reply:
    """Sürece Git: the contract, Okudum Onaylıyorum, Tamamla."""
    sozlesme, side = _mine(visit)
    lines = [fill('<tr><th scope="row">{}</th><td>{}</td></tr>', *one) for one in facts(visit.ministry, sozlesme)]
    warned = [fill('<p class="uyari">Uyarı: {}</p>', one) for one in contracts.warnings(visit.ministry, sozlesme)]
    return visit.show(
        f"Sözleşme {sozlesme.sozlesme_id}",
        fill("<table><caption>Sözleşme bilgileri</caption><tbody>{}</tbody></table>", lines),
        fill("{}", warned),
        fill("<p>{}</p>", link(f"{_path(sozlesme, side)}/detay.pdf", "Detay Görüntüle (PDF)")),
        *_answers(visit, sozlesme, side),
    )


def _answers(visit: Visit, sozlesme: Sozlesme, side: str) -> list[Html]:
    path, found = _path(sozlesme, side), []
    read = Html(
        '<label class="secim"><input type="checkbox" name="okudum" value="1" required> Okudum Onaylıyorum</label>'
    )
    if _awaits(sozlesme, side):
        found.append(visit.button(path, "Tamamla", hidden("islem", "tamamla"), read))
        found.append(visit.button(path, "Reddet", hidden("islem", "reddet")))
    if side == ISYERI and sozlesme.bekleyen_sure_dk is not None:
        found.append(
            visit.button(path, f"Yeni süreyi onayla ({sozlesme.bekleyen_sure_dk} dk)", hidden("islem", "sure"))
        )
    if side == ISYERI and sozlesme.durum == 5001:
        found.append(visit.button(path, "Sözleşmeyi sona erdir", hidden("islem", "sona-erdir")))
    return found


def answer(visit: Visit) -> Reply:
    """Tamamla, or one of the other buttons of the contract's page."""
    sozlesme, side = _mine(visit)
    number, islem = sozlesme.sozlesme_id, visit.form.get("islem", "")
    if islem == "tamamla":
        if visit.form.get("okudum") != "1":
            raise Refused(400, "Tamamlamak için 'Okudum Onaylıyorum' kutusunu işaretleyiniz")
        done = contracts.approve(visit.ministry, visit.kim, number, side)
        return visit.go(_path(done, side), f"Onayınız alındı. Sözleşmenin durumu: {DURUM[done.durum]} ({done.durum})")
    if islem == "reddet":
        contracts.refuse(visit.ministry, visit.kim, number, side)
    elif islem == "sure" and side == ISYERI:
        contracts.approve_minutes(visit.ministry, visit.kim, number)
    elif islem == "sona-erdir" and side == ISYERI:
        contracts.end(visit.ministry, visit.kim, number, "İşyeri sona erdirdi")
    else:
        raise Refused(400, "Bilinmeyen işlem")
    return visit.go(_path(sozlesme, side), "İşlem tamamlandı")


def document(visit: Visit) -> Reply:
    """Detay Görüntüle."""
    sozlesme, _ = _mine(visit)
    name = ("Content-Disposition", f'inline; filename="sozlesme-{sozlesme.sozlesme_id}.pdf"')
    return Reply(200, "application/pdf", contract_pdf(visit.ministry, sozlesme), (name, *GUARDS))


def old_list(visit: Visit) -> Reply:
    """Hizmet Alan İşyerleri > Sözleşmeler."""
    return visit.go("/surec/sozlesmeler")


def old_places(visit: Visit) -> Reply:
    """Hizmet Alan İşyerleri."""
    return visit.go("/surec" if visit.session.sgk_tescil_no else "/kurumsal")


def old_contract(visit: Visit) -> Reply:
    """Hizmet Alan İşyerleri > Sözleşmeler > Onayla (and its Kayıt button)."""
    return visit.go(f"/surec/sozlesmeler/{visit.parts['id']}")


def _mine(visit: Visit) -> tuple[Sozlesme, str]:
    """The contract of the path and the side on which this visitor stands; nobody else's is told apart from none."""
    side = KISI if visit.parts["where"] == "bireysel" else ISYERI
    sozlesme = contracts.sozlesme_of(visit.ministry, int(visit.parts["id"]))
    owner = (
        sozlesme.profesyonel == visit.kim if side == KISI else sozlesme.sgk_tescil_no == visit.isyeri().sgk_tescil_no
    )
    if not owner:
        raise Refused(404, contracts.NO_SUCH)
    return sozlesme, side


def _path(sozlesme: Sozlesme, side: str) -> str:
    where = "/bireysel/sozlesmeler" if side == KISI else "/surec/sozlesmeler"
    return f"{where}/{sozlesme.sozlesme_id}"


def _awaits(sozlesme: Sozlesme, side: str) -> bool:
    return sozlesme.is_waiting and (sozlesme.isyeri_onay if side == ISYERI else sozlesme.kisi_onay) == 5003


def _row(visit: Visit, one: Sozlesme, side: str) -> Html:
    go = link(_path(one, side), "Sürece Git" if _awaits(one, side) else "Görüntüle")
    pdf = link(f"{_path(one, side)}/detay.pdf", "Detay Görüntüle")
    return row(
        one.sozlesme_id,
        visit.name_of(one.profesyonel),
        TURLER.get(one.tur, one.tur),
        f"{one.baslangic:%d.%m.%Y}",
        one.sure_dk,
        f"{DURUM[one.durum]} ({one.durum})",
        f"{ONAY[one.isyeri_onay]} ({one.isyeri_onay})",
        f"{ONAY[one.kisi_onay]} ({one.kisi_onay})",
        fill("{} {}", go, pdf),
        is_waiting=_awaits(one, side),
    )


def _exports(name: str, text: str) -> Html:
    links = [fill("{} ", link(f"/aktar/{name}.{form}", f"{text}: {form.upper()} aktar")) for form in ("xlsx", "csv")]
    return fill("<p>{}</p>", links)


ROUTES = (
    ("GET", "/surec", processes),
    ("GET", "/surec/sozlesmeler", of_workplace),
    ("GET", "/bireysel", of_person),
    ("GET", "/silinen-sozlesmeler", deleted),
    ("GET", r"/(?P<where>surec|bireysel)/sozlesmeler/(?P<id>[0-9]{1,10})", one_contract),
    ("POST", r"/(?P<where>surec|bireysel)/sozlesmeler/(?P<id>[0-9]{1,10})", answer),
    ("GET", r"/(?P<where>surec|bireysel)/sozlesmeler/(?P<id>[0-9]{1,10})/detay\.pdf", document),
    ("GET", "/hizmet-alan-isyerleri", old_places),
    ("GET", "/hizmet-alan-isyerleri/sozlesmeler", old_list),
    ("GET", r"/hizmet-alan-isyerleri/sozlesmeler/(?P<id>[0-9]{1,10})/(?:onayla|kayit)", old_contract),
)
