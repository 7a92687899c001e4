"""Certificates for the TLS port, made anew at every start: a good one, an expired one, one for another name.

All come from one authority, whose certificate `GET /tls` on the control port hands out. Keys live as long as the run.
"""

import ipaddress
import ssl
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from integrator.ministry.clock import Clock
from integrator.ministry.doors import TLS_CLIENT_CERTIFICATE, TLS_EXPIRED, TLS_WRONG_NAME

DAY = timedelta(days=1)
ANOTHER_NAME = "not-this-host.invalid"


class Certificates:
    """The contexts of a TLS port by the fault that asks for them; `` is the good one."""

    def __init__(self, host: str) -> None:
        self._key, self._issuer = ec.generate_private_key(ec.SECP256R1()), _name("Test authority of a ministry stub")
        now = Clock().now()  # a clock nobody sets: the clients judge these by theirs
        self._authority = self._certificate(self._issuer, self._key, (now - DAY, now + 30 * DAY), None)
        self.authority = self._authority.public_bytes(Encoding.PEM)
        good = self._context(host, now - DAY, now + 30 * DAY)
        demanding = self._context(host, now - DAY, now + 30 * DAY)
        demanding.load_verify_locations(cadata=self.authority.decode())
        demanding.verify_mode = ssl.CERT_REQUIRED
        self._contexts = {
            "": good,
            TLS_EXPIRED: self._context(host, now - 30 * DAY, now - DAY),
            TLS_WRONG_NAME: self._context(ANOTHER_NAME, now - DAY, now + 30 * DAY),
            TLS_CLIENT_CERTIFICATE: demanding,
        }

    def context_for(self, fault: str) -> ssl.SSLContext:
        """What a connection that meets `fault` is shown."""
        return self._contexts.get(fault, self._contexts[""])

    def _context(self, host: str, first: datetime, last: datetime) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certificate(_name(host), key, (first, last), host)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with tempfile.TemporaryDirectory(prefix="ministry-tls-") as folder:  # `ssl` reads keys from files only
            chain = Path(folder) / "chain.pem"
            chain.touch(mode=0o600)
            chain.write_bytes(pem + certificate.public_bytes(Encoding.PEM))
            context.load_cert_chain(chain)
        return context

    def _certificate(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, valid: tuple[datetime, datetime], host: str | None
    ) -> x509.Certificate:
        """For `host`; None: the authority itself."""
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._issuer)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(valid[0]).not_valid_after(valid[1])
        builder = builder.add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(own, critical=False).add_extension(above, critical=False)
        if host is None:
            builder = builder.add_extension(_may_sign_certificates(), critical=True)
        else:
            builder = builder.add_extension(x509.SubjectAlternativeName(_names(host)), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _may_sign_certificates() -> x509.KeyUsage:
    return x509.KeyUsage(
        key_cert_sign=True,
        crl_sign=True,
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _names(host: str) -> list[x509.GeneralName]:
    if host == ANOTHER_NAME:
        return [x509.DNSName(host)]
    try:
        return [x509.IPAddress(ipaddress.ip_address(host)), x509.DNSName("localhost")]
    except ValueError:
        return [x509.DNSName(host)]
