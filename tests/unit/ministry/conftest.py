"""A ministry in memory, and CMS containers by a DER writer of our own, so that every part can be spoiled."""

import base64
import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from integrator.ministry.bildirim import Dvo, read_bildirim
from integrator.ministry.fault_plan import FaultPlan
from integrator.ministry.ministry import Ministry
from integrator.ministry.signed_xml import render

FIRMA_KODU = "ABCDEF12345"
SGK = "29999010100001230069994000"
UZMAN, STRANGER = 80000000132, 81234567804
CALISAN, NOT_ON_ROSTER = 99000000110, 10000000146
PARTIES: dict[str, Any] = {
    "firmalar": [{"firma_kodu": FIRMA_KODU, "parola": "toy"}],
    "isyerleri": [{"sgk_tescil_no": SGK, "calisanlar": [str(CALISAN)]}],
    "profesyoneller": [{"tckn": str(UZMAN), "belge_tipi": 2}],
    "sozlesmeler": [{"profesyonel": str(UZMAN), "sgk_tescil_no": SGK, "durum": "Onaylandı", "baslangic": "2018-01-01"}],
    "egitim_kodlari": [{"kodu": kodu} for kodu in range(240, 260)],
}


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < 128:
        return bytes((tag, len(content))) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 128 | len(size))) + size + content


def oid(dotted: str) -> bytes:
    return tlv(6, _arcs(dotted))


def _arcs(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    octets = b""
    for arc in (first * 40 + second, *rest):
        chunk = [arc & 127]
        while arc := arc >> 7:
            chunk.insert(0, 128 | arc & 127)
        octets += bytes(chunk)
    return octets


SHA256 = tlv(0x30, oid("2.16.840.1.101.3.4.2.1"), b"\x05\x00")
RSA_SHA256 = tlv(0x30, oid("1.2.840.113549.1.1.11"), b"\x05\x00")
DATA = oid("1.2.840.113549.1.7.1")


@cache
def key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def certificate(number: int = UZMAN, bits: int = 2048) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.SERIAL_NUMBER, str(number))])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key(bits).public_key())
    builder = builder.serial_number(12345).not_valid_before(now - timedelta(days=1))
    return builder.not_valid_after(now + timedelta(days=1)).sign(key(bits), hashes.SHA256())


def attribute(dotted: str, value: bytes) -> bytes:
    return tlv(0x30, oid(dotted), tlv(0x31, value))


@dataclass
class Container:
    """A CAdES-BES to be: every part may be replaced before `octets` puts it together."""

    content: bytes
    number: int = UZMAN
    bits: int = 2048
    attached: bytes = b""
    digest_algorithm: bytes = SHA256
    signature_algorithm: bytes = RSA_SHA256
    left_out: str = ""
    cert_hash: bytes = b""
    signers: int = 1
    with_certificate: bool = True
    more: list[bytes] = field(default_factory=list)

    def octets(self) -> bytes:
        der = certificate(self.number, self.bits).public_bytes(serialization.Encoding.DER)
        certificates = [tlv(0xA0, der)] if self.with_certificate else []
        signer_info = self._signer_info(der)
        signed_data = tlv(
            0x30,
            tlv(2, b"\x01"),
            tlv(0x31, self.digest_algorithm),
            tlv(0x30, DATA, self.attached),
            *certificates,
            tlv(0x31, *[signer_info] * self.signers),
        )
        return tlv(0x30, oid("1.2.840.113549.1.7.2"), tlv(0xA0, signed_data))

    def imzali_deger(self) -> str:
        return base64.b64encode(self.octets()).decode()

    def _signer_info(self, der: bytes) -> bytes:
        issuer = certificate(self.number, self.bits).issuer.public_bytes()
        attributes = b"".join(sorted(self._attributes(der)))
        value = key(self.bits).sign(tlv(0x31, attributes), padding.PKCS1v15(), hashes.SHA256())
        return tlv(
            0x30,
            tlv(2, b"\x01"),
            tlv(0x30, issuer, tlv(2, (12345).to_bytes(2, "big"))),
            self.digest_algorithm,
            tlv(0xA0, attributes),
            self.signature_algorithm,
            tlv(4, value),
        )

    def _attributes(self, der: bytes) -> list[bytes]:
        cert_hash = self.cert_hash or hashlib.sha256(der).digest()
        found = {
            "content-type": attribute("1.2.840.113549.1.9.3", DATA),
            "message-digest": attribute("1.2.840.113549.1.9.4", tlv(4, hashlib.sha256(self.content).digest())),
            "signing-certificate-v2": attribute(
                "1.2.840.113549.1.9.16.2.47", tlv(0x30, tlv(0x30, tlv(0x30, tlv(4, cert_hash))))
            ),
        }
        return [octets for name, octets in found.items() if name != self.left_out] + self.more


def dvo(**changes: Any) -> dict[str, Any]:
    """The fields of a right message, not signed yet."""
    return {
        "belgeTipi": 2,
        "calisan": [{"calisanTckNo": CALISAN}],
        "egiticiTckNo": UZMAN,
        "egitim": [{"egitimKoduId": 240, "egitimSuresi": 40.0}],
        "egitimTarihi": "23-10-2018",
        "egitimTur": 0,
        "egitimYer": 1,
        "imzaliDeger": "-",
        "isgProfTckNo": UZMAN,
        "sgkTescilNo": SGK,
        "sorguNo": 1,
    } | changes


def signed(fields: Dvo, **container: Any) -> dict[str, Any]:
    """The same fields with a signature over the XML that belongs to them."""
    bildirim = read_bildirim(fields, is_active_code=lambda kodu: True, today=datetime.now(UTC).date())
    xml = render(bildirim).encode()
    return {**fields, "imzaliDeger": replace(Container(xml), **container).imzali_deger()}


@pytest.fixture(scope="session")
def toy() -> SimpleNamespace:
    """The names of this file, whatever import mode pytest runs in: a module called conftest is not unique."""
    return SimpleNamespace(**globals())


@pytest.fixture
def ministry() -> Ministry:
    made = Ministry(FaultPlan(seed=7))
    made.register.merge(PARTIES)
    return made
