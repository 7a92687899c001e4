"""Makes SoftHSM2 tokens for the tests of cards: a folder, a configuration, tokens with a key and its certificate.

Where SoftHSM2 is missing the tests that need it are skipped with a NOTICE; `.ci/system-packages` installs it where it
can. Filling a token happens in a process of its own, so that this one loads the library only when a test does.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from integrator.domain.errors import Misconfigured
from integrator.sign.certificates import der_of
from integrator.sign.pkcs11 import find_library
from integrator.sign.trial_pki import Issued

REPO = Path(__file__).resolve().parents[1]


def require_softhsm() -> Path:
    """The library; skips the test with a NOTICE where it or its tool is missing."""
    try:
        library = find_library("softhsm")
    except Misconfigured:
        library = None
    if library is None or shutil.which("softhsm2-util") is None:
        pytest.skip("NOTICE: SoftHSM2 is not installed, so nothing was signed with a card here (.ci/system-packages)")
    return library


def new_pin() -> str:
    """Sixteen digits that occur nowhere by chance."""
    return str(10**15 + secrets.randbelow(9 * 10**15))


@dataclass
class SoftHsm:
    """A folder with tokens. `pins` is label -> PIN."""

    folder: Path
    library: Path
    settings: str = ""
    pins: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "tokens").mkdir(parents=True)
        lines = [f"directories.tokendir = {self.folder / 'tokens'}", "objectstore.backend = file", "log.level = ERROR"]
        self.conf.write_text("\n".join([*lines, self.settings, ""]))

    @property
    def conf(self) -> Path:
        return self.folder / "softhsm2.conf"

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "SOFTHSM2_CONF": str(self.conf)}

    def make(self, label: str, *issued: Issued, always_authenticate: bool = False) -> str:
        """A token with a key and certificate each; returns its PIN."""
        pin = self.pins[label] = new_pin()
        made = ["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", new_pin(), "--pin", pin]
        subprocess.run(made, env=self.environment, check=True, capture_output=True, timeout=60)
        told = {
            "library": str(self.library),
            "label": label,
            "pin": pin,
            "always": always_authenticate,
            "keys": [_key(each) for each in issued],
        }
        self.call(_FILL, told)
        return pin

    def flags(self, label: str) -> list[str]:
        """The token's flags as a process sees them that never touched it."""
        return self.call(_FLAGS, {"library": str(self.library), "label": label})

    def call(self, script: str, told: object) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", script],
            input=json.dumps(told),
            env=self.environment,
            cwd=REPO,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()


@contextmanager
def in_this_process(hsm: SoftHsm) -> Iterator[SoftHsm]:
    """The library of this process sees the tokens of `hsm`, and afterwards those that it saw before."""
    import pkcs11

    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(hsm.conf)
    pkcs11.unload(str(hsm.library))  # whoever wants it next loads it anew, and it reads its configuration
    yield hsm
    os.environ.pop("SOFTHSM2_CONF")
    if before is not None:
        os.environ["SOFTHSM2_CONF"] = before
    pkcs11.unload(str(hsm.library))


def _key(issued: Issued) -> dict[str, str]:
    rsa = isinstance(issued.key, RSAPrivateKey)
    der = issued.key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    certificate = base64.b64encode(der_of(issued.certificate)).decode()
    return {"kind": "rsa" if rsa else "ec", "key": base64.b64encode(der).decode(), "certificate": certificate}


_FILL = """
import base64, json, sys
import pkcs11
from pkcs11 import Attribute, CertificateType, ObjectClass
from pkcs11.util import ec, rsa
told = json.load(sys.stdin)
token = pkcs11.lib(told["library"]).get_token(token_label=told["label"])
with token.open(rw=True, user_pin=told["pin"]) as session:
    for place, each in enumerate(told["keys"], 1):
        read = rsa.decode_rsa_private_key if each["kind"] == "rsa" else ec.decode_ec_private_key
        both = {Attribute.TOKEN: True, Attribute.ID: bytes([place]), Attribute.LABEL: "key"}
        key = {**read(base64.b64decode(each["key"])), **both, Attribute.SIGN: True, Attribute.SENSITIVE: True}
        if told["always"]:
            key[Attribute.ALWAYS_AUTHENTICATE] = True
        session.create_object({**key, Attribute.PRIVATE: True, Attribute.EXTRACTABLE: False})
        der = base64.b64decode(each["certificate"])
        from asn1crypto.x509 import Certificate
        parsed = Certificate.load(der)
        named = {Attribute.SUBJECT: parsed.subject.dump(), Attribute.ISSUER: parsed.issuer.dump()}
        kind = {Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.CERTIFICATE_TYPE: CertificateType.X_509}
        session.create_object({**both, **kind, **named, Attribute.VALUE: der, Attribute.PRIVATE: False})
"""

_FLAGS = """
import json, sys
import pkcs11
told = json.load(sys.stdin)
token = pkcs11.lib(told["library"]).get_token(token_label=told["label"])
print(*[flag.name for flag in pkcs11.TokenFlag if flag in token.flags])
"""
