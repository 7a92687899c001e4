"""Where private keys come from. This release: PKCS#12 files, a stand-in that production settings refuse.

A qualified certificate's key lives on a card; a file is for tests, demos and trial integrations.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from integrator.domain.errors import Misconfigured
from integrator.log import logger
from integrator.sign.algorithms import HASHES, DigestName
from integrator.sign.cades import CadesSigner
from integrator.sign.certificates import Facts, der_of, read_certificate

_PADDING = PKCS1v15()
_ECDSA = {name: ECDSA(digest) for name, digest in HASHES.items()}


class Pkcs12Signer:
    """A key and certificate out of a PKCS#12 file, unlocked once and kept loaded."""

    def __init__(self, key: RSAPrivateKey | EllipticCurvePrivateKey, facts: Facts) -> None:
        self._key = key
        self.facts = facts
        self.key_kind = "rsa" if isinstance(key, RSAPrivateKey) else "ec"

    def sign(self, message: bytes, digest: DigestName = "sha256") -> bytes:
        """Raw signature over the `digest` of `message`."""
        if isinstance(self._key, RSAPrivateKey):
            return self._key.sign(message, _PADDING, HASHES[digest])
        return self._key.sign(message, _ECDSA[digest])


def read_pkcs12(path: Path, pin_file: Path) -> CadesSigner:
    """The signer in `path`; raises Misconfigured for a wrong PIN, a damaged file or an unusable key."""
    try:
        pin = pin_file.read_text(encoding="utf-8").rstrip("\r\n").encode()
    except OSError as error:
        raise Misconfigured(f"{error.filename}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise Misconfigured(f"{pin_file}: not the UTF-8 text a PIN is") from error
    return unlock_pkcs12(path, bytearray(pin), f"the PIN in {pin_file}")


def unlock_pkcs12(path: Path, pin: bytearray, named: str = "the PIN given") -> CadesSigner:
    """The signer in `path`, opened with the caller's own buffer; `named` says in an error which PIN was wrong."""
    try:
        bundle = load_pkcs12(path.read_bytes(), pin)  # type: ignore[arg-type]  # any buffer: no copy is made
    except OSError as error:
        raise Misconfigured(f"{error.filename}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise Misconfigured(f"{path}: not a PKCS#12 file, or {named} is not its PIN") from error
    if not isinstance(bundle.key, (RSAPrivateKey, EllipticCurvePrivateKey)) or bundle.cert is None:
        raise Misconfigured(f"{path}: an RSA or EC key with its certificate is wanted")
    return CadesSigner(Pkcs12Signer(bundle.key, read_certificate(der_of(bundle.cert.certificate))))


class KeyCupboard:
    """The signers at hand, by the professional's identity number."""

    def __init__(self, signers: list[CadesSigner]) -> None:
        self._by_owner = {signer.facts.owner: signer for signer in signers if signer.facts.owner}

    def signer_of(self, professional: str) -> CadesSigner | None:
        """The signer of `professional`, or None: then the message awaits their signature."""
        return self._by_owner.get(professional)

    def __len__(self) -> int:
        return len(self._by_owner)


def open_cupboard(folder: Path | None, *, production: bool) -> KeyCupboard:
    """Every ``NAME.p12`` with its ``NAME.pin`` in `folder`; none when `folder` is None."""
    files = sorted(folder.glob("*.p12")) if folder else []
    if files and production:
        raise Misconfigured("keys.signers_dir holds PKCS#12 files: in production a professional signs with a card")
    if files:
        logger().warning("sign.stand_in", files=len(files))
    return KeyCupboard([read_pkcs12(path, path.with_suffix(".pin")) for path in files])
