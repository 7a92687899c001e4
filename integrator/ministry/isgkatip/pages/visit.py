"""One request of one visitor: its session, its form, and the replies it can get.

A session begins when the second step of the entrance is through; its id is new then. Every form carries the
session's own token, so that no other page can press a button here.
"""

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from hmac import compare_digest
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from integrator.ministry.isgkatip.isyeri import Isyeri, Osgb
from integrator.ministry.isgkatip.pages.markup import PREFIX, Html, fill, link, page
from integrator.ministry.isgkatip.workplaces import Refused, require_user
from integrator.ministry.ministry import Ministry
from integrator.ministry.wire import Reply, Request

COOKIE = "isgkatip"
MOST_SESSIONS, MOST_FIELDS, FORM_LIMIT = 1000, 50, 64 * 1024
FORM = "application/x-www-form-urlencoded"
GUARDS = (
    ("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
     "frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)  # fmt: skip


@dataclass(slots=True)
class Session:
    """A visitor: who they chose to be (0: nobody yet), the code they were shown, and what they act for."""

    key: str = field(repr=False)
    token: str = field(repr=False)
    kim: int = field(default=0, repr=False)
    code: str = field(default="", repr=False)
    is_in: bool = False
    sgk_tescil_no: str = ""
    osgb: str = ""
    note: str = ""


class Sessions:
    """All visitors; the one unused the longest makes room."""

    def __init__(self) -> None:
        self._by_key: OrderedDict[str, Session] = OrderedDict()

    def of(self, request: Request) -> Session | None:
        """The session of the request's cookie."""
        try:
            cookie = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return None
        session = self._by_key.get(cookie.value) if cookie else None
        if session is not None:
            self._by_key.move_to_end(session.key)
        return session

    def begin(self) -> Session:
        """A new visitor whom nobody can guess."""
        session = Session(secrets.token_urlsafe(24), secrets.token_urlsafe(24))
        self._by_key[session.key] = session
        if len(self._by_key) > MOST_SESSIONS:
            self._by_key.popitem(last=False)
        return session

    def end(self, session: Session) -> None:
        """Forget a visitor."""
        self._by_key.pop(session.key, None)


@dataclass(slots=True)
class Visit:
    """What a screen works with. `parts` are the pieces of the path that its route names."""

    ministry: Ministry
    sessions: Sessions
    session: Session
    request: Request
    parts: dict[str, str]
    form: dict[str, str]

    @property
    def kim(self) -> int:
        """Who this is."""
        return self.session.kim

    def isyeri(self) -> Isyeri:
        """The workplace chosen under Kurumsal; asked anew at every request, because a right can end."""
        return require_user(self.ministry, self.kim, self.session.sgk_tescil_no)

    def osgb(self) -> Osgb:
        """The OSGB chosen under Kurumsal."""
        osgb = self.ministry.register.osgbler.get(self.session.osgb)
        if osgb is None or self.kim not in osgb.sorumlular:
            raise Refused(403, "Önce Kurumsal ekranından OSGB seçiniz")
        return osgb

    def name_of(self, tckn: int) -> str:
        """Somebody's name, or that there is none."""
        return self.ministry.register.kisiler.get(tckn, "(ad kayıtlı değil)")

    def button(self, path: str, text: str, *fields: Html) -> Html:
        """A form that posts `fields` to `path`, with this session's token."""
        return fill(
            '<form method="post" action="{}{}"><input type="hidden" name="belirtec" value="{}">{}'
            '<button type="submit">{}</button></form>',
            PREFIX,
            path,
            self.session.token,
            list(fields),
            text,
        )

    def show(self, title: str, *main: Html, status: int = 200) -> Reply:
        """A page, with what the last act has to say."""
        note, self.session.note = self.session.note, ""
        return html_reply(status, page(title, self._menu(), note, fill("{}", list(main))))

    def go(self, path: str, note: str = "", *headers: tuple[str, str]) -> Reply:
        """To another page of this site, after something was done."""
        self.session.note = note
        return Reply(303, "text/plain; charset=utf-8", b"", (("Location", PREFIX + path), *headers, *GUARDS))

    def _menu(self) -> Html:
        if not self.session.is_in:
            return fill('<nav aria-label="Ana menü">{}</nav>', link("/giris", "Giriş"))
        links = [link("/bireysel", "Bireysel"), link("/kurumsal", "Kurumsal")]
        if self.session.sgk_tescil_no:
            links += [link(path, text) for path, text in ISYERI_MENU]
        if self.session.osgb:
            links.append(link("/osgb", "OSGB Sözleşmeleri"))
        who = fill("<span>{} </span>", self.name_of(self.kim))
        return fill('<nav aria-label="Ana menü">{}{}{}</nav>', links, who, self.button("/cikis", "Çıkış"))


ISYERI_MENU = (
    ("/surec", "Süreç Yönetimi"),
    ("/silinen-sozlesmeler", "Silinen Sözleşmeler"),
    ("/calisanlar", "SGK 4A Çalışan Bilgileri"),
    ("/kart", "Kişi/Kurum/Ekipman Kartı"),
    ("/hizmetler", "Hizmet Verilen İşyeri"),
    ("/hizmet-alan-isyerleri", "Hizmet Alan İşyerleri (v9)"),
)


def html_reply(status: int, content: Html, *headers: tuple[str, str]) -> Reply:
    """A page with what guards it."""
    return Reply(status, "text/html; charset=utf-8", content.encode(), (*headers, *GUARDS))


def set_cookie(session: Session) -> tuple[str, str]:
    """The header that carries the session; no script and no other site gets at it."""
    return "Set-Cookie", f"{COOKIE}={session.key}; Path={PREFIX}; HttpOnly; SameSite=Strict"


def read_form(request: Request) -> dict[str, str]:
    """The fields of a posted form; raises Refused for what is no form of ours."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Refused(415, f"{FORM} bekleniyor")
    if len(request.body) > FORM_LIMIT:
        raise Refused(413, f"Bir form en fazla {FORM_LIMIT} bayt olabilir")
    try:
        found = parse_qs(request.body.decode("ascii"), errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:  # not ASCII, not UTF-8 behind the percent signs, too many fields
        raise Refused(400, "Form okunamadı") from error
    return {name: values[-1].strip() for name, values in found.items()}


def require_token(session: Session, form: dict[str, str]) -> None:
    """The form came from a page that this session was shown."""
    if not compare_digest(form.get("belirtec", "").encode(), session.token.encode()):
        raise Refused(403, "Form bu oturuma ait değil; sayfayı yeniden açıp bir daha deneyiniz")
