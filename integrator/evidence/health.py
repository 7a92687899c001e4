"""The sealed part of a pack: health content, readable by one physician and nobody else, this gateway included.

Either CMS EnvelopedData (RFC 5652, AES-256) for the physician's certificate, opened with
`openssl cms -decrypt -inform DER -in health.p7m -inkey KEY -out health.zip`, or AES-256-GCM under a passphrase that
travels another way. Its integrity is the manifest's: the pack lists its digest.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from integrator.domain.errors import Malformed
from integrator.evidence.verifier import FORMAT

SHORTEST = 12
WEAKEST_RSA = 2048


@dataclass(frozen=True, slots=True)
class Seal:
    """For whom: a certificate, or a passphrase. `name` is the sealed part's in the pack."""

    certificate: x509.Certificate | None = None
    passphrase: bytes = field(default=b"", repr=False)

    @property
    def name(self) -> str:
        """``health.p7m`` or ``health.aes``."""
        return "health.p7m" if self.certificate else "health.aes"

    def close(self, content: bytes) -> bytes:
        """The content, sealed."""
        if self.certificate:
            builder = pkcs7.PKCS7EnvelopeBuilder().set_data(content).set_content_encryption_algorithm(AES256)
            return builder.add_recipient(self.certificate).encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])
        salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
        key = Scrypt(salt, 32, 2**15, 8, 1).derive(self.passphrase)
        return salt + nonce + AESGCM(key).encrypt(nonce, content, FORMAT.encode())


def seal_for(certificate_file: Path | None, passphrase_file: Path | None) -> Seal | None:
    """The seal that two options name, at most one of them; raises Malformed for what cannot seal."""
    if certificate_file and passphrase_file:
        raise Malformed("a certificate and a passphrase: one of the two is wanted")
    if certificate_file:
        return Seal(certificate=read_recipient(certificate_file.read_bytes(), certificate_file.name))
    return Seal(passphrase=_read_passphrase(passphrase_file)) if passphrase_file else None


def read_recipient(content: bytes, name: str) -> x509.Certificate:
    """The certificate (PEM or DER) for which a part is sealed; raises Malformed for what cannot be sealed for."""
    try:
        load = x509.load_pem_x509_certificate if b"-----BEGIN" in content else x509.load_der_x509_certificate
        certificate = load(content)
        key = certificate.public_key()
    except ValueError as error:
        raise Malformed(f"{name}: not a certificate") from error
    if not isinstance(key, RSAPublicKey) or key.key_size < WEAKEST_RSA:
        raise Malformed(f"{name}: an RSA key of {WEAKEST_RSA} bits or more is wanted; or use a passphrase")
    return certificate


def _read_passphrase(path: Path) -> bytes:
    passphrase = path.read_bytes().strip()
    if len(passphrase) < SHORTEST:
        raise Malformed(
            f"{path.name}: a passphrase of {SHORTEST} bytes or more is wanted, {len(passphrase)} were found"
        )
    return passphrase
