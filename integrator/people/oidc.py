"""Coming in by a provider of OpenID Connect: authorization code with PKCE (RFC 7636). The one door of Authlib.

1. A visit is begun: state, nonce and verifier go into a sealed cookie, the browser to the provider.
2. It comes back with a code; state and cookie must fit.
3. The code is redeemed, the ID token judged: signature by a key of the provider's, issuer, audience, times, nonce.
4. Whoever it speaks of must be known here: by the link of an earlier visit, or the first time by a verified e-mail
   address. Role and customer are what our table says; nothing of the token decides them.
5. The second step is ours, unless the operator says that this provider's own counts.
What the provider is asked for stands in its discovery document; no host is written here.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from integrator.domain.errors import IntegratorError, Malformed, Misconfigured, NotAdmitted, NotKnown, Unavailable
from integrator.parties import people as rows
from integrator.parties.people import Person
from integrator.people.entering import Caller, Entered, admit, first_session, refused
from integrator.people.house import House, login_of
from integrator.people.providers import Provider, is_safe
from integrator.sign.fetch import HttpFetcher, NotFetched, Question
from integrator.store.engine import Tx, reading, write_anew

PLACE = b"oidc/visit"
VISIT_LASTS = timedelta(minutes=10)
LEEWAY_SECONDS = 60
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"]
"""Signatures by a key pair only: no `none`, and no secret that both ends share."""

SECOND_FACTORS = frozenset({"mfa", "otp", "hwk", "swk", "sc", "fpt", "face", "tel", "sms"})  # RFC 8176
_CAP = 262_144
_SECONDS = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Visit:
    """What the browser carries, sealed, from step 1 to step 2."""

    provider: str
    state: str
    nonce: str
    verifier: str
    at: float


def begin_visit(house: House, name: str) -> tuple[str, str]:
    """Step 1: (the provider's address, the sealed visit). Raises NotKnown, Unavailable."""
    provider = _provider(house, name)
    metadata = _described(house, provider)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    visit = Visit(name, state, nonce, verifier, house.now().timestamp())
    asked = {
        "response_type": "code",
        "scope": "openid email",
        "client_id": provider.client_id,
        "redirect_uri": provider.redirect_uri,
        "state": visit.state,
        "nonce": visit.nonce,
        "code_challenge": create_s256_code_challenge(visit.verifier),
        "code_challenge_method": "S256",
    }
    address = metadata["authorization_endpoint"]
    sealed = house.own().seal(json.dumps(asdict(visit)).encode(), PLACE)
    joint = "&" if urlsplit(address).query else "?"
    return address + joint + urlencode(asked), base64.urlsafe_b64encode(sealed).decode()


def end_visit(house: House, name: str, *, code: str, state: str, visit: str, caller: Caller) -> Entered:
    """Steps 2 to 5. Raises NotAdmitted, NotKnown, Unavailable."""
    provider = _provider(house, name)
    found = _open(house, visit)
    if found is None or found.provider != name or not hmac.compare_digest(found.state.encode(), state.encode()):
        raise refused()
    try:
        claims = _redeem(house, provider, found, code)
        person = _known(house, provider, claims)
    except (NotAdmitted, JoseError, KeyError, TypeError, ValueError) as error:
        raise refused() from error
    told = claims.get("amr") or []
    if not (provider.second_step and SECOND_FACTORS & {each for each in told if isinstance(each, str)}):
        return first_session(house, person)

    def act(tx: Tx) -> Entered:
        current = house.open(rows.lock_row(tx, person.kullanici_no))
        if not current.may_enter(house.now()):
            raise refused()
        return admit(house, tx, current, caller, by=None)

    return write_anew(house.gateway.database, act)


def _provider(house: House, name: str) -> Provider:
    found = house.rules.providers.get(name)
    if found is None:
        raise NotKnown("no such provider")
    return found


def _open(house: House, visit: str) -> Visit | None:
    """The visit, when it is ours and not too old."""
    try:
        told = json.loads(house.own().open(base64.urlsafe_b64decode(visit.encode()), PLACE))
    except (IntegratorError, ValueError):
        return None
    found = Visit(**told)
    return found if house.now().timestamp() - found.at < VISIT_LASTS.total_seconds() else None


def _redeem(house: House, provider: Provider, visit: Visit, code: str) -> Mapping[str, Any]:
    """Step 3: the claims of the ID token. Raises NotAdmitted, Unavailable, and what joserfc raises."""
    metadata = _described(house, provider)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": provider.redirect_uri,
        "client_id": provider.client_id,
        "code_verifier": visit.verifier,
    }
    given = _ask(provider, metadata["token_endpoint"], form)
    keys = KeySet.import_key_set(_ask(provider, metadata["jwks_uri"]))  # type: ignore[arg-type]  # it checks the form
    token = jwt.decode(given["id_token"], keys, algorithms=ALGORITHMS)
    claims: Mapping[str, Any] = _judged(house, provider, visit, token, given)
    return claims


def _judged(house: House, provider: Provider, visit: Visit, token: jwt.Token, given: Mapping[str, Any]) -> CodeIDToken:
    claims = CodeIDToken(
        token.claims,
        token.header,
        {"iss": {"essential": True, "value": provider.issuer}, "aud": {"essential": True, "value": provider.client_id}},
        {"nonce": visit.nonce, "client_id": provider.client_id, "access_token": given.get("access_token")},
    )
    claims.validate(now=int(house.now().timestamp()), leeway=LEEWAY_SECONDS)
    return claims


def _known(house: House, provider: Provider, claims: Mapping[str, Any]) -> Person:
    """Step 4. Raises NotAdmitted."""
    index = house.own().blind_index("oidc", f"{provider.issuer} {claims['sub']}")
    with reading(house.gateway.database) as tx:
        row = rows.find_by_index(tx, oidc_index=index)
    person = house.open(row) if row else _by_address(house, claims)
    if person is None or (provider.kurum and person.kurum != provider.kurum) or not person.may_enter(house.now()):
        raise NotAdmitted("not known here")
    return person if row else _link(house, person, index)


def _by_address(house: House, claims: Mapping[str, Any]) -> Person | None:
    if claims.get("email_verified") is not True:
        return None
    try:
        index = house.index_of(login_of(str(claims.get("email", ""))))
    except Malformed:
        return None
    with reading(house.gateway.database) as tx:
        row = rows.find_by_index(tx, login_index=index)
    return house.open(row) if row else None


def _link(house: House, person: Person, index: str) -> Person:
    """From now on the provider's own number counts; an address may be given to somebody else one day."""

    def act(_tx: Tx, each: Person) -> Person:
        if each.oidc_index is not None:
            raise NotAdmitted("linked to another account of the provider")
        return replace(each, oidc_index=index)

    return house.change(person.kullanici_no, act, event="person.linked")


def _described(house: House, provider: Provider) -> Mapping[str, Any]:
    """The provider's own description, asked for once in ten minutes whoever knocks. Raises as `_discover` does."""
    return _discover(provider, int(house.now().timestamp() // VISIT_LASTS.total_seconds()))


@lru_cache(maxsize=64)
def _discover(provider: Provider, _while: int) -> Mapping[str, Any]:
    """Raises Misconfigured when it is another's, or sends us where others listen; Unavailable. No error is kept."""
    found = _ask(provider, f"{provider.issuer}/.well-known/openid-configuration")
    wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if str(found.get("issuer", "")).rstrip("/") != provider.issuer:
        raise Misconfigured(f"people.oidc_file [{provider.name}]: the provider calls itself by another issuer")
    if not all(is_safe(str(found.get(each, ""))) for each in wanted):
        raise Misconfigured(f"people.oidc_file [{provider.name}]: {', '.join(wanted)} must be https addresses")
    return {**found, "issuer": provider.issuer}


def _ask(provider: Provider, address: str, form: Mapping[str, str] | None = None) -> dict[str, Any]:
    """One exchange with the provider. Raises NotAdmitted when it refuses (4xx), Unavailable for any other trouble."""
    is_open = address.startswith("http:")  # the loopback of a trial
    context = None if is_open else ssl.create_default_context(cafile=provider.ca_file or None)
    fetch = HttpFetcher([urlsplit(address).netloc], timeout=_SECONDS, context=context)
    headers = {"Accept": "application/json"}
    if form is not None and provider.client_secret:
        both = f"{quote(provider.client_id, safe='')}:{quote(provider.client_secret, safe='')}"
        headers["Authorization"] = "Basic " + base64.b64encode(both.encode()).decode()
    body = urlencode(form).encode() if form is not None else None
    try:
        answer = fetch(Question(address, body, "application/x-www-form-urlencoded", _CAP, headers))
        found = json.loads(answer)
    except NotFetched as error:
        if 400 <= error.status < 500:
            raise NotAdmitted("the provider refused") from error
        raise Unavailable(f"people.oidc_file [{provider.name}]: {error}") from error
    except ValueError as error:
        raise Unavailable(f"people.oidc_file [{provider.name}]: the provider's answer is no JSON") from error
    if not isinstance(found, dict):
        raise Unavailable(f"people.oidc_file [{provider.name}]: the provider's answer is no JSON object")
    return found
