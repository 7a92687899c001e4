"""İSG-KATİP on the control port: every act of the pages as JSON, and what happens at SGK, which has no page here."""

from collections.abc import Callable
from functools import partial
from typing import Any

from integrator.ministry.isgkatip import contracts, exports, rows, workplaces
from integrator.ministry.isgkatip.rows import BadParties, Json
from integrator.ministry.isgkatip.sozlesme import ISYERI, KISI, Sozlesme
from integrator.ministry.ministry import Ministry
from integrator.ministry.wire import Reply, Request

Route = Callable[[Json], Any]
Routes = dict[tuple[str, str], Route]


def routes(ministry: Ministry) -> Routes:
    """(method, path) -> what answers the fields of a call: those of the JSON body, or of the address for GET."""
    acts = {
        ("GET", "sozlesmeler"): _sozlesmeler,
        ("POST", "sozlesme"): _enter,
        ("POST", "onayla"): _approve,
        ("POST", "reddet"): _refuse,
        ("POST", "sure-onayla"): _approve_minutes,
        ("POST", "sona-erdir"): _end,
        ("POST", "sil"): _delete,
        ("GET", "isyeri"): _isyeri,
        ("GET", "aktar"): _export,
        ("POST", "toplu-guncelle"): _refresh,
        ("POST", "dogrula"): _verify,
        ("POST", "sgk"): _change_at_sgk,
        ("POST", "e-bildirge"): _register_user,
        ("POST", "isyerleri-getir"): _fetch,
        ("PUT", "iletisim"): _iletisim,
        ("POST", "hizmet-onayla"): _approve_service,
    }
    return {(method, f"/isgkatip/{name}"): partial(act, ministry) for (method, name), act in acts.items()}


def fields_of_address(request: Request) -> Json:
    """The fields of a GET; the last value counts where one stands twice."""
    return {name: values[-1] for name, values in request.query.items()}


def shown(ministry: Ministry, sozlesme: Sozlesme) -> Json:
    """A contract with what İSG-KATİP says of its minutes."""
    return rows.sozlesme_json(sozlesme) | {
        "asgari_sure_dk": contracts.least_minutes(ministry, sozlesme),
        "kalan_azami_sure_dk": contracts.minutes_left(ministry, sozlesme.profesyonel),
        "uyarilar": contracts.warnings(ministry, sozlesme),
    }


def _kim(wanted: Json) -> int:
    return rows.tckn(wanted.get("kim"))


def _id(wanted: Json) -> int:
    return rows.number(wanted, "sozlesme_id") or 0


def _taraf(wanted: Json) -> str:
    if wanted.get("taraf") not in (ISYERI, KISI):
        raise BadParties(f"taraf: {ISYERI} or {KISI} is expected")
    return str(wanted["taraf"])


def _sozlesmeler(ministry: Ministry, wanted: Json) -> Json:
    found = ministry.register.sozlesmeler
    chosen = found.at(rows.sgk_tescil_no(wanted)) if "sgk_tescil_no" in wanted else list(found)
    return {"sozlesmeler": [shown(ministry, one) for one in chosen]}


def _enter(ministry: Ministry, wanted: Json) -> Json:
    entry = contracts.Entry(
        osgb=rows.text(wanted, "osgb"),
        tur=rows.text(wanted, "tur"),
        profesyonel=rows.tckn(wanted.get("profesyonel")),
        sgk_tescil_no=rows.sgk_tescil_no(wanted),
        baslangic=rows.day(wanted.get("baslangic"), "baslangic"),
        sure_dk=rows.number(wanted, "sure_dk") or 0,
        fazla_mesai_dk=rows.number(wanted, "fazla_mesai_dk"),
    )
    return shown(ministry, contracts.enter(ministry, _kim(wanted), entry))


def _approve(ministry: Ministry, wanted: Json) -> Json:
    return shown(ministry, contracts.approve(ministry, _kim(wanted), _id(wanted), _taraf(wanted)))


def _refuse(ministry: Ministry, wanted: Json) -> Json:
    return shown(ministry, contracts.refuse(ministry, _kim(wanted), _id(wanted), _taraf(wanted)))


def _approve_minutes(ministry: Ministry, wanted: Json) -> Json:
    return shown(ministry, contracts.approve_minutes(ministry, _kim(wanted), _id(wanted)))


def _end(ministry: Ministry, wanted: Json) -> Json:
    return shown(ministry, contracts.end(ministry, _kim(wanted), _id(wanted), rows.text(wanted, "neden", "")))


def _delete(ministry: Ministry, wanted: Json) -> Json:
    return shown(ministry, contracts.delete(ministry, _kim(wanted), _id(wanted)))


def _isyeri(ministry: Ministry, wanted: Json) -> Json:
    return rows.isyeri_json(workplaces.isyeri_of(ministry, rows.sgk_tescil_no(wanted)))


def _export(ministry: Ministry, wanted: Json) -> Reply:
    """The same file that the page gives."""
    make, form = exports.TABLES.get(rows.text(wanted, "tablo")), rows.text(wanted, "bicim")
    if make is None or form not in exports.FORMS:
        raise BadParties(f"tablo: one of {', '.join(exports.TABLES)}; bicim: one of {', '.join(exports.FORMS)}")
    return Reply(200, exports.FORMS[form], exports.render(make(ministry, rows.sgk_tescil_no(wanted)), form))


def _refresh(ministry: Ministry, wanted: Json) -> Json:
    return rows.isyeri_json(workplaces.refresh(ministry, _kim(wanted), rows.sgk_tescil_no(wanted)))


def _verify(ministry: Ministry, wanted: Json) -> Json:
    calisan = rows.tckn(wanted.get("calisan"))
    return rows.isyeri_json(workplaces.verify(ministry, _kim(wanted), rows.sgk_tescil_no(wanted), calisan))


def _change_at_sgk(ministry: Ministry, wanted: Json) -> Json:
    giren, ayrilan = rows.tckn_set(wanted, "giren"), rows.tckn_set(wanted, "ayrilan")
    return rows.isyeri_json(workplaces.change_at_sgk(ministry, rows.sgk_tescil_no(wanted), giren, ayrilan))


def _register_user(ministry: Ministry, wanted: Json) -> Json:
    return rows.isyeri_json(workplaces.register_user(ministry, rows.sgk_tescil_no(wanted), _kim(wanted)))


def _fetch(ministry: Ministry, wanted: Json) -> Json:
    listed, waiting = workplaces.fetch_workplaces(ministry, _kim(wanted))
    return {"isyerleri": [one.sgk_tescil_no for one in listed], "bekleyen": [one.isoformat() for one in waiting]}


def _iletisim(ministry: Ministry, wanted: Json) -> Json:
    iletisim = rows.read_iletisim(wanted.get("iletisim"))
    return rows.isyeri_json(workplaces.set_iletisim(ministry, _kim(wanted), rows.sgk_tescil_no(wanted), iletisim))


def _approve_service(ministry: Ministry, wanted: Json) -> Json:
    firma_kodu = rows.text(wanted, "firma_kodu")
    sgk = rows.sgk_tescil_no(wanted)
    return rows.hizmet_json(workplaces.approve_service(ministry, _kim(wanted), sgk, firma_kodu))
