"""The test PKI of domain.md 4.3 (STB-4.3), made by a call with certomancer: authorities that answer, and the signers.

Certificates carry the addresses of this very process: OCSP, CRL and TSA answer on 127.0.0.1, or by direct call. The
authorities' clock is `now`. Nothing here is kept as a file, and no number belongs to anybody.
"""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from asn1crypto import core, ocsp, tsp
from certomancer.registry import ArchLabel, CertLabel, CertomancerConfig, ServiceLabel, ServiceRegistry
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509 import ObjectIdentifier as Oid

from integrator.sign import structures as cms
from integrator.sign.cades import CadesSigner, encode_time, hashed_attributes
from integrator.sign.certificates import TrustStore, der_of, read_certificate
from integrator.sign.fetch import NotFetched, Question
from integrator.sign.keys import Pkcs12Signer
from integrator.sign.trial_pki import Issued, make_key
from tests.factories import FOREIGNER, PROFESSIONAL, tckn

COMPLIANCE, SSCD = "0.4.0.1862.1.1", "0.4.0.1862.1.4"
BTK_1, BTK_2 = "2.16.792.1.61.0.1.5070.1.1", "2.16.792.1.61.0.1.5070.2.1"
CORPORATE, QUALIFIED = "2.16.792.1.61.0.1.5070.1.3", "2.16.792.1.61.0.1.5070.2.2"
MALI_MUHUR_POLICY, MALI_MUHUR_PURPOSE = "2.16.792.1.2.1.1.5.7.4.1", "2.16.792.1.2.1.1.5.7.50.1"
PERSON = (COMPLIANCE, SSCD, BTK_1)
TSA_POLICY = "1.3.6.1.4.1.4146.2.3"  # certomancer's own
SOMEBODY_ELSE = tckn(812_345_679)


@dataclass(frozen=True)
class Kind:
    """One signer: how its certificate differs from a good one, and the code of the verdict that must refuse it."""

    name: str
    refused_by: str | None = None
    code: str = ""
    owner: str = PROFESSIONAL
    key: str = "rsa"
    days: tuple[int, int] = (-30, 335)
    statements: tuple[str, ...] = PERSON
    usage: tuple[str, ...] = ("digital_signature", "non_repudiation")
    policy: str = "2.16.792.3.0.99.1.1.1"
    purposes: tuple[str, ...] = ()
    revoked_days_ago: int | None = None
    digest: str = "sha256"
    issuer: str = "ca"


KINDS = (
    Kind("good"),
    Kind("p-256", key="p-256"),
    Kind("foreigner", owner=FOREIGNER),
    Kind("expired", "certificate_dates", "INT-SGN-109", days=(-400, -1)),
    Kind("not-yet-valid", "certificate_dates", "INT-SGN-129", days=(1, 300)),
    Kind("revoked", "revocation", "INT-SGN-111", revoked_days_ago=2),
    Kind("wrong-person", "professional", "INT-SGN-113", owner=SOMEBODY_ELSE),
    Kind("no-non-repudiation", "key_usage", "INT-SGN-112", usage=("digital_signature",)),
    Kind("corporate-seal", "qualified", "INT-SGN-144", statements=(COMPLIANCE, BTK_1, CORPORATE)),
    Kind("qualified-seal", "qualified", "INT-SGN-154", statements=(COMPLIANCE, BTK_2, QUALIFIED)),
    Kind("mali-muhur", "qualified", "INT-SGN-164", policy=MALI_MUHUR_POLICY, purposes=(MALI_MUHUR_PURPOSE,)),
    Kind("no-btk-statement", "qualified", "INT-SGN-134", statements=(COMPLIANCE, SSCD)),
    Kind("sha-1", "algorithms", "INT-SGN-124", digest="sha1"),
    Kind("not-qualified", "qualified", "INT-SGN-114", statements=(BTK_1,)),
    Kind("another-root", "trust", "INT-SGN-110", issuer="other"),
    Kind("rsa-1024", "algorithms", "INT-SGN-104", key="rsa-1024"),
)
KEYS = ("root", "other", "ca", "ocsp", "tsa", "p-256", "rsa", "rsa-1024")
BY_NAME = {each.name: each for each in KINDS}


@dataclass
class Authorities:
    """The PKI, alive: its certificates and keys by label, and its services' answers as of `now`."""

    folder: Path
    now: datetime
    port: int
    asked: list[str] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)

    def __post_init__(self):
        for name in KEYS:
            key = make_key({"rsa": "rsa-2048", "rsa-1024": "rsa-1024"}.get(name, "p-256"))
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            (self.folder / f"{name}.pem").write_bytes(pem)
        config = CertomancerConfig(_config(self.now, self.port), key_search_dir=str(self.folder))
        self.arch = config.get_pki_arch(ArchLabel("test"))
        self.services: ServiceRegistry = self.arch.service_registry

    def certificate(self, label: str) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.arch.get_cert(CertLabel(label)).dump())

    def issued(self, name: str) -> Issued:
        return Issued(
            load_pem_private_key((self.folder / f"{BY_NAME[name].key}.pem").read_bytes(), None), self.certificate(name)
        )

    def signer(self, name: str) -> CadesSigner:
        issued = self.issued(name)
        return CadesSigner(Pkcs12Signer(issued.key, read_certificate(der_of(issued.certificate))))

    def sign(self, name: str, content: bytes, *, at: datetime | None = None) -> bytes:
        at = at or self.now
        if BY_NAME[name].digest == "sha1":
            return _signed_with_sha1(self.issued(name), content, at)
        return self.signer(name).sign(content, at=at)

    @property
    def trust(self) -> TrustStore:
        return TrustStore([self.certificate("root"), self.certificate("ca")])

    def fetch(self, question: Question) -> bytes:
        """A Fetch by direct call."""
        path = urlsplit(question.url).path
        self.asked.append(path)
        if any(f"/{each}" in path for each in self.silent):
            raise NotFetched("nobody answers")
        return self.answer(path, question.body)

    def answer(self, path: str, body: bytes | None) -> bytes:
        """What the service at `path` says; KeyError for another path."""
        _, _, service, label, *_ = path.split("/")
        return {"ocsp": self.ocsp, "crls": self.crl, "tsa": self.stamp}[service](label, body)

    def ocsp(self, label: str, body: bytes | None) -> bytes:
        responder = self.services.summon_responder(ServiceLabel(label), at_time=self.now)
        return responder.build_ocsp_response(ocsp.OCSPRequest.load(body)).dump()

    def crl(self, label: str = "ca", body: bytes | None = None) -> bytes:
        return self.services.get_crl(ServiceLabel(label), at_time=self.now).dump()

    def stamp(self, label: str, body: bytes | None) -> bytes:
        stamper = self.services.summon_timestamper(ServiceLabel(label), at_time=self.now)
        return stamper.request_tsa_response(tsp.TimeStampReq.load(body)).dump()


@contextmanager
def serve(folder: Path, now: datetime):
    """The PKI with its services on 127.0.0.1, for as long as the block runs."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.authorities = Authorities(folder, now, server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server.authorities
        finally:
            server.shutdown()
            thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    timeout = 5
    wbufsize = -1

    def do_GET(self):
        self._answer(None)

    def do_POST(self):
        self._answer(self.rfile.read(min(int(self.headers.get("Content-Length", 0)), 65_536)))

    def _answer(self, body):
        try:
            status, said = 200, self.server.authorities.answer(self.path, body)
        except (KeyError, ValueError):
            status, said = 404, b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


def _config(now: datetime, port: int):
    return {
        "external-url-prefix": f"http://127.0.0.1:{port}",
        "keysets": {"test": {"keys": {n: {"path": f"{n}.pem"} for n in KEYS}}},
        "pki-architectures": {
            "test": {
                "keyset": "test",
                "entities": {
                    "root": {"country-name": "TR", "common-name": "İBYS DENEME KÖK (GERÇEK DEĞİL)"},
                    "other": {"country-name": "TR", "common-name": "BAŞKA BİR KÖK"},
                    "ca": {"country-name": "TR", "common-name": "İBYS DENEME ARA (GERÇEK DEĞİL)"},
                    "ocsp": {"country-name": "TR", "common-name": "İBYS DENEME OCSP"},
                    "tsa": {"country-name": "TR", "common-name": "İBYS DENEME ZAMAN DAMGASI"},
                    **{each.name: _entity(each) for each in KINDS},
                },
                "certs": _certificates(now),
                "services": _services(),
            }
        },
    }


def _entity(kind: Kind):
    return {"country-name": "TR", "serial-number": kind.owner, "common-name": f"DENEME {kind.name.upper()}"}


def _services():
    return {
        "ocsp": {"ca": {"for-issuer": "ca", "responder-cert": "ocsp", "signing-key": "ocsp"}},
        "crl-repo": {
            "ca": {"for-issuer": "ca", "signing-key": "ca", "simulated-update-schedule": "P1D"},
            "root": {"for-issuer": "root", "signing-key": "root", "simulated-update-schedule": "P1D"},
        },
        "time-stamping": {"tsa": {"signing-key": "tsa", "signing-cert": "tsa"}},
    }


def _certificates(now: datetime):
    authority = {"validity": _span(now, -1000, 2000), "issuer": "root", "authority-key": "root"}
    service = {"validity": _span(now, -100, 300), "issuer": "ca", "authority-key": "ca"}
    stamping = {"id": "extended_key_usage", "critical": True, "value": ["time_stamping"]}
    return {
        "root": {**authority, "profiles": [{"id": "simple-ca", "params": {"crl-repo": "root"}}]},
        "other": {
            "validity": _span(now, -1000, 2000),
            "issuer": "other",
            "authority-key": "other",
            "profiles": ["simple-ca"],
        },
        "ca": {
            **authority,
            "profiles": [{"id": "simple-ca", "params": {"crl-repo": "ca", "ocsp-service": "ca", "max-path-len": 0}}],
        },
        "ocsp": {**service, "profiles": ["ocsp-responder"]},
        "tsa": {**service, "extensions": [stamping, _usage(("digital_signature",))]},
        **{each.name: _signer(each, now) for each in KINDS},
    }


def _signer(kind: Kind, now: datetime):
    qc = {
        "id": "1.3.6.1.5.5.7.1.3",
        "smart-value": {"schema": "der-bytes", "params": statements(kind.statements).hex()},
    }
    policies = {"id": "certificate_policies", "value": [{"policy_identifier": kind.policy}]}
    purposes = [{"id": "extended_key_usage", "value": list(kind.purposes)}] if kind.purposes else []
    certificate = {
        "issuer": kind.issuer,
        "authority-key": kind.issuer,
        "subject-key": kind.key,
        "validity": _span(now, *kind.days),
        "extensions": [_usage(kind.usage), policies, qc, *purposes],
    }
    if kind.revoked_days_ago is not None:
        since = now - timedelta(days=kind.revoked_days_ago)
        certificate["revocation"] = {"revoked-since": since.isoformat(), "reason": "key_compromise"}
    return certificate


def _usage(bits):
    return {"id": "key_usage", "critical": True, "smart-value": {"schema": "key-usage", "params": list(bits)}}


def _span(now: datetime, start: int, end: int):
    first, last = (now + timedelta(days=days) for days in (start, end))
    return {"valid-from": first.isoformat(), "valid-to": last.isoformat()}


def statements(oids) -> bytes:
    """QCStatements with these ids, BTK's with a text beside it as in the real sample class (domain.md 4.4)."""
    inner = b""
    for oid in oids:
        text = core.UTF8String("Bu sertifika nitelikli değildir; denemedir.").dump() if "5070" in oid else b""
        inner += _tlv(0x30, core.ObjectIdentifier(oid).dump() + text)
    return _tlv(0x30, inner)


def _tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    head = bytes([length]) if length < 128 else bytes([0x82]) + length.to_bytes(2, "big")
    return bytes([tag]) + head + content


def _signed_with_sha1(issued: Issued, content: bytes, at: datetime) -> bytes:
    """What an old program makes: SHA-1 all through."""
    facts = read_certificate(der_of(issued.certificate))
    sha1 = cms.AlgorithmIdentifier(algorithm=Oid("1.3.14.3.2.26"), parameters=asn1.Null())
    named = cms.EssCertIdV2(cert_hash=facts.digest)
    listed = [
        _attribute(cms.CONTENT_TYPE, asn1.encode_der(cms.ID_DATA)),
        _attribute(cms.SIGNING_TIME, encode_time(at)),
        _attribute(cms.MESSAGE_DIGEST, asn1.encode_der(hashlib.sha1(content).digest())),
        _attribute(cms.SIGNING_CERTIFICATE_V2, asn1.encode_der(cms.SigningCertificateV2(certs=[named]))),
    ]
    info = cms.SignerInfo(
        version=1,
        sid=cms.IssuerAndSerialNumber(issuer=cms.tlv(facts.issuer), serial_number=facts.certificate.serial_number),
        digest_algorithm=sha1,
        signed_attrs=asn1.SetOf(listed),
        signature_algorithm=cms.AlgorithmIdentifier(algorithm=Oid("1.2.840.113549.1.1.5"), parameters=asn1.Null()),
        signature=issued.key.sign(hashed_attributes(listed), PKCS1v15(), hashes.SHA1()),
    )
    signed_data = cms.SignedData(
        version=1,
        digest_algorithms=asn1.SetOf([sha1]),
        encap_content_info=cms.EncapsulatedContentInfo(content_type=cms.ID_DATA),
        certificates=asn1.SetOf([cms.tlv(facts.der)]),
        signer_infos=asn1.SetOf([info]),
    )
    return asn1.encode_der(cms.ContentInfo(content_type=cms.ID_SIGNED_DATA, content=signed_data))


def _attribute(oid: Oid, value: bytes) -> cms.Attribute:
    return cms.Attribute(attr_type=oid, attr_values=asn1.SetOf([cms.tlv(value)]))
