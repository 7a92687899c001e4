from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from integrator.log import set_up_log
from integrator.sign.trial_pki import issue_signer, make_root
from tests.factories import FOREIGNER, PROFESSIONAL
from tests.softhsm import SoftHsm, require_softhsm

NOW = datetime.now(UTC) - timedelta(minutes=5)


@dataclass(frozen=True)
class Cards:
    hsm: SoftHsm
    root: object

    def pin(self, label: str) -> bytearray:
        return bytearray(self.hsm.pins[label].encode())


@pytest.fixture(autouse=True)
def _quiet():
    set_up_log(level="ERROR")
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def cards(tmp_path_factory):
    """Tokens made before this process loads the library, because it looks for tokens once."""
    hsm = SoftHsm(tmp_path_factory.mktemp("hsm") / "softhsm", require_softhsm())
    root = make_root(now=NOW)

    def issued(key="p-256", owner=PROFESSIONAL, **facts):
        return issue_signer(root, owner, now=NOW, key=key, **facts)

    for key in ("rsa-2048", "rsa-3072", "p-256", "p-384"):
        hsm.make(key, issued(key))
    hsm.make("asks-each-time", issued("rsa-2048"), always_authenticate=True)
    hsm.make("mistyped", issued())
    hsm.make("mistyped-again", issued())
    hsm.make("two", issued(), issued())
    hsm.make("one-of-two", issued(non_repudiation=False), issued())
    hsm.make("expired", issued(valid=(-30, -1)))
    hsm.make("foreigner", issued(owner=FOREIGNER))
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(hsm.conf)
    yield Cards(hsm, root)
    os.environ.pop("SOFTHSM2_CONF")
    if before:
        os.environ["SOFTHSM2_CONF"] = before
