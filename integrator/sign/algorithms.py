"""The algorithms a signature may use: SHA-256/384/512 with RSA (2048 bit and up) or ECDSA on P-256 and P-384."""

from __future__ import annotations

from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ObjectIdentifier as Oid

from integrator.sign.structures import AlgorithmIdentifier

SHA256 = Oid("2.16.840.1.101.3.4.2.1")

DIGESTS: dict[str, tuple[str, hashes.HashAlgorithm]] = {
    SHA256.dotted_string: ("sha256", hashes.SHA256()),
    "2.16.840.1.101.3.4.2.2": ("sha384", hashes.SHA384()),
    "2.16.840.1.101.3.4.2.3": ("sha512", hashes.SHA512()),
}
"""OID -> (hashlib name, hash)."""

RSA_ENCRYPTION = "1.2.840.113549.1.1.1"

SIGNATURES: dict[str, tuple[str, str | None]] = {
    RSA_ENCRYPTION: ("rsa", None),  # the digest is then the SignerInfo's own (RFC 3370 3.2)
    "1.2.840.113549.1.1.11": ("rsa", "sha256"),
    "1.2.840.113549.1.1.12": ("rsa", "sha384"),
    "1.2.840.113549.1.1.13": ("rsa", "sha512"),
    "1.2.840.10045.4.3.2": ("ec", "sha256"),
    "1.2.840.10045.4.3.3": ("ec", "sha384"),
    "1.2.840.10045.4.3.4": ("ec", "sha512"),
}
"""OID -> (kind of key, digest it binds)."""

SIGNATURE_WITH_SHA256 = {
    "rsa": AlgorithmIdentifier(algorithm=Oid("1.2.840.113549.1.1.11"), parameters=asn1.Null()),
    "ec": AlgorithmIdentifier(algorithm=Oid("1.2.840.10045.4.3.2")),  # no NULL beside ECDSA (RFC 5754 3.3)
}

RSA_MIN_BITS = 2048
CURVES = frozenset({"secp256r1", "secp384r1"})
