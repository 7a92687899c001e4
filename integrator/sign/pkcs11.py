"""A private key on a card or token, reached through the vendor's PKCS#11 library (python-pkcs11, extra ``card``).

It signs for as long as `Card.unlock` is open and keeps no PIN afterwards. Three traps shape it (field notes 4):
a card locks after a few wrong PINs, so one wrong PIN ends this source; an operation belongs to a session, so every
thread has its own, opened after the fork; and python-pkcs11 calls C_Initialize without arguments, by which the
library may take no locks of its own (PKCS#11 v2.40, 5.4), so ours is held around every call.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from integrator.domain.errors import Malformed, Misconfigured, WrongPin
from integrator.sign.algorithms import DigestName
from integrator.sign.cades import CadesSigner
from integrator.sign.certificates import Facts, read_certificate

if TYPE_CHECKING:
    import pkcs11

KNOWN_LIBRARIES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "akis": {"win32": ("akisp11.dll",), "linux": ("libakisp11.so",), "darwin": ("libakisp11.dylib",)},
    "safesign": {
        "win32": ("aetpkss1.dll",),
        "linux": ("libaetpkss.so", "libaetpkss.so.3"),
        "darwin": ("libaetpkss.dylib",),
    },
    "softhsm": {"win32": ("softhsm2-x64.dll",), "linux": ("libsofthsm2.so",), "darwin": ("libsofthsm2.so",)},
}
"""Name a person may give -> platform -> file names (domain.md 4.5)."""

_UNIX = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu")
_FOLDERS: Mapping[str, tuple[str, ...]] = {
    "win32": (r"C:\Windows\System32", r"C:\SoftHSM2\lib"),
    "linux": (*_UNIX, *(f"{folder}/softhsm" for folder in _UNIX)),
    "darwin": ("/usr/local/lib", "/opt/homebrew/lib", "/opt/homebrew/lib/softhsm", "/usr/local/lib/softhsm"),
}

_DIGEST_INFO: Mapping[DigestName, bytes] = {  # RFC 8017 9.2, note 1
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}
_CALLS = threading.RLock()


def find_library(named: str = "", *, platform: str = sys.platform) -> Path:
    """The library file: `named` is a path or a key of KNOWN_LIBRARIES; empty means whichever known one is there.

    A bare file name is never left to the loader's search, which would take a planted file from the working folder.
    """
    if named and named not in KNOWN_LIBRARIES:
        if not Path(named).is_file():
            raise Misconfigured(f"{named}: no such PKCS#11 library; a path or one of {', '.join(KNOWN_LIBRARIES)}")
        return Path(named).resolve()
    wanted = [KNOWN_LIBRARIES[each].get(platform, ()) for each in ([named] if named else KNOWN_LIBRARIES)]
    for file_name in (name for names in wanted for name in names):
        for folder in _FOLDERS.get(platform, ()):
            if (found := Path(folder, file_name)).is_file():
                return found
    raise Misconfigured(f"no PKCS#11 library found ({named or ', '.join(KNOWN_LIBRARIES)}); name its path")


class Card:
    """One token behind one library. Building it touches nothing; the first call opens the library in this process."""

    def __init__(self, library: Path, *, token_label: str = "", key_id: str = "") -> None:
        self._library = library
        self._label = token_label
        self._key_id = key_id.lower()
        self._pid: int | None = None
        self._refusal: WrongPin | None = None

    def __repr__(self) -> str:
        return f"Card({self._library.name})"

    def owner(self, *, at: datetime) -> str | None:
        """The identity number in the certificate that would sign, read without a PIN."""
        return self.facts(at=at).owner

    def facts(self, *, at: datetime) -> Facts:
        """The certificate that would sign at `at`; raises Misconfigured when there is not exactly one."""
        with self._calling() as token, token.open() as session:
            return _choose(_certificates(session), at, self._key_id)[1]

    def tries_left(self) -> str:
        """What the card says of its PIN counter: empty (nothing wrong so far), ``low``, ``final`` or ``locked``."""
        with self._calling() as token:
            return _tries(token)

    @contextmanager
    def unlock(self, pin: bytearray, *, at: datetime) -> Iterator[CadesSigner]:
        """A signer that works until the block ends; then the card is locked again. Tries `pin` once, ever.

        `pin` stays the caller's, who overwrites it; no copy of it is made here.

        Raises WrongPin when the card did not take it, now or before: this object tries no other. Raises Misconfigured
        when there is no library, no token, or not exactly one usable certificate.
        """
        if self._refusal:
            raise self._refusal
        if not pin:
            raise Malformed("no PIN was given; the card was not asked")
        with self._calling() as token, token.open() as session:
            key_id, facts = _choose(_certificates(session), at, self._key_id)
        key = CardKey(facts, key_id, self._alone, self._log_in(pin), pin)
        try:
            yield CadesSigner(key)
        finally:
            key.close()

    def _log_in(self, pin: bytearray) -> pkcs11.Session:
        """The one try. Whatever a library answers, a try may have been counted, unless no card was there to count."""
        p11 = _module()
        with self._calling() as token:
            if _tries(token) == "locked":
                raise self._refuse("the PIN is locked already and was not tried", "locked")
            try:
                return token.open(user_pin=_Uncopied(pin))
            except (p11.TokenNotPresent, p11.DeviceRemoved, p11.UserAlreadyLoggedIn):
                raise
            except p11.PKCS11Error as error:
                said = _tries_now(token)
                raise self._refuse(f"the card did not take it ({type(error).__name__})", said) from error

    def _refuse(self, why: str, said: str) -> WrongPin:
        known = {"low": "wrong tries were counted", "final": "one last try is left", "locked": "none is left"}
        left = known.get(said, "the card does not say how many tries are left")
        self._refusal = WrongPin(f"{why}; {left}; nothing more is tried until the program is started again")
        return self._refusal

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other thread calls a library meanwhile, no other process's session is used; errors become ours."""
        if self._pid not in (None, os.getpid()):
            raise Misconfigured("the card was opened before this process forked; each process opens its own")
        with _CALLS:
            self._pid = os.getpid()
            try:
                yield
            except _module().PKCS11Error as error:
                raise Misconfigured(f"{self._library.name}: {type(error).__name__} {error}".rstrip()) from error

    @contextmanager
    def _calling(self) -> Iterator[pkcs11.Token]:
        """The token, looked for anew: a card may have been changed for another."""
        with self._alone():
            yield self._token()

    def _token(self) -> pkcs11.Token:
        found = list(_module().lib(str(self._library)).get_tokens(token_label=self._label or None))
        found = [token for token in found if token.flags & _module().TokenFlag.TOKEN_INITIALIZED]
        named = f" with the label {self._label!r}" if self._label else ""
        if not found:
            raise Misconfigured(f"no token{named} behind {self._library.name}: is the card in its reader?")
        if len(found) > 1:
            raise Misconfigured(f"{len(found)} tokens{named} behind {self._library.name}; choose one by its label")
        return cast("pkcs11.Token", found[0])


class CardKey:
    """The key on an unlocked card (the `Signer` of cades.py). Each thread signs in a session of its own."""

    def __init__(
        self,
        facts: Facts,
        key_id: bytes,
        alone: Callable[[], AbstractContextManager[None]],
        first: pkcs11.Session,
        pin: bytearray,
    ) -> None:
        self.facts = facts
        self.key_kind = "rsa" if isinstance(facts.public_key, RSAPublicKey) else "ec"
        self._key_id = key_id
        self._alone = alone
        self._token = first.token
        self._mechanisms: set[Any] = set()
        self._pin = _Uncopied(pin)
        self._sessions = [first]
        self._mine = threading.local()

    def __repr__(self) -> str:
        return f"CardKey({self.key_kind})"

    def sign(self, message: bytes, digest: DigestName = "sha256") -> bytes:
        """Raw signature over the `digest` of `message`; raises Misconfigured when the card is gone or was locked."""
        with self._alone():
            if not self._sessions:
                raise Misconfigured("the card is locked again: its confirmation is over")
            signed = self._sign_here(message, digest)
        if self.key_kind == "rsa":
            return signed
        half = len(signed) // 2
        return encode_dss_signature(int.from_bytes(signed[:half]), int.from_bytes(signed[half:]))

    def close(self) -> None:
        """Close every thread's session, which logs the process out of the card."""
        with _CALLS:
            while self._sessions:
                with suppress(_module().PKCS11Error):  # a card that was pulled out has closed them itself
                    self._sessions.pop().close()

    def _sign_here(self, message: bytes, digest: DigestName) -> bytes:
        key, again = self._key_of_this_thread()
        mechanism = _module().Mechanism
        hashed = hashlib.new(digest, message).digest()
        if self.key_kind == "ec":
            return bytes(key.sign(hashed, mechanism=mechanism.ECDSA, pin=again))
        hashing = mechanism[f"{digest.upper()}_RSA_PKCS"]
        self._mechanisms = self._mechanisms or self._token.slot.get_mechanisms()
        if hashing in self._mechanisms:
            return bytes(key.sign(message, mechanism=hashing, pin=again))
        return bytes(key.sign(_DIGEST_INFO[digest] + hashed, mechanism=mechanism.RSA_PKCS, pin=again))

    def _key_of_this_thread(self) -> tuple[Any, _Uncopied | None]:
        """(key, PIN when the card wants it for every signature: CKA_ALWAYS_AUTHENTICATE)."""
        if not hasattr(self._mine, "key"):
            session = self._token.open()  # the login is the process's, this session shares it
            self._sessions.append(session)
            key = session.get_key(object_class=_module().ObjectClass.PRIVATE_KEY, id=self._key_id)
            self._mine.key = key, self._pin if _asks_each_time(key) else None
        return cast("tuple[Any, _Uncopied | None]", self._mine.key)


class _Uncopied:
    """A PIN as python-pkcs11 takes it: it calls ``encode`` and reads that buffer in place, so there is no copy."""

    def __init__(self, pin: bytearray) -> None:
        self._pin = pin

    def __repr__(self) -> str:
        return "PIN"

    def encode(self, _encoding: str = "utf-8") -> bytearray:
        """The caller's own buffer."""
        return self._pin


def _module() -> ModuleType:
    try:
        import pkcs11  # noqa: PLC0415 - an extra that only a computer with a card needs
    except ImportError as error:
        raise Misconfigured("cards need the extra `card`: pip install 'ibys-integrator[card]'") from error
    return pkcs11


def _tries(token: pkcs11.Token) -> str:
    flag = _module().TokenFlag
    flags = token.slot.get_token().flags  # asked anew: a Token keeps the flags it was made with
    if flags & flag.USER_PIN_LOCKED:
        return "locked"
    if flags & flag.USER_PIN_FINAL_TRY:
        return "final"
    return "low" if flags & flag.USER_PIN_COUNT_LOW else ""


def _tries_now(token: pkcs11.Token) -> str:
    """The same after a failed login, when the library may fail at this too."""
    try:
        return _tries(token)
    except _module().PKCS11Error:
        return ""


def _asks_each_time(key: Any) -> bool:
    p11 = _module()
    try:
        return bool(key[p11.Attribute.ALWAYS_AUTHENTICATE])
    except (p11.AttributeTypeInvalid, p11.AttributeSensitive, p11.AttributeValueInvalid):
        return False


def _certificates(session: pkcs11.Session) -> Iterator[tuple[bytes, Facts]]:
    """(CKA_ID, facts) of every X.509 certificate on the token that can be read."""
    attribute = _module().Attribute
    wanted = {attribute.CLASS: _module().ObjectClass.CERTIFICATE}
    for each in session.get_objects(wanted):
        try:
            yield bytes(each[attribute.ID]), read_certificate(bytes(each[attribute.VALUE]))
        except ValueError:
            continue


def _choose(listed: Iterator[tuple[bytes, Facts]], at: datetime, key_id: str) -> tuple[bytes, Facts]:
    """The certificate to sign with: a person's, for signing, valid at `at`; or the one `key_id` names."""
    fit = [
        (number, facts)
        for number, facts in listed
        if (number.hex() == key_id if key_id else facts.non_repudiation and facts.owner)
        and facts.valid_from <= at <= facts.valid_until
    ]
    if len(fit) == 1:
        return fit[0]
    if not fit:
        raise Misconfigured("no certificate on the card is a person's, made for signing, and valid today")
    named = ", ".join(sorted(number.hex() for number, _ in fit))
    raise Misconfigured(f"{len(fit)} certificates could sign; choose by key id: {named}")
