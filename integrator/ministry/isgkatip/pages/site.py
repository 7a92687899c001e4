"""Finds the page under a path and guards it: who is in, whose form it is, and what a refusal looks like."""

import re
from collections.abc import Callable

from integrator.ministry.isgkatip.pages import contract_screens, entrance, osgb_screens, workplace_screens
from integrator.ministry.isgkatip.pages.markup import PREFIX, STYLE, Html, fill, link
from integrator.ministry.isgkatip.pages.visit import (
    GUARDS,
    Sessions,
    Visit,
    read_form,
    require_token,
    set_cookie,
)
from integrator.ministry.isgkatip.rows import BadParties
from integrator.ministry.isgkatip.workplaces import Refused
from integrator.ministry.ministry import Ministry
from integrator.ministry.wire import Reply, Request

Screen = Callable[[Visit], Reply]
OPEN = frozenset(screen for _, _, screen in entrance.OPEN)
ROUTES: list[tuple[str, re.Pattern[str], Screen]] = [
    (method, re.compile(path), screen)
    for routes in (
        entrance.OPEN,
        entrance.ROUTES,
        contract_screens.ROUTES,
        workplace_screens.ROUTES,
        osgb_screens.ROUTES,
    )
    for method, path, screen in routes
]


class IsgKatip:
    """The face under /isg-katip: pages for people. No fault strikes here."""

    path = PREFIX

    def __init__(self, ministry: Ministry, origin: str) -> None:
        self._ministry = ministry
        self._sessions = Sessions()

    def respond(self, request: Request) -> Reply:
        """One page, or where to go next; whoever is not known begins as a new visitor."""
        path = request.path.removeprefix(PREFIX).rstrip("/")
        if path == "/bicim.css" and request.method == "GET":
            return Reply(200, "text/css; charset=utf-8", STYLE, GUARDS)
        known = self._sessions.of(request)
        session = known or self._sessions.begin()
        visit = Visit(self._ministry, self._sessions, session, request, {}, {})
        reply = self._answer(visit, path)
        if known is None and "Set-Cookie" not in dict(reply.headers):
            return Reply(reply.status, reply.content_type, reply.body, (*reply.headers, set_cookie(session)))
        return reply

    def _answer(self, visit: Visit, path: str) -> Reply:
        try:
            screen = _find(visit, path)
            if screen not in OPEN and not visit.session.is_in:
                return visit.go("/giris", "Önce giriş yapınız")
            if visit.request.method == "POST":
                visit.form = read_form(visit.request)
                require_token(visit.session, visit.form)
            return screen(visit)
        except Refused as error:
            return _refused(visit, error.status, str(error))
        except BadParties as error:
            return _refused(visit, 400, str(error))


def _find(visit: Visit, path: str) -> Screen:
    """The screen of this path; its named parts go to the visit."""
    method = "GET" if visit.request.method == "HEAD" else visit.request.method
    matches = [(of, match, screen) for of, pattern, screen in ROUTES if (match := pattern.fullmatch(path))]
    for of, match, screen in matches:
        if of == method:
            visit.parts = match.groupdict()
            return screen
    if matches:
        raise Refused(405, "Bu sayfa bu yöntemle açılmaz")
    raise Refused(404, "Böyle bir sayfa yok")


def _refused(visit: Visit, status: int, text: str) -> Reply:
    back = fill("<p>{}</p>", link("/secim" if visit.session.is_in else "", "Baştan başla"))
    return visit.show("İşlem yapılamadı", fill('<p class="note" role="alert">{}</p>', text), Html(back), status=status)
