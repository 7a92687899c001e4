"""Master keys that this machine cannot read: behind a PKCS#11 library, or behind a command of the operator's.

Both bind a wrapped key to its place by what is wrapped: ``sha256(place + key) || key``. A value that was changed, or
belongs to another row, does not fit its digest.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from integrator.domain.errors import Misconfigured, Unavailable
from integrator.protect.master import MasterKey

REPLY_BYTES = 65_536
SILENT_FOR = timedelta(seconds=5)
"""After a silence whoever asks is told at once: they come one after the other, and each would wait its whole time."""
_DIGEST = 32
_IV = 16


def _bound(key: bytes, place: bytes) -> bytes:
    return sha256(place + key).digest() + key


def _unbound(value: bytes, place: bytes) -> bytes:
    digest, key = value[:_DIGEST], value[_DIGEST:]
    if not hmac.compare_digest(digest, sha256(place + key).digest()):
        raise Misconfigured("a data key was wrapped by another master key, or belongs to another row of data_key")
    return key


class CommandMaster:
    """A program of the operator's that reaches a KMS: no shell, one JSON object in, one out.

    In: ``{"act": "wrap" | "unwrap", "value": base64}``. Out: ``{"value": base64}`` and exit code 0. Which of the KMS's
    keys wraps is the KMS's to know; to replace it, replace it there and then say `ibys keys rotate --master`.
    """

    def __init__(self, argv: Sequence[str], *, timeout: timedelta) -> None:
        self._argv = list(argv)
        self._timeout = timeout
        self._silent_until = 0.0

    def wrap(self, key: bytes, place: bytes) -> bytes:
        """`key` encrypted for `place`, after a look that it opens again: what rubbish wrapped is lost for good."""
        wrapped = self._call("wrap", _bound(key, place))
        if self.unwrap(wrapped, place) != key:
            raise Misconfigured(f"{self._name}: does not open what it wrapped; nothing was changed {_SET}")
        return wrapped

    def unwrap(self, wrapped: bytes, place: bytes) -> bytes:
        """The key inside; raises Misconfigured, Unavailable."""
        return _unbound(self._call("unwrap", wrapped), place)

    def ready(self) -> MasterKey:
        """Itself: the KMS has its key."""
        return self

    def successor(self) -> MasterKey:
        """The KMS wraps by its newest key."""
        return self

    def enthrone(self, day: date) -> None:
        """Nothing to do here."""

    def held(self) -> MasterKey:
        """Itself."""
        return self

    @property
    def _name(self) -> str:
        return Path(self._argv[0]).name

    def _call(self, act: str, value: bytes) -> bytes:
        if time.monotonic() < self._silent_until:
            raise self._silence()
        told = json.dumps({"act": act, "value": base64.b64encode(value).decode()}).encode()
        try:
            code, reply = self._answer(told)
        except OSError as error:
            raise Misconfigured(f"{self._name}: cannot be started ({error.strerror}) {_SET}") from error
        if code is None:
            self._silent_until = time.monotonic() + SILENT_FOR.total_seconds()
            raise self._silence()
        if len(reply) > REPLY_BYTES:
            raise Misconfigured(f"{self._name}: answered more than {REPLY_BYTES} bytes; nothing was changed {_SET}")
        if code:
            raise Unavailable(f"{self._name}: exit code {code}; try it by hand; nothing was changed {_SET}")
        try:
            return base64.b64decode(json.loads(reply)["value"], validate=True)
        except (ValueError, KeyError, TypeError) as error:
            wanted = '{"value": base64}'
            raise Misconfigured(f"{self._name}: {wanted} is wanted, it printed something else {_SET}") from error

    def _silence(self) -> Unavailable:
        wait = f"{self._timeout.total_seconds():g} s"
        return Unavailable(f"{self._name}: no answer in {wait}; is the KMS there? nothing was changed {_SET}")

    def _answer(self, told: bytes) -> tuple[int | None, bytes]:
        """(exit code, or None when its time was over; what it printed, up to a little more than is allowed)."""
        over = threading.Event()
        with subprocess.Popen(  # noqa: S603 - the operator's own words from the settings, and no shell
            self._argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # so that whatever it started ends with it
        ) as process:

            def time_is_over() -> None:
                over.set()
                _end(process)

            timer = threading.Timer(self._timeout.total_seconds(), time_is_over)
            timer.start()
            try:
                reply = _exchanged(process, told)
            finally:
                _end(process)
                timer.cancel()
        return (None if over.is_set() else process.returncode), reply


_SET = "(keys.master_command)"


def _exchanged(process: subprocess.Popen[bytes], told: bytes) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError), process.stdin:  # one that ended without listening is told by its exit code
        process.stdin.write(told)
    reply = process.stdout.read(REPLY_BYTES + 1)
    if len(reply) <= REPLY_BYTES:
        process.wait()
    return reply


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command, when it has not ended, and what it left behind."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


_CALLS = threading.RLock()


class Pkcs11Master:
    """AES-256 keys on a token, named by a label; the one with the highest CKA_ID wraps, any of them opens.

    A wrapped key is ``id(2) iv(16) ciphertext`` (CKM_AES_CBC_PAD); its digest inside makes up for the mode's silence.
    """

    def __init__(self, library: Path, *, token_label: str, key_label: str, pin_file: Path) -> None:
        self._library = library
        self._token_label = token_label
        self._key_label = key_label
        self._pin_file = pin_file

    def wrap(self, key: bytes, place: bytes) -> bytes:
        """`key` encrypted for `place` by the newest key on the token."""
        iv = secrets.token_bytes(_IV)
        with self._session() as session:
            number, master = max(self._keys(session), key=lambda each: each[0])
            return number.to_bytes(2, "big") + iv + bytes(master.encrypt(_bound(key, place), mechanism_param=iv))

    def unwrap(self, wrapped: bytes, place: bytes) -> bytes:
        """The key inside; raises Misconfigured when the token has not the key that wrapped it."""
        number, iv, body = int.from_bytes(wrapped[:2], "big"), wrapped[2 : 2 + _IV], wrapped[2 + _IV :]
        with self._session() as session:
            found = [master for named, master in self._keys(session) if named == number]
            if not found:
                raise Misconfigured(f"the token has no key {self._key_label!r} with the id {number}: restore it there")
            return _unbound(bytes(found[0].decrypt(body, mechanism_param=iv)), place)

    def ready(self) -> MasterKey:
        """Itself, with a first key when the token has none."""
        with self._session() as session:
            is_empty = not self._keys(session, may_be_none=True)
        return self.successor() if is_empty else self

    def successor(self) -> MasterKey:
        """A fresh key on the token, which never leaves it."""
        p11 = _module()
        with self._session(writing=True) as session:
            number = max((each for each, _ in self._keys(session, may_be_none=True)), default=0) + 1
            kept = {p11.Attribute.EXTRACTABLE: False, p11.Attribute.SENSITIVE: True}
            session.generate_key(
                p11.KeyType.AES, 256, id=number.to_bytes(2, "big"), label=self._key_label, store=True, template=kept
            )
        return self

    def enthrone(self, day: date) -> None:
        """The newest key wraps already; old ones stay on the token for backups from before."""

    def held(self) -> MasterKey:
        """Itself."""
        return self

    @contextmanager
    def _session(self, *, writing: bool = False) -> Iterator[Any]:
        p11 = _module()
        try:
            pin = self._pin_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Misconfigured(f"{self._pin_file}: cannot be read ({error.strerror})") from error
        with _CALLS:
            try:
                token = p11.lib(os.fspath(self._library)).get_token(token_label=self._token_label)
                with token.open(rw=writing, user_pin=pin) as session:
                    yield session
            except p11.PKCS11Error as error:
                told = f"{self._library.name}: {type(error).__name__}: is the token there, and the PIN right?"
                settings = "(keys.master_pkcs11_library, _token, _pin_file)"
                kind = Unavailable if type(error).__name__ in _GONE else Misconfigured
                raise kind(f"{told} nothing was changed {settings}") from error
            except RuntimeError as error:  # the library itself cannot be loaded
                raise Misconfigured(f"{self._library.name}: is no PKCS#11 library") from error

    def _keys(self, session: Any, *, may_be_none: bool = False) -> list[tuple[int, Any]]:
        p11 = _module()
        wanted = {p11.Attribute.CLASS: p11.ObjectClass.SECRET_KEY, p11.Attribute.LABEL: self._key_label}
        found = [(int.from_bytes(each[p11.Attribute.ID], "big"), each) for each in session.get_objects(wanted)]
        if not found and not may_be_none:
            raise Misconfigured(f"the token holds no AES key with the label {self._key_label!r}: make one there first")
        return found


_GONE = frozenset(
    [
        "NoSuchToken",
        "TokenNotPresent",
        "SlotIDInvalid",
        "DeviceRemoved",
        "DeviceError",
        "SessionClosed",
        "SessionHandleInvalid",
    ]
)
"""What a token says that was taken out: it may come back. A PIN that is wrong does not become right by itself."""


def _module() -> Any:
    try:
        import pkcs11  # noqa: PLC0415 - an extra that only a gateway with a token needs
    except ImportError as error:
        raise Misconfigured("a token wants the extra `card`: pip install 'ibys-integrator[card]'") from error
    return pkcs11
