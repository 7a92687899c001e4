"""Asks whether a certificate was revoked: OCSP first, then the CRL; what counts as an answer stands in ``answers.py``.

What was believed is kept until its nextUpdate and handed out as bytes, so that the caller can keep it as evidence.
Responses on file serve a gateway without network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from integrator.domain.errors import Misconfigured
from integrator.sign.answers import (
    CRL_CAP,
    OCSP_CAP,
    SKEW,
    UNREADABLE,
    Disbelieved,
    Standing,
    Status,
    Subject,
    find_in_crl,
    open_crl,
    read_ocsp,
)
from integrator.sign.certificates import Facts
from integrator.sign.fetch import Fetch, NotFetched, Question

ASK_AGAIN = timedelta(minutes=1)  # after nobody answered
MAX_ADDRESSES = 3
MAX_KEPT = 10_000
MAX_LISTS = 16
_SHA256 = hashes.SHA256()


class Revocation:
    """Knows or learns who was revoked.

    `fetch` asks the network; without it only the `ocsp` responses and `crls` on file speak. Those are believed until
    their nextUpdate, and when `max_age` is given, up to that age even after it.
    """

    def __init__(
        self,
        *,
        fetch: Fetch | None = None,
        ocsp: Iterable[bytes] = (),
        crls: Iterable[bytes] = (),
        max_age: timedelta = timedelta(0),
    ) -> None:
        self._fetch = fetch
        self._ocsp = tuple(ocsp)
        self._crls = tuple(crls)
        self._max_age = max_age
        self._kept: dict[tuple[x509.Certificate, x509.Certificate], Status] = {}
        self._along: dict[bytes, tuple[list[x509.Certificate], list[Status]]] = {}  # the warm path: no hashing
        self._fetched_crls: dict[str, bytes] = {}
        self._open_crls: dict[tuple[bytes, bytes], x509.CertificateRevocationList] = {}

    def along(self, facts: Facts, path: list[x509.Certificate], now: datetime) -> list[Status]:
        """What is known about `facts` and every authority of `path` below its anchor, in this order."""
        kept = self._along.get(facts.digest)
        if kept is None or kept[0] is not path or not all(_is_current(each, now) for each in kept[1]):
            pairs = [(facts.certificate, path[0]), *pairwise(path)]
            kept = path, [self.status_of(certificate, issuer, now) for certificate, issuer in pairs]
            if len(self._along) >= MAX_KEPT:
                self._along.clear()
            self._along[facts.digest] = kept
        return kept[1]

    def status_of(self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> Status:
        """What is known about `certificate`, which `issuer` issued. Never raises: nobody's answer is UNKNOWN."""
        key = certificate, issuer
        kept = self._kept.get(key)
        if kept is None or not _is_current(kept, now):
            kept = self._learn(certificate, issuer, now)
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[key] = kept
        return kept

    def _learn(self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> Status:
        """The first answer that counts, in the order: OCSP on file, OCSP, CRL on file, CRL."""
        whys: list[str] = []
        doubtful = None
        for answer in self._answers(certificate, issuer, now):
            try:
                status = answer()
            except (Disbelieved, NotFetched) as why:
                whys.append(str(why))
                continue
            if status.standing is not Standing.UNKNOWN:
                return status
            doubtful = status
        if doubtful:
            return doubtful
        told = "; ".join(dict.fromkeys(whys)) or "nobody to ask"
        return Status(Standing.UNKNOWN, "", b"", None, now + ASK_AGAIN, told[:200])

    def _answers(
        self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
    ) -> Iterator[Callable[[], Status]]:
        of = Subject(certificate, issuer, now)
        for der in self._ocsp:
            yield partial(read_ocsp, der, of, self._max_age)
        for url in _ocsp_addresses(certificate) if self._fetch else []:
            yield partial(self._ask_responder, url, of)
        for der in self._crls:
            yield partial(self._look_up, der, of, self._max_age)
        for url in _crl_addresses(certificate) if self._fetch else []:
            yield partial(self._ask_list, url, of)

    def _ask_responder(self, url: str, of: Subject) -> Status:
        assert self._fetch is not None
        body = _ocsp_request(of)
        return read_ocsp(self._fetch(Question(url, body, "application/ocsp-request", OCSP_CAP)), of)

    def _ask_list(self, url: str, of: Subject) -> Status:
        """The list at `url`: the one fetched before while it is current, for it serves every certificate."""
        assert self._fetch is not None
        der = self._fetched_crls.get(url)
        if der is not None:
            try:
                return self._look_up(der, of)
            except Disbelieved:  # out of date: a newer one is asked for
                del self._fetched_crls[url]
        der = self._fetch(Question(url, cap=CRL_CAP))
        status = self._look_up(der, of)
        if len(self._fetched_crls) < MAX_LISTS:
            self._fetched_crls[url] = der
        return status

    def _look_up(self, der: bytes, of: Subject, max_age: timedelta = timedelta(0)) -> Status:
        key = sha256(der).digest(), of.issuer.fingerprint(_SHA256)
        crl = self._open_crls.get(key)
        if crl is None:
            crl = open_crl(der, of.issuer)
            if len(self._open_crls) >= MAX_LISTS:
                self._open_crls.clear()
            self._open_crls[key] = crl
        return find_in_crl(crl, der, of, max_age)


def read_revocation(folder: Path | None, *, fetch: Fetch | None, max_age: timedelta) -> Revocation:
    """With the answers on file in `folder`, ``*.ocsp`` and ``*.crl``; raises Misconfigured when one cannot be read."""
    try:
        ocsp_files = [path.read_bytes() for path in sorted(folder.glob("*.ocsp"))] if folder else []
        crl_files = [path.read_bytes() for path in sorted(folder.glob("*.crl"))] if folder else []
    except OSError as error:
        raise Misconfigured(f"{error.filename}: cannot be read ({error.strerror})") from error
    return Revocation(fetch=fetch, ocsp=ocsp_files, crls=crl_files, max_age=max_age)


def _is_current(status: Status, now: datetime) -> bool:
    """Whether a kept answer may be given at `now`. A clock that went back asks anew."""
    return now <= status.until and (status.this_update is None or status.this_update <= now + SKEW)


def _ocsp_request(of: Subject) -> bytes:
    """For one certificate, named with SHA-1, which every responder knows (RFC 6960 B.1); it protects nothing."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(of.certificate, of.issuer, hashes.SHA1())  # noqa: S303
    return builder.build().public_bytes(Encoding.DER)


def _ocsp_addresses(certificate: x509.Certificate) -> list[str]:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, *UNREADABLE):
        return []
    named = [each.access_location.value for each in access if each.access_method == AuthorityInformationAccessOID.OCSP]
    return [str(each) for each in named][:MAX_ADDRESSES]


def _crl_addresses(certificate: x509.Certificate) -> list[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, *UNREADABLE):
        return []
    names = [name for point in points if point.crl_issuer is None for name in point.full_name or ()]
    return [str(each.value) for each in names if isinstance(each, x509.UniformResourceIdentifier)][:MAX_ADDRESSES]
