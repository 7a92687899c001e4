"""Makes the public test PKI of ``certs/README.md`` by a call: a root and signers for invented professionals.

For tests, demos and trial runs only. The names and numbers belong to nobody; a real trust store never holds
this root.
"""

from __future__ import annotations

import datetime
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import (
    serialize_key_and_certificates,
)
from cryptography.x509.oid import NameOID

from integrator.protect.files import write_secret

KeyKind = Literal["rsa-2048", "rsa-3072", "rsa-4096", "p-256", "p-384"]
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Issued:
    """A key with its certificate."""

    key: PrivateKey
    certificate: x509.Certificate

    def as_pkcs12(self, pin: str) -> bytes:
        """PKCS#12, encrypted with `pin`."""
        encryption = BestAvailableEncryption(pin.encode())
        return serialize_key_and_certificates(b"ibys test", self.key, self.certificate, None, encryption)

    def as_pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.public_bytes(Encoding.PEM)


def make_root(*, now: datetime.datetime) -> Issued:
    """A self-signed test root, valid for ten years."""
    key = make_key("p-256")
    name = _name("İBYS TEST KÖK SERTİFİKASI (GERÇEK DEĞİL)")
    builder = _builder(name, name, key, now, now + datetime.timedelta(days=3650))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
    builder = builder.add_extension(_usage(certificates=True), critical=True)
    return Issued(key, builder.sign(key, hashes.SHA256()))


def issue_signer(
    root: Issued,
    owner: str,
    *,
    now: datetime.datetime,
    key: KeyKind = "rsa-2048",
    valid: tuple[int, int] = (-1, 365),
    non_repudiation: bool = True,
) -> Issued:
    """A signer whose subject carries `owner` as serialNumber. `valid` is in days from `now`."""
    private = make_key(key)
    start, end = (now + datetime.timedelta(days=days) for days in valid)
    builder = _builder(_name("DENEME KİŞİSİ", owner), root.certificate.subject, private, start, end)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(non_repudiation=non_repudiation), critical=True)
    return Issued(private, builder.sign(root.key, hashes.SHA256()))


def make_key(kind: KeyKind) -> PrivateKey:
    """A fresh private key."""
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind.partition("-")[2]))
    return ec.generate_private_key(ec.SECP256R1() if kind == "p-256" else ec.SECP384R1())


def write_test_pki(folder: Path, owners: list[str], *, now: datetime.datetime, key: KeyKind = "rsa-2048") -> None:
    """``trust/root.pem`` and, for each owner, ``signers/signer-N.p12`` with its ``.pin`` file."""
    root = make_root(now=now)
    (folder / "trust").mkdir(parents=True, exist_ok=True)
    (folder / "trust" / "root.pem").write_bytes(root.as_pem())
    for number, owner in enumerate(owners, 1):
        pin = secrets.token_hex(6)
        issued = issue_signer(root, owner, now=now, key=key)
        write_secret(folder / "signers" / f"signer-{number}.p12", issued.as_pkcs12(pin))
        write_secret(folder / "signers" / f"signer-{number}.pin", pin.encode())


def _name(common: str, owner: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COUNTRY_NAME, "TR"), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    if owner:
        parts.insert(1, x509.NameAttribute(NameOID.SERIAL_NUMBER, owner))
    return x509.Name(parts)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, start: datetime.datetime, end: datetime.datetime
) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start.replace(microsecond=0))
        .not_valid_after(end.replace(microsecond=0))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, certificates: bool = False, non_repudiation: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=non_repudiation,
        key_cert_sign=certificates,
        crl_sign=certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
