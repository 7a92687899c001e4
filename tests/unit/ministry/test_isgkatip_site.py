from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrator.ministry.fault_plan import FaultPlan
from integrator.ministry.isgkatip.pages.markup import PREFIX, Html, fill
from integrator.ministry.isgkatip.pages.site import ROUTES, IsgKatip
from integrator.ministry.isgkatip.pages.visit import MOST_SESSIONS
from integrator.ministry.ministry import Ministry
from integrator.ministry.wire import Request

FIELDS = ["kim", "kod", "sgk", "osgb", "islem", "okudum", "calisan", "sira", "telefon", "tur", "profesyonel", "sure_dk"]
PATHS = [pattern.pattern for _, pattern, _ in ROUTES if "(" not in pattern.pattern]
PATHS += [f"/{where}/sozlesmeler/1{tail}" for where in ("surec", "bireysel") for tail in ("", "/detay.pdf")]
PATHS += ["/osgb/sozlesme/1", "/aktar/sozlesmeler.xlsx", "/aktar/calisanlar.csv", "/bicim.css", "/none"]


@pytest.fixture
def site(toy):
    """The pages with somebody who is e-Bildirge user, OSGB and professional at once, and who is in."""
    ministry = Ministry(FaultPlan(seed=7))
    workplace = toy.PARTIES["isyerleri"][0] | {
        "e_bildirge": [{"tckn": str(toy.UZMAN), "kayit_tarihi": "2020-01-01", "listelendi": True}]
    }
    osgb = {"yetki_belge_no": "O", "sorumlular": [str(toy.UZMAN)]}
    waiting = toy.PARTIES["sozlesmeler"][0] | {"durum": "Onay Bekliyor", "sozlesme_id": 1, "osgb": "O"}
    ministry.register.merge(toy.PARTIES | {"isyerleri": [workplace], "osgbler": [osgb], "sozlesmeler": [waiting]})
    made = SimpleNamespace(pages=IsgKatip(ministry, ""), kim=toy.UZMAN, sgk=toy.SGK)
    enter(made)
    return made


def enter(site):
    site.session = site.pages._sessions.begin()
    site.session.kim, site.session.is_in = site.kim, True
    site.session.sgk_tescil_no, site.session.osgb = site.sgk, "O"


def ask(site, method, path, body=b"", cookie=None):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    headers["cookie"] = f"isgkatip={site.session.key}" if cookie is None else cookie
    return site.pages.respond(Request(method, PREFIX + path, {}, headers, body))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["GET", "POST", "HEAD", "PUT"]),
    st.sampled_from(PATHS),
    st.dictionaries(
        st.sampled_from(FIELDS),
        st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(["1", "tamamla", "103"]),
    ),
)
def test_whatever_is_pressed_there_is_a_page_and_never_a_traceback(site, method, path, fields):
    from urllib.parse import urlencode

    enter(site)
    told = {"belirtec": site.session.token, **fields}
    reply = ask(site, method, path, urlencode(told).encode())

    assert reply.status in (200, 303, 400, 403, 404, 405, 409)
    reply.encode()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["GET", "POST"]), st.text(max_size=20), st.binary(max_size=200), st.text(max_size=40))
def test_garbage_is_a_page_too(site, method, path, body, cookie):
    reply = ask(site, method, path, body, cookie)

    assert reply.status in (200, 303, 400, 403, 404, 405)


@given(st.text())
def test_what_is_filled_in_is_no_markup(text):
    shown = fill('<p title="{}">{}</p>', text, [text, Html("<b>x</b>")])

    inside = shown.removeprefix('<p title="').removesuffix("<b>x</b></p>")
    assert inside.count("<") == 0
    assert inside.count('"') == 1


def test_the_visitor_unused_the_longest_makes_room(site):
    for _ in range(MOST_SESSIONS - 1):
        site.pages._sessions.begin()
    assert ask(site, "GET", "/secim").status == 200

    for _ in range(MOST_SESSIONS):
        site.pages._sessions.begin()

    assert ask(site, "GET", "/secim").status == 303
