"""The algorithms a signature may use: SHA-256/384/512 with RSA (2048 bit and up) or ECDSA on P-256 and P-384."""

from __future__ import annotations

from typing import Literal

from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import ObjectIdentifier as Oid

from integrator.sign.structures import AlgorithmIdentifier

DigestName = Literal["sha256", "sha384", "sha512"]

SHA256 = Oid("2.16.840.1.101.3.4.2.1")

DIGESTS: dict[str, tuple[DigestName, hashes.HashAlgorithm]] = {
    SHA256.dotted_string: ("sha256", hashes.SHA256()),
    "2.16.840.1.101.3.4.2.2": ("sha384", hashes.SHA384()),
    "2.16.840.1.101.3.4.2.3": ("sha512", hashes.SHA512()),
}
"""OID -> (hashlib name, hash)."""

WEAK_DIGESTS = {"1.3.14.3.2.26": "SHA-1", "1.2.840.113549.2.5": "MD5", "2.16.840.1.101.3.4.2.4": "SHA-224"}

HASHES: dict[DigestName, hashes.HashAlgorithm] = dict(DIGESTS.values())
STRONG_HASHES = tuple(type(algorithm) for algorithm in HASHES.values())
DIGEST_OIDS: dict[DigestName, Oid] = {name: Oid(dotted) for dotted, (name, _) in DIGESTS.items()}

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

RSA_MIN_BITS = 2048
RSA_MAX_BITS = 8192
RSA_MAX_EXPONENT = 2**32  # a longer one makes a check as dear as a signature, and no authority issues it
CURVES = frozenset({"secp256r1", "secp384r1"})


def signature_algorithm(kind: str, digest: DigestName) -> AlgorithmIdentifier:
    """How a signature of `kind` over `digest` is named: NULL beside RSA, nothing beside ECDSA (RFC 5754 3.2, 3.3)."""
    dotted = next(oid for oid, named in SIGNATURES.items() if named == (kind, digest))
    return AlgorithmIdentifier(algorithm=Oid(dotted), parameters=asn1.Null() if kind == "rsa" else None)


def weakness_of(key: object) -> str:
    """Why a signature by `key` is not checked; empty when it may be. Bounds the work one certificate can cause."""
    if isinstance(key, RSAPublicKey):
        if not RSA_MIN_BITS <= key.key_size <= RSA_MAX_BITS:
            return f"an RSA key of {RSA_MIN_BITS} to {RSA_MAX_BITS} bits is wanted, not {key.key_size}"
        return "" if key.public_numbers().e < RSA_MAX_EXPONENT else "the RSA exponent is larger than any real one"
    if isinstance(key, EllipticCurvePublicKey):
        return "" if key.curve.name in CURVES else "a key on P-256 or P-384 is wanted"
    return "the certificate's key is neither RSA nor EC"
