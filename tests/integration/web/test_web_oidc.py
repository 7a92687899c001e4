"""A provider of our own on the loopback: it does what RFC 6749, RFC 7636 and OpenID Connect say, or lies on demand."""

import base64
import hmac
import json
import shutil
import threading
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from integrator.domain.errors import Misconfigured
from integrator.domain.roles import Role
from integrator.people import making
from integrator.people.house import House
from integrator.people.providers import Provider, read_providers
from integrator.store.engine import reading, sqlite_url
from integrator.store.tables import audit_entry
from integrator.web.strangers import Strangers
from tests.integration.web.people import Someone

CLIENT, SECRET, SUB = "ibys", "of-the-client", "7f3a"
BACK = "http://127.0.0.1/v1/oturum/oidc/corporate/back"


KEY, STRANGER = RSAKey.generate_key(2048, {"kid": "k1"}), RSAKey.generate_key(2048, {"kid": "k1"})


def _part(value):
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


class FakeProvider:
    """Remembers its codes; `claims` go over those it would tell, `lie` names what it does wrong."""

    def __init__(self, clock):
        self.clock, self.codes, self.claims, self.lie, self.asked = clock, {}, {}, "", []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}/realm"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def consent(self, address, email):
        """What a browser does there: (code, state) for whoever logged in as `email`."""
        told = {name: value[0] for name, value in parse_qs(urlsplit(address).query).items()}
        assert (told["client_id"], told["redirect_uri"], told["code_challenge_method"]) == (CLIENT, BACK, "S256")
        code = f"code-{len(self.codes)}"
        self.codes[code] = (told, email)
        return code, told["state"]

    def answer(self, path, form, authorization):
        self.asked.append(path)
        if path.endswith("openid-configuration"):
            issuer = self.issuer + ("x" if self.lie == "issuer" else "")
            token = "http://198.51.100.7/token" if self.lie == "plain" else f"{self.issuer}/token"
            return 200, {
                "issuer": issuer, "authorization_endpoint": f"{self.issuer}/login", "token_endpoint": token,
                "jwks_uri": f"{self.issuer}/keys",
            }  # fmt: skip
        if path.endswith("/keys"):
            return 200, {"keys": [KEY.as_dict(private=False)]}
        return self._redeem(form, authorization)

    def _redeem(self, form, authorization):
        told, email = self.codes.pop(form["code"], (None, None))
        wanted = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        challenge = _part(sha256(form["code_verifier"].encode()).digest())
        if told is None or authorization != wanted or told["code_challenge"] != challenge or self.lie == "refuses":
            return 400, {"error": "invalid_grant"}
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "sub": SUB, "iat": now, "exp": now + 300, "nonce": told["nonce"],
            "email": email, "email_verified": True, **self.claims,
        }  # fmt: skip
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": self._signed(claims)}

    def _signed(self, claims):
        if self.lie in ("none", "shared"):
            head = {"alg": "none" if self.lie == "none" else "HS256"}
            text = ".".join(_part(json.dumps(each).encode()) for each in (head, claims))
            mac = hmac.digest(KEY.as_pem(private=False), text.encode(), "sha256") if self.lie == "shared" else b""
            return f"{text}.{_part(mac)}"
        key = STRANGER if self.lie == "stranger" else KEY
        return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, key)

    def _handler(self):
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self._send({})

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._send({name: value[0] for name, value in parse_qs(body).items()})

            def _send(self, form):
                status, told = provider.answer(urlsplit(self.path).path, form, self.headers.get("Authorization"))
                body = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler


@pytest.fixture
def database_url(migrated_file, tmp_path):
    """SQLite only: nothing here hangs on the database."""
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


@pytest.fixture
def provider(clock):
    made = FakeProvider(clock)
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def settings_of(app, house, provider):
    """Lets the gateway know the provider; facts may be others."""

    def know(**facts):
        known = Provider("corporate", provider.issuer, CLIENT, BACK, **{"client_secret": SECRET, **facts})
        app.state.house = House(house.gateway, replace(house.rules, providers={"corporate": known}))
        return app.state.house

    know()
    return know


@pytest.fixture
def knocks(door, house, provider, settings_of):
    """Goes the whole way as whoever logs in at the provider as `email`; returns the person and the last answer."""

    def knock(email, someone=None, **changes):
        someone = someone or Someone(door, house, email)
        begun = someone.call("POST", "/oturum/oidc/corporate")
        code, state = provider.consent(begun.json()["address"], email)
        told = {"code": code, "state": state, **changes}
        return someone, someone.call("GET", "/oturum/oidc/corporate/back", params=told)

    return knock


def linked(gateway):
    with reading(gateway.database) as tx:
        rows = tx.execute(audit_entry.select()).all()
    return sum(b'"person.linked"' in row.leaf for row in rows)


def test_a_known_person_comes_in_by_the_provider_and_shows_our_second_step(person, knocks, gateway):
    someone = person(Role.AUDITOR)
    gateway.clock.advance(seconds=60)
    visitor, answer = knocks(someone.login)
    visitor.secret = someone.secret
    opened = visitor.call("POST", "/oturum/second-step", json={"code": visitor.code()})

    assert (answer.status_code, answer.json()["level"], opened.json()["level"]) == (201, "password", "open")
    assert visitor.call("GET", "/oturum").json()["role"] == "auditor"
    assert linked(gateway) == 1


def test_visits_from_one_address_are_bound_and_cost_the_provider_nothing_past_it(
    app, door, settings_of, provider, clock
):
    app.state.visitors = Strangers(clock, per_minute=2)
    visits = [door.post("/v1/oturum/oidc/corporate"), door.get("/v1/oturum/oidc/corporate/back")]
    asked = list(provider.asked)
    visits += [door.post("/v1/oturum/oidc/corporate"), door.get("/v1/oturum/oidc/corporate/back")]
    clock.advance(seconds=int(visits[2].headers["retry-after"]))

    assert [each.status_code for each in visits] == [201, 401, 429, 429]
    assert visits[2].json()["code"] == "INT-API-030"
    assert provider.asked == asked
    assert door.post("/v1/oturum/oidc/corporate").status_code == 201


def test_somebody_new_takes_a_second_step_first(house, knocks):
    making.make_person(house, "osgb-1", Role.MANAGER, "new@b.test", by="test")
    visitor, answer = knocks("new@b.test")

    assert answer.json()["level"] == "enrol"
    assert visitor.call("GET", "/line").status_code == 403


def test_the_providers_own_second_factor_counts_where_the_operator_says_so(person, knocks, provider, settings_of):
    someone = person(Role.MANAGER)
    provider.claims = {"amr": ["pwd", "otp"]}
    assert knocks(someone.login)[1].json()["level"] == "password"
    settings_of(second_step=True)
    assert knocks(someone.login)[1].json()["level"] == "open"
    provider.claims = {"amr": ["pwd"]}
    assert knocks(someone.login)[1].json()["level"] == "password"


def test_the_role_and_the_customer_are_ours_whatever_the_token_says(person, knocks, provider, settings_of):
    settings_of(second_step=True)
    provider.claims = {
        "amr": ["mfa"],
        "role": "operator",
        "roles": ["operator"],
        "kurum": "osgb-2",
        "groups": ["admin"],
    }
    visitor, _ = knocks(person(Role.MANAGER).login)
    me = visitor.call("GET", "/oturum").json()

    assert (me["role"], me["kurum"]) == ("manager", "osgb-1")


def test_after_the_first_time_the_link_counts_and_not_the_address(person, knocks, provider):
    first, second = person(Role.MANAGER), person(Role.AUDITOR)
    knocks(first.login)
    visitor, _ = knocks(second.login)  # the same person there, under another address by now
    provider.claims = {"sub": "another"}
    _, taken_over = knocks(first.login)

    assert visitor.call("GET", "/oturum").json()["login"] == first.login
    assert taken_over.status_code == 401


UNFIT = [
    {"email": "nobody@b.test"}, {"email_verified": False}, {"email_verified": "true"}, {"email": None},
    {"email": "no address"}, {"iss": "https://other.test"}, {"aud": "other"}, {"aud": ["other"]}, {"exp": 1},
    {"nonce": "other"}, {"nonce": None}, {"azp": "other"}, {"iat": None}, {"sub": None},
    {"nbf": 4102444800}, {"amr": "otp"},
]  # fmt: skip


def test_a_token_that_does_not_fit_lets_nobody_in(person, knocks, provider):
    someone = person(Role.MANAGER)
    let_in = []
    for claims in UNFIT:
        provider.claims = claims
        _, answer = knocks(someone.login)
        if (answer.status_code, answer.json().get("code")) != (401, "INT-PPL-001"):
            let_in.append((claims, answer.status_code))

    assert let_in == []


def test_a_signature_or_a_code_that_is_not_the_providers_lets_nobody_in(person, knocks, provider):
    someone = person(Role.MANAGER)
    statuses = []
    for provider.lie in ("none", "shared", "stranger", "refuses"):
        statuses.append(knocks(someone.login)[1].status_code)

    assert statuses == [401] * 4


@pytest.mark.parametrize("lie", ["issuer", "plain"])
def test_a_provider_that_is_another_or_leads_over_open_lines_is_not_asked(door, provider, settings_of, lie):
    provider.lie = lie

    assert door.post("/v1/oturum/oidc/corporate").status_code == 500
    assert provider.asked == ["/realm/.well-known/openid-configuration"]


def test_a_visit_fits_its_state_its_browser_and_its_time_and_is_used_once(
    person, knocks, door, house, gateway, provider
):
    someone = person(Role.MANAGER)
    refused = [knocks(someone.login, state="x")[1], knocks(someone.login, code="x")[1]]
    stranger = Someone(door, house, someone.login)
    begun = stranger.call("POST", "/oturum/oidc/corporate").json()["address"]
    code, state = provider.consent(begun, someone.login)
    back = {"params": {"code": code, "state": state}}
    refused += [Someone(door, house, "x").call("GET", "/oturum/oidc/corporate/back", **back)]
    gateway.clock.advance(minutes=10)
    refused += [stranger.call("GET", "/oturum/oidc/corporate/back", **back)]
    visitor, good = knocks(someone.login)

    assert [each.status_code for each in refused] == [401] * 4
    assert (good.status_code, visitor.cookies["__Host-ibys-visit"]) == (201, "")


def test_a_provider_of_one_customer_lets_in_no_other_customers_people(person, knocks, settings_of):
    someone, staff = person(Role.MANAGER), person(Role.OPERATOR)
    settings_of(kurum="osgb-2")

    assert [knocks(each.login)[1].status_code for each in (someone, staff)] == [401, 401]


def test_a_locked_person_stays_out_and_a_reset_undoes_the_link(person, knocks, house, gateway):
    someone = person(Role.MANAGER)
    knocks(someone.login)
    making.lock_person(house, someone.login, reason="test", by="test")
    assert knocks(someone.login)[1].status_code == 401
    making.unlock_person(house, someone.login, reason="test", by="test")
    making.reset_person(house, someone.login, reason="test", by="test")
    assert knocks(someone.login)[1].json()["level"] == "enrol"
    assert linked(gateway) == 2


def test_a_provider_that_is_away_is_a_503_and_an_unknown_one_a_404(door, provider, settings_of):
    provider.server.shutdown()
    provider.server.server_close()

    assert door.post("/v1/oturum/oidc/corporate").status_code == 503
    assert door.post("/v1/oturum/oidc/other").status_code == 404
    assert door.get("/v1/oturum/oidc").json() == {"providers": ["corporate"]}


def test_another_sites_page_begins_no_visit(door, settings_of):
    answer = door.post("/v1/oturum/oidc/corporate", headers={"Origin": "https://evil.test"})

    assert (answer.status_code, answer.json()["code"]) == (403, "INT-PPL-004")


GOOD = """
[corporate]
issuer = "https://id.test/realm/"
client_id = "ibys"
client_secret_file = "secret"
redirect_uri = "https://gw.test/v1/oturum/oidc/corporate/back"
kurum = "osgb-1"
"""


def test_providers_are_read_from_a_file_and_the_secret_from_another(tmp_path):
    (tmp_path / "oidc.toml").write_text(GOOD)
    (tmp_path / "secret").write_text("s3cret\n")
    [found] = read_providers(tmp_path / "oidc.toml", tmp_path).values()

    assert (found.issuer, found.client_secret, found.kurum) == ("https://id.test/realm", "s3cret", "osgb-1")
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "[[", "corporate = 1", "[Big Name]", "[a]", GOOD + "more = 1", GOOD.replace('"ibys"', "1"),
        GOOD.replace("https://id", "http://id"), GOOD.replace("https://gw", "http://gw"),
        GOOD.replace('"secret"', '"none"'), GOOD.replace("https://id.test", "https://id.test:99999"),
        GOOD.replace("https://id", "https://a:b@id"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_is_told_before_anybody_is_asked(tmp_path, text):
    (tmp_path / "oidc.toml").write_text(text)
    (tmp_path / "secret").write_text("s3cret")

    with pytest.raises(Misconfigured):
        read_providers(tmp_path / "oidc.toml", tmp_path)
