#!/usr/bin/env python3
"""Verifies an evidence pack of an IBYS gateway: `python verify.py PACK.zip [--trust DIR] [--checkpoint FILE]`.

One file, the standard library and `cryptography`; it knows nothing of the program that made the pack. It answers:

1. Is every file of the pack what its manifest says, and does the audit log hold the manifest's digest?
2. Is the log's head (checkpoint) signed, is it one that somebody else holds, and does it cover each entry?
3. For each message: are the bytes, the signature, the requests and replies those that the entries committed to at the
   time, and do the entries tell one unbroken story that ends where the pack says?
4. Does the signature (CAdES) verify over the bytes, by whose certificate, time-stamped when, revoked or not?

Each claim is `yes`, `no`, or `open`: not shown by this pack, or not asked. Exit code 0: no `no`. 5: at least one. 2:
this is no pack. Nothing is written and nobody is asked.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

FORMAT = "ibys-evidence-pack/1"
LARGEST, MOST = 1 << 30, 100_000
LOG = "log/"
SEALED = ("health.p7m", "health.aes")
YES, NO, OPEN = "yes", "no", "open"


class Wrong(Exception):
    """A claim that does not hold, and why."""


# 1. The container.


def read_pack(content: bytes) -> dict[str, bytes]:
    """Name -> bytes; raises Wrong for what is no pack."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as container:
            members = container.infolist()
            names = [each.filename for each in members]
            if len(names) != len(set(names)) or len(names) > MOST or sum(each.file_size for each in members) > LARGEST:
                raise Wrong("a file stands in it twice, or there are too many, or they are too large")
            return {each.filename: container.read(each) for each in members}
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, zlib.error) as error:
        raise Wrong(f"it cannot be unpacked: {error}") from error


def strict_json(name: str, content: bytes) -> Any:
    """JSON in the one form in which it was written, so that not even a blank can be changed."""
    try:
        value = json.loads(content)
        if strict_bytes(value) == content:
            return value
    except (ValueError, RecursionError):
        pass
    raise Wrong(f"{name}: not in the form in which packs are written")


def strict_bytes(value: Any) -> bytes:
    """The one form."""
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


# 2. The log: RFC 6962 tree, C2SP checkpoint (tlog-checkpoint over signed-note).


def leaf_hash(leaf: bytes) -> bytes:
    """RFC 6962 2.1."""
    return hashlib.sha256(b"\0" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962 2.1."""
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of_proof(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size:
        raise Wrong(f"entry {index} does not lie below {size}")
    first, last, root, left = index, size - 1, leaf_hash(leaf), list(proof)
    while last:
        if not left:
            raise Wrong(f"entry {index}: its proof is too short")
        if first & 1 or first == last:
            root = node_hash(left.pop(0), root)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            root = node_hash(root, left.pop(0))
        first, last = first >> 1, last >> 1
    if left:
        raise Wrong(f"entry {index}: its proof is too long")
    return root


def grows(first: int, old: bytes, second: int, new: bytes, proof: list[bytes]) -> bool:
    """Whether the tree `second` holds the tree `first` as its beginning (RFC 9162 2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return old == new and not proof
    left = list(proof) if first & (first - 1) else [old, *proof]
    index, last = first - 1, second - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    if not left:
        return False
    one = other = left.pop(0)
    for each in left:
        if not last:
            return False
        if index & 1 or index == last:
            one, other = node_hash(each, one), node_hash(each, other)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            other = node_hash(other, each)
        index, last = index >> 1, last >> 1
    return not last and (one, other) == (old, new)


class Checkpoint:
    """A signed note: origin, size, root, a blank line, and the signature of the key with that name and id."""

    LINE = r"— [^\n ]+ [A-Za-z0-9+/=]+\n"
    FORM = re.compile(rf"(([^\n]+)\n(0|[1-9][0-9]*)\n([A-Za-z0-9+/=]+)\n)\n((?:{LINE}){{1,2}})")

    def __init__(self, note: str, keys: Keys) -> None:
        found = self.FORM.fullmatch(note)
        if found is None:
            raise Wrong("the checkpoint does not have the form of a signed note")
        text, self.origin, size, root, lines = found.groups()
        self.size, self.root, wanted = int(size), _base64(root), keys.of(int(size))
        told = lines.splitlines()
        if len(told) != len(wanted):
            raise Wrong(f"the checkpoint has {len(told)} signature(s); at its size {len(wanted)} are wanted")
        for line, key in zip(told, wanted, strict=True):
            self._verify(text, line, key)

    def _verify(self, text: str, line: str, key: bytes) -> None:
        _, name, signature = line.split(" ")
        signed = _base64(signature)
        key_id = hashlib.sha256(name.encode() + b"\n\x01" + key).digest()[:4]
        if name != self.origin or signed[:4] != key_id:
            raise Wrong("the checkpoint is signed by another key than the log's")
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signed[4:], text.encode())
        except (InvalidSignature, ValueError) as error:
            raise Wrong("the checkpoint's signature does not verify") from error


class Keys:
    """Which key signs the log when. A change is an entry that the old and the new key signed, told by its index."""

    def __init__(self, origin: str, last: bytes, changes: list[tuple[int, dict[str, Any]]]) -> None:
        self.changes: list[tuple[int, bytes, bytes]] = []
        self.last = last
        for index, entry in reversed(changes):
            old, new = bytes.fromhex(entry["old"]), bytes.fromhex(entry["new"])
            if entry.get("event") != "log_key.replaced" or new != (self.changes[0][1] if self.changes else last):
                raise Wrong(f"entry {index}: it is no change to the key that came after it")
            text = f"ibys/log-key/v1\n{origin}\n{index}\n{old.hex()}\n{new.hex()}\n".encode()
            for key, name in ((old, "signed_by_old"), (new, "signed_by_new")):
                try:
                    Ed25519PublicKey.from_public_bytes(key).verify(_base64(entry[name]), text)
                except (InvalidSignature, ValueError) as error:
                    raise Wrong(f"entry {index}: a change of keys that one of the two did not sign") from error
            self.changes.insert(0, (index, old, new))

    def of(self, size: int) -> tuple[bytes, ...]:
        """Who must have signed a checkpoint of this size: one key, or both right above a change."""
        keys: tuple[bytes, ...] = (self.changes[0][1] if self.changes else self.last,)
        for index, old, new in self.changes:
            if size > index:
                keys = (old, new) if size == index + 1 else (new,)
        return keys


def _base64(text: str) -> bytes:
    try:
        value = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Wrong("a value is not base64") from error
    if base64.b64encode(value).decode() != text:
        raise Wrong("a value's base64 is not in its only form")
    return value


def commitment(salt: bytes, value: bytes) -> str:
    """What an entry says about bytes without telling them: SHA-256 over a salt, the length and the bytes."""
    return hashlib.sha256(b"ibys/commitment/v1\0" + salt + len(value).to_bytes(8, "big") + value).hexdigest()


# 3. The signature: just enough DER to read a CMS SignedData with one signer (RFC 5652).


class Der:
    """One value: its tag, its content, and all of it as it stands. Indefinite lengths are read, too."""

    end: int

    def __init__(self, source: bytes, start: int = 0) -> None:
        try:
            self.tag, place, length = source[start], start + 2, source[start + 1]
            if length == 0x80:
                end = place
                while source[end : end + 2] != b"\0\0":
                    inner = Der(source, end)
                    end = inner.end
                self.content, self.end = source[place:end], end + 2
            else:
                if length > 0x80:
                    count = length & 0x7F
                    length, place = int.from_bytes(source[place : place + count], "big"), place + count
                self.content, self.end = source[place : place + length], place + length
            self.whole = source[start : self.end]
        except (IndexError, RecursionError) as error:
            raise Wrong("a signature is cut short") from error
        if self.end > len(source):
            raise Wrong("a signature is cut short")

    @property
    def parts(self) -> list[Der]:
        """The values inside."""
        found, place = [], 0
        while place < len(self.content):
            found.append(Der(self.content, place))
            place = found[-1].end
        return found

    @property
    def oid(self) -> str:
        """Its numbers, with dots."""
        numbers, value = [], 0
        for each in self.content:
            value = value << 7 | each & 0x7F
            if not each & 0x80:
                numbers.append(value)
                value = 0
        top = min(numbers[0] // 40, 2)
        return ".".join(map(str, [top, numbers[0] - 40 * top, *numbers[1:]]))

    @property
    def octets(self) -> bytes:
        """An octet string, in one piece or several."""
        return b"".join(each.content for each in self.parts) if self.tag & 0x20 else self.content


HASHES: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256,
    "2.16.840.1.101.3.4.2.2": hashes.SHA384,
    "2.16.840.1.101.3.4.2.3": hashes.SHA512,
}
MESSAGE_DIGEST, SIGNING_TIME = "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.5"
SIGNING_CERTIFICATE, TIME_STAMP = "1.2.840.113549.1.9.16.2.47", "1.2.840.113549.1.9.16.2.14"
PSS = "1.2.840.113549.1.1.10"


class Signed:
    """A CMS container with one signer."""

    def __init__(self, cms: bytes) -> None:
        try:
            shell = Der(cms)
            if shell.end != len(cms):
                raise Wrong("there are bytes behind the signature")
            data = Der(shell.parts[1].content).parts
            held = data[2].parts
            self.content = Der(held[1].content).octets if len(held) > 1 else None
            self.certificates = [
                x509.load_der_x509_certificate(one.whole)
                for each in data[3:] if each.tag == 0xA0 for one in each.parts
            ]  # fmt: skip
            [signer] = data[-1].parts
            self._read(signer.parts)
        except (IndexError, ValueError, KeyError, x509.InvalidVersion) as error:
            raise Wrong(f"the signature cannot be read ({type(error).__name__})") from error

    def _read(self, parts: list[Der]) -> None:
        self._sid, self._digest = parts[1], HASHES[parts[2].parts[0].oid]
        signed = parts[3]
        if signed.tag != 0xA0:
            raise ValueError("no signed attributes")
        self._signed_bytes = b"\x31" + signed.whole[1:]
        self.attributes = {each.parts[0].oid: each.parts[1].parts[0] for each in signed.parts}
        self._algorithm, self.value = parts[4].parts[0].oid, parts[5].content
        unsigned = parts[6].parts if len(parts) > 6 else []
        self.unsigned = {each.parts[0].oid: each.parts[1].parts[0] for each in unsigned}
        serial = Der(self._sid.content, Der(self._sid.content).end) if self._sid.tag == 0x30 else None
        number = int.from_bytes(serial.content, "big", signed=True) if serial else None
        mine = [each for each in self.certificates if number in (None, each.serial_number)]
        self.certificate = mine[0]

    @property
    def signing_time(self) -> datetime | None:
        """When the signer says that it was."""
        found = self.attributes.get(SIGNING_TIME)
        return None if found is None else _time(found)

    def check(self, content: bytes) -> None:
        """Raise Wrong unless this container signs `content` with its certificate."""
        digest = hashes.Hash(self._digest())
        digest.update(content)
        if self.attributes[MESSAGE_DIGEST].content != digest.finalize():
            raise Wrong("the signature is over other bytes")
        try:
            self._verify()
        except InvalidSignature as error:
            raise Wrong("the signature does not verify with its certificate") from error

    def _verify(self) -> None:
        key, algorithm = self.certificate.public_key(), self._digest()
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(self.value, self._signed_bytes, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO)
            key.verify(self.value, self._signed_bytes, pss if self._algorithm == PSS else padding.PKCS1v15(), algorithm)
        else:
            raise Wrong("the certificate's key is of a kind that is not known here")

    def names_its_certificate(self) -> bool:
        """CAdES: the signed attributes hold the digest of the certificate."""
        held = self.attributes.get(SIGNING_CERTIFICATE)
        return held is not None and self.certificate.fingerprint(hashes.SHA256()) in held.whole


def _time(value: Der) -> datetime:
    text = value.content.decode("ascii").rstrip("Z").partition(".")[0]
    if value.tag == 0x17:
        text = ("20" if int(text[:2]) < 50 else "19") + text
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def read_stamp(token: bytes, over: bytes) -> tuple[datetime, Signed]:
    """(time, container) of an RFC 3161 token over `over`; raises Wrong."""
    signed = Signed(token)
    if signed.content is None:
        raise Wrong("the time-stamp holds nothing")
    signed.check(signed.content)
    info = Der(signed.content).parts
    imprint = info[2].parts
    digest = hashes.Hash(HASHES[imprint[0].parts[0].oid]())
    digest.update(over)
    if imprint[1].content != digest.finalize():
        raise Wrong("the time-stamp is over other bytes")
    usage = signed.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if ExtendedKeyUsageOID.TIME_STAMPING not in usage:
        raise Wrong("the time-stamp's certificate may not stamp times")
    return _time(info[4]), signed


# 4. Certificates: a chain of names and signatures up to one that the reader trusts, and what is said of revocation.


Certificates = list[x509.Certificate]


def chain_of(leaf: x509.Certificate, others: Certificates, trusted: Certificates, at: datetime) -> Certificates:
    """The chain from `leaf` to a trusted certificate, all valid `at`; raises Wrong."""
    found, anchors = [leaf], {each.fingerprint(hashes.SHA256()) for each in trusted}
    while found[-1].fingerprint(hashes.SHA256()) not in anchors:
        above = next((each for each in [*trusted, *others] if _issued(found[-1], each)), None)
        if above is None or above in found or len(found) > 6:
            raise Wrong("no chain to a certificate of the trust folder")
        found.append(above)
    if not all(each.not_valid_before_utc <= at <= each.not_valid_after_utc for each in found):
        raise Wrong(f"a certificate of the chain was not valid on {at:%Y-%m-%d}")
    return found


def _issued(below: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
        return above.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False


def standing(leaf: x509.Certificate, issuers: list[x509.Certificate], answers: dict[str, bytes]) -> str:
    """What the pack's OCSP responses and CRLs say of `leaf`: ``good at TIME``, or empty; raises Wrong when revoked."""
    for name, content in sorted(answers.items()):
        said = _by_ocsp(leaf, issuers, content) if name.endswith(".ocsp") else _by_crl(leaf, issuers, content)
        if said:
            return said
    return ""


def _by_ocsp(leaf: x509.Certificate, issuers: list[x509.Certificate], content: bytes) -> str:
    answer = ocsp.load_der_ocsp_response(content)
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL or answer.serial_number != leaf.serial_number:
        return ""
    signers = [*issuers, *(each for each in answer.certificates if any(_signed_by(each, one) for one in issuers))]
    if not any(
        _holds(each, answer.signature, answer.tbs_response_bytes, answer.signature_hash_algorithm) for each in signers
    ):
        return ""
    if answer.certificate_status is ocsp.OCSPCertStatus.REVOKED:
        raise Wrong(f"the certificate was revoked on {answer.revocation_time_utc:%Y-%m-%d}")
    good = answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    return f"good at {answer.this_update_utc:%Y-%m-%d %H:%M} UTC" if good else ""


def _by_crl(leaf: x509.Certificate, issuers: list[x509.Certificate], content: bytes) -> str:
    listed = x509.load_der_x509_crl(content)
    if listed.issuer != leaf.issuer or not any(_signs_list(each, listed) for each in issuers):
        return ""
    found = listed.get_revoked_certificate_by_serial_number(leaf.serial_number)
    if found:
        raise Wrong(f"the certificate was revoked on {found.revocation_date_utc:%Y-%m-%d}")
    return f"good at {listed.last_update_utc:%Y-%m-%d %H:%M} UTC"


def _signed_by(below: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _signs_list(above: x509.Certificate, listed: x509.CertificateRevocationList) -> bool:
    return above.subject == listed.issuer and listed.is_signature_valid(above.public_key())  # type: ignore[arg-type]  # a key of another kind fails the check


def _holds(signer: x509.Certificate, value: bytes, content: bytes, algorithm: hashes.HashAlgorithm | None) -> bool:
    key = signer.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm:
            key.verify(value, content, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm:
            key.verify(value, content, ec.ECDSA(algorithm))
        else:
            return False
    except InvalidSignature:
        return False
    return True


# 5. The claims.


_UNREADABLE = (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, x509.ExtensionNotFound)


class Judge:
    """Holds the pack, what the reader brought, and the verdicts as they are reached."""

    def __init__(self, files: dict[str, bytes], trusted: list[x509.Certificate], held: list[str]) -> None:
        self.files, self.trusted, self.held = files, trusted, held
        self.passphrase: bytes | None = None
        self.opened: bytes | None = None
        self.earlier: dict[int, str] = {}
        self.verdicts: list[dict[str, str]] = []
        self.manifest: dict[str, Any] = {}
        self.head: Checkpoint | None = None
        self.keys = Keys("", b"", [])
        self.changes: list[dict[str, Any]] = []

    def claim(self, name: str, about: str, act: Callable[[], str], file: str = "") -> None:
        """One verdict: `act` returns what was seen, raises Wrong, or returns a text that begins with ``?``."""
        try:
            said = act()
            verdict, why = (OPEN, said[1:]) if said.startswith("?") else (YES, said)
        except Wrong as wrong:
            verdict, why = NO, str(wrong)
        except _UNREADABLE as error:
            verdict, why = NO, f"cannot be read ({type(error).__name__})"
        if verdict == NO and file not in why:
            why = f"{file}: {why}"
        self.verdicts.append({"claim": name, "about": about, "verdict": verdict, "why": why})

    def judge(self) -> list[dict[str, str]]:
        """Every verdict, the pack's own first."""
        self.claim("files", "pack", self.files_are_listed)
        self.claim("keys", "log", self.keys_lead_on, f"{LOG}keys.json")
        self.claim("checkpoint", "log", self.checkpoint_is_signed, f"{LOG}checkpoint.txt")
        if self.head and self.manifest:
            self.claim("manifest", "log", self.manifest_is_logged, f"{LOG}pack.json")
            self.claim("history", "log", self.history_grows, f"{LOG}history.json")
            self.claim("outside", "log", self.outside_agrees)
            self.claim("time", "log", self.head_is_stamped)
            self.claim("health part", "pack", self.open_health)
            for each in self.manifest["messages"]:
                self.judge_message(each)
        return self.verdicts

    def files_are_listed(self) -> str:
        """Nothing altered, missing, or added."""
        manifest = strict_json("manifest.json", self.files.get("manifest.json", b""))
        if manifest.get("format") != FORMAT:
            raise Wrong(f"manifest.json: not {FORMAT}")
        listed = manifest["files"]
        wrong = [name for name, told in listed.items() if self._digest(name) != told["sha256"]]
        told = {*listed, "manifest.json", *(f"{LOG}{name}" for name in manifest["log"])}
        wrong += sorted(told ^ self.files.keys() - set(wrong))
        self.manifest = manifest
        if wrong:
            raise Wrong(f"altered, missing or not listed: {', '.join(sorted(set(wrong)))}")
        return f"{len(listed)} files are what the manifest says"

    def _digest(self, name: str) -> str:
        return hashlib.sha256(self.files[name]).hexdigest() if name in self.files else ""

    def keys_lead_on(self) -> str:
        """From the key the log began with to the one that signs now; older packs tell of no change."""
        name, told = f"{LOG}keys.json", self.manifest["log_key"]
        changes = strict_json(name, self.files[name]) if name in self.files else []
        entries = [(each["index"], json.loads(each["leaf"])) for each in changes]
        self.keys = Keys(told["origin"], bytes.fromhex(told["ed25519"]), entries)
        self.changes = changes
        return f"{len(changes)} change(s) of the log's key, each signed by the key before it"

    def checkpoint_is_signed(self) -> str:
        """The log's head, signed by its key, which every change of keys before it led to."""
        key = bytes.fromhex(self.manifest["log_key"]["ed25519"])
        note = self.files.get(f"{LOG}checkpoint.txt", b"").decode()
        self.head = Checkpoint(note, self.keys)
        for each in self.changes:
            self.entry(f"{LOG}keys.json", each)
        if self.head.origin != self.manifest["log_key"]["origin"]:
            raise Wrong("it speaks of another log")
        return f"{self.head.origin}, {self.head.size} entries, key {key.hex()}"

    def entry(self, name: str, told: dict[str, Any]) -> dict[str, Any]:
        """An entry of the log, its inclusion proof checked."""
        assert self.head is not None
        proof = [bytes.fromhex(each) for each in told["proof"]]
        if root_of_proof(told["leaf"].encode(), told["index"], self.head.size, proof) != self.head.root:
            raise Wrong(f"{name}: entry {told['index']} does not stand in the log")
        leaf: dict[str, Any] = json.loads(told["leaf"])
        return leaf

    def manifest_is_logged(self) -> str:
        """The digest of manifest.json stands in an entry of the log, and so covers every file."""
        name = f"{LOG}pack.json"
        entry = self.entry(name, strict_json(name, self.files[name]))
        if entry.get("event") != "pack.sealed" or entry.get("manifest") != self._digest("manifest.json"):
            raise Wrong("manifest.json is not the one whose digest stands in the log")
        return f"its digest was written into the log at {entry['at']}"

    def history_grows(self) -> str:
        """Earlier checkpoints are beginnings of the log as it stands here."""
        name = f"{LOG}history.json"
        assert self.head is not None
        for each in strict_json(name, self.files[name]):
            before = Checkpoint(each["checkpoint"], self.keys)
            proof = [bytes.fromhex(one) for one in each["proof"]]
            if not grows(before.size, before.root, self.head.size, self.head.root, proof):
                raise Wrong(f"{name}: the log is not the one of its checkpoint at {before.size}")
            self.earlier[before.size] = each["checkpoint"]
        return f"{len(self.earlier)} earlier checkpoints lead to this one"

    def outside_agrees(self) -> str:
        """A checkpoint that another party holds is what stops the log's owner from rewriting it."""
        assert self.head is not None
        if not self.held:
            return (
                "?no checkpoint of another holder was given (--checkpoint FILE): nothing but the log's own key vouches"
            )
        for note in self.held:
            other = Checkpoint(note, self.keys)
            mine = (
                self.files[f"{LOG}checkpoint.txt"].decode()
                if other.size == self.head.size
                else self.earlier.get(other.size)
            )
            if mine is None:
                return f"?the checkpoint at {other.size} is none of those this pack leads from; ask for a newer pack"
            if Checkpoint(mine, self.keys).root != other.root:
                raise Wrong(f"the log was rewritten: at {other.size} entries it had another root")
        return f"{len(self.held)} checkpoint(s) held outside agree"

    def head_is_stamped(self) -> str:
        """One token dates every entry below the checkpoint it is over."""
        token, note = self.files.get("stamp/checkpoint.tst"), self.files.get("stamp/checkpoint.txt", b"")
        if token is None:
            return "?no time-stamp over a checkpoint"
        if note.decode() not in self.earlier.values():
            raise Wrong("stamp/checkpoint.txt: not a checkpoint that leads to this log")
        at, stamp = read_stamp(token, note)
        size = note.decode().split("\n")[1]
        return f"its first {size} entries were written before {at:%Y-%m-%d %H:%M:%S} UTC{self.trusted_words(stamp, at)}"

    def open_health(self) -> str:
        """The sealed part for a physician; what it holds is then judged as the rest."""
        if self.opened is not None:
            content = self.opened
        elif not any(each in self.files for each in SEALED):
            return "?none: this pack holds no health content"
        elif self.passphrase is None or "health.aes" not in self.files:
            return "?sealed: give --passphrase-file, or --health with the part that the physician opened"
        else:
            content = open_sealed(self.files["health.aes"], self.passphrase)
        inside = read_pack(content)
        self.files |= {name: value for name, value in inside.items() if name not in self.files}
        return f"{len(inside)} files"

    def judge_message(self, told: dict[str, Any]) -> None:
        """All that is claimed about one message."""
        about, folder = str(told["sorgu_no"]), f"bildirim/{told['sorgu_no']}/"
        facts: dict[str, Any] = {}
        self.claim("entries", about, lambda: self.story(told, facts), f"{LOG}{about}.json")
        if not facts:
            return
        self.claim("bytes", about, lambda: self.bytes_are_committed(folder, facts))
        self.claim("signature", about, lambda: self.signature_holds(folder))
        self.claim("time-stamp", about, lambda: self.signature_is_stamped(folder))

    def story(self, told: dict[str, Any], facts: dict[str, Any]) -> str:
        """Every entry that the manifest names, in order, each move beginning where the last one ended."""
        name = f"{LOG}{told['sorgu_no']}.json"
        rows = strict_json(name, self.files.get(name, b""))
        if [each["index"] for each in rows] != told["entries"]:
            raise Wrong(f"{name}: not the entries that the manifest names")
        state, entries = "", [self.entry(name, each) for each in rows]
        for entry in entries:
            if entry.get("sorgu_no") != told["sorgu_no"]:
                raise Wrong(f"{name}: an entry of another message")
            if entry["event"] == "bildirim.moved":
                if state and entry.get("from") != state:
                    raise Wrong(f"{name}: it moves from {entry.get('from')}, but stood at {state}")
                state = entry["to"]
        if state != told["state"]:
            raise Wrong(f"{name}: the entries end at {state}, the manifest says {told['state']}")
        facts["entries"] = entries
        ended = [each for each in entries if each.get("outcome")]
        last = f", last answer {ended[-1].get('code') or ended[-1]['outcome']} at {ended[-1]['at']}" if ended else ""
        return f"{len(entries)} entries from {entries[0]['at']}, now {state}{last}"

    def bytes_are_committed(self, folder: str, facts: dict[str, Any]) -> str:
        """Bytes, signature, requests and replies are those that the entries spoke of."""
        salt_file = self.files.get(f"{folder}salt.txt")
        if salt_file is None:
            return "?sealed in the health part, which was not opened"
        salt = bytes.fromhex(salt_file.decode().strip())
        count = 0
        for name, value in self.committed(folder, facts["entries"]):
            if name not in self.files:
                raise Wrong(f"{name}: missing")
            if commitment(salt, self.files[name]) != value:
                raise Wrong(f"{name}: not what was written down at the time")
            count += 1
        return f"{count} files are what the entries committed to"

    def committed(self, folder: str, entries: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
        """(file, commitment) of whatever the entries speak of."""
        for entry in entries:
            for part, file in (("canonical", "canonical.xml"), ("cms", "imza.p7s")):
                if part in entry:
                    yield f"{folder}{file}", entry[part]
            for part, file in (("request", "istek"), ("reply", "yanit")):
                if part in entry:
                    yield f"{folder}deneme-{entry['deneme_no']:03}-{file}.txt", entry[part]

    def signature_holds(self, folder: str) -> str:
        """The professional's signature over the bytes, and what is known of the certificate."""
        cms, content = self.files.get(f"{folder}imza.p7s"), self.files.get(f"{folder}canonical.xml")
        if content is None:
            return "?sealed in the health part, which was not opened"
        if cms is None:
            return "?not signed yet"
        signed = Signed(cms)
        signed.check(content)
        if not signed.names_its_certificate():
            raise Wrong("its attributes do not name its certificate")
        at = self._moment(folder, signed)
        answers = {name: value for name, value in self.files.items() if name.startswith("revocation/")}
        issuers = [*self.trusted, *self.certificates()]
        said = standing(signed.certificate, issuers, answers) or "revocation not shown"
        serial = f"{signed.certificate.serial_number:x}"
        return f"by certificate {serial}; {said}{self.trusted_words(signed, at)}"

    def _moment(self, folder: str, signed: Signed) -> datetime:
        stamped = self.copy_of(folder)
        if stamped and TIME_STAMP in stamped.unsigned:
            return read_stamp(stamped.unsigned[TIME_STAMP].whole, stamped.value)[0]
        return signed.signing_time or signed.certificate.not_valid_before_utc

    def copy_of(self, folder: str) -> Signed | None:
        """The copy with its time-stamp, if one was kept."""
        copy = self.files.get(f"{folder}kanit.p7s")
        return Signed(copy) if copy else None

    def signature_is_stamped(self, folder: str) -> str:
        """When the signature was there at the latest."""
        copy = self.copy_of(folder)
        if copy is None or TIME_STAMP not in copy.unsigned:
            return "?no time-stamp was kept yet"
        if copy.value != Signed(self.files[f"{folder}imza.p7s"]).value:
            raise Wrong("the stamped copy is of another signature")
        at, stamp = read_stamp(copy.unsigned[TIME_STAMP].whole, copy.value)
        return f"signed before {at:%Y-%m-%d %H:%M:%S} UTC{self.trusted_words(stamp, at)}"

    def trusted_words(self, signed: Signed, at: datetime) -> str:
        """A chain to the reader's trust folder; without one only the bytes are judged, and that is told."""
        if not self.trusted:
            return "; whose certificate it is was not asked (--trust DIR)"
        chain_of(signed.certificate, [*signed.certificates, *self.certificates()], self.trusted, at)
        return "; trusted"

    def certificates(self) -> list[x509.Certificate]:
        """Those that lie in the pack; none of them is trusted for that."""
        names = sorted(name for name in self.files if name.startswith("certificates/"))
        return [x509.load_der_x509_certificate(self.files[name]) for name in names]


def open_sealed(content: bytes, passphrase: bytes) -> bytes:
    """The health part under a passphrase: salt(16), nonce(12), AES-256-GCM with the key that scrypt makes."""
    salt, nonce, sealed = content[:16], content[16:28], content[28:]
    try:
        key = Scrypt(salt, 32, 2**15, 8, 1).derive(passphrase.strip())
        return AESGCM(key).decrypt(nonce, sealed, FORMAT.encode())
    except (ValueError, InvalidTag) as error:
        raise Wrong("health.aes: does not open with this passphrase") from error


# 6. The command.


def main(arguments: list[str] | None = None) -> int:
    """Read, judge, print."""
    parser = argparse.ArgumentParser(description="Verify an evidence pack.")
    parser.add_argument("pack", type=Path)
    parser.add_argument("--trust", type=Path, help="folder of certificates (PEM) that you trust")
    parser.add_argument(
        "--checkpoint", type=Path, action="append", default=[], help="a checkpoint that another party held"
    )
    parser.add_argument("--passphrase-file", type=Path, help="opens the health part")
    parser.add_argument("--health", type=Path, help="the health part as the physician opened it")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    try:
        trusted = [
            one for path in sorted(options.trust.iterdir()) if path.suffix in (".pem", ".crt")
            for one in x509.load_pem_x509_certificates(path.read_bytes())
        ] if options.trust else []  # fmt: skip
        held = [path.read_text(encoding="utf-8") for path in options.checkpoint]
        judge = Judge(read_pack(options.pack.read_bytes()), trusted, held)
        judge.passphrase = options.passphrase_file.read_bytes() if options.passphrase_file else None
        judge.opened = options.health.read_bytes() if options.health else None
    except (OSError, ValueError, Wrong) as error:
        print(f"not a pack, or not readable: {error}", file=sys.stderr)
        return 2
    verdicts = judge.judge()
    fails = [each for each in verdicts if each["verdict"] == NO]
    if options.json:
        print(json.dumps({"ok": not fails, "verdicts": verdicts}, ensure_ascii=False, indent=1))
    else:
        for each in verdicts:
            print(f"{each['verdict']:5} {each['about']:12} {each['claim']:12} {each['why']}")
        print("FAILS" if fails else "VERIFIED", f"({len(verdicts)} claims, {len(fails)} do not hold)")
    return 5 if fails else 0


if __name__ == "__main__":
    sys.exit(main())
