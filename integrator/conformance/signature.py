"""Reads a CAdES signature that somebody else made, and says what is wrong with it (contract 4.5, 4.6)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from integrator.conformance import der
from integrator.conformance.der import Element, NotDer, oid
from integrator.conformance.signer import CONTENT_TYPE, DATA, MESSAGE_DIGEST, SIGNED_DATA, SIGNING_CERTIFICATE

_HASHES: dict[bytes, tuple[str, hashes.HashAlgorithm]] = {
    oid("2.16.840.1.101.3.4.2.1"): ("sha256", hashes.SHA256()),
    oid("2.16.840.1.101.3.4.2.2"): ("sha384", hashes.SHA384()),
    oid("2.16.840.1.101.3.4.2.3"): ("sha512", hashes.SHA512()),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a container says of itself."""

    digest: str
    message_digest: str
    attached: bool
    owner: str
    problems: tuple[str, ...]


def read_signature(cms: bytes, content: bytes, owner: str) -> Seen:
    """`problems` is empty when this is a detached CAdES-BES over `content` by the holder of number `owner`."""
    try:
        return _Reader(cms).judge(content, owner)
    except (NotDer, ValueError) as error:
        return Seen("-", "-", False, "-", (f"cannot be read: {error}",))


class _Reader:
    """One container, taken apart."""

    def __init__(self, cms: bytes) -> None:
        whole = der.read_all(cms)
        if len(whole) != 1 or whole[0].child(0).whole != SIGNED_DATA:
            raise NotDer("not one SignedData")
        fields = whole[0].child(1).child(0).children()
        infos = fields[-1].children()
        if len(infos) != 1:
            raise NotDer(f"{len(infos)} signers where one belongs")
        self.encapsulated = fields[2].children()
        certificates = next((each for each in fields[3:] if each.tag == der.CONTEXT_0), None)
        if certificates is None:
            raise NotDer("no certificate inside")
        self.signer_info = infos[0].children()
        self.certificate_der = certificates.child(0).whole
        self.certificate = x509.load_der_x509_certificate(self.certificate_der)
        self.attributes = {each.child(0).whole: each.child(1).child(0) for each in self.signer_info[3].children()}

    def judge(self, content: bytes, owner: str) -> Seen:
        """Every check; none of them stops the next."""
        algorithm = self.signer_info[2].child(0).whole
        name, digest = _HASHES.get(algorithm, ("weak", None))
        told = self.attributes[MESSAGE_DIGEST].content if MESSAGE_DIGEST in self.attributes else b""
        attached = len(self.encapsulated) > 1
        holder = self._owner()
        checks = {
            "the content lies inside (attached)": not attached,
            "the content type is not id-data": self.encapsulated[0].whole == DATA and self._content_type() == DATA,
            "the digest is weaker than SHA-256": digest is not None,
            "the message digest is not that of the expected XML": digest is not None
            and told == hashlib.new(name, content).digest(),
            "signing-certificate-v2 is missing or names another certificate": self._names_certificate(),
            "the certificate belongs to somebody else": holder == owner,
            "the signature value does not verify": digest is not None and self._verifies(digest),
        }
        return Seen(name, told.hex(), attached, holder, tuple(text for text, good in checks.items() if not good))

    def _content_type(self) -> bytes:
        found = self.attributes.get(CONTENT_TYPE)
        return found.whole if found else b""

    def _names_certificate(self) -> bool:
        reference = self.attributes.get(SIGNING_CERTIFICATE)
        return reference is not None and hashlib.sha256(self.certificate_der).digest() in reference.whole

    def _owner(self) -> str:
        names = self.certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
        return str(names[0].value) if names else ""

    def _verifies(self, digest: hashes.HashAlgorithm) -> bool:
        attributes: Element = self.signer_info[3]
        signed = der.tlv(der.SET, attributes.content)
        value, key = self.signer_info[5].content, self.certificate.public_key()
        try:
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(value, signed, padding.PKCS1v15(), digest)
            elif isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(value, signed, ec.ECDSA(digest))
            else:
                return False
        except InvalidSignature:
            return False
        return True
