"""From the options of a run to a ministry address: its faces, credentials and people."""

from __future__ import annotations

import secrets
import tomllib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from integrator.conformance.adapter import METOT
from integrator.conformance.people import FIRMA_KODU, PROFESSIONALS
from integrator.conformance.run import Address
from integrator.conformance.signer import Authority, Issued
from integrator.conformance.soap import Credentials
from integrator.conformance.stub import Control


class BadAddress(Exception):
    """The options do not say enough about the ministry; the text says what is missing."""


def open_address(url: str, *, control: str, people: Path | None, faces: Sequence[str], now: datetime) -> Address:
    """Faces lie at ``URL/metot`` unless ``METOT=URL`` says otherwise. Without a control port `people` is wanted."""
    told = dict(face.split("=", 1) for face in faces if "=" in face)
    if len(told) != len(faces) or not set(told) <= set(METOT):
        raise BadAddress(f"--face: METOT=URL is wanted, METOT one of {', '.join(METOT)}")
    places = told or {metot: f"{url.rstrip('/')}/{metot}" for metot in METOT}
    authority = Authority(now)
    if control:
        return Address(places, Control(control), Credentials(FIRMA_KODU, secrets.token_hex(8)), authority)
    if people is None:
        raise BadAddress("without --control the ministry cannot be taught anybody: --people FILE is wanted (README)")
    return _with_people(places, authority, people)


def _with_people(places: dict[str, str], authority: Authority, path: Path) -> Address:
    """People, firm and keys that the ministry's test environment gave; paths are relative to the file."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        kodu, parola = ((path.parent / raw["firma"][name]).read_text("utf-8").strip() for name in ("kodu", "parola"))
        numbers = {str(name): str(number) for name, number in raw["numbers"].items()}
        for name, key in raw["signers"].items():
            authority.adopt(numbers.get(name, PROFESSIONALS.get(name, "")), _read_key(path.parent, key))
    except (OSError, ValueError, KeyError) as error:
        raise BadAddress(f"{path}: {type(error).__name__}: {error}") from error
    return Address(places, None, Credentials(kodu, parola), authority, numbers)


def _read_key(folder: Path, told: dict[str, Any]) -> Issued:
    pin = (folder / told["pin"]).read_text("utf-8").strip().encode()
    bundle = load_pkcs12((folder / told["p12"]).read_bytes(), pin)
    if not isinstance(bundle.key, RSAPrivateKey) or bundle.cert is None:
        raise ValueError(f"{told['p12']}: an RSA key with its certificate is wanted")
    return Issued(bundle.key, bundle.cert.certificate)
