"""Makes what tests speak about: records, messages, rows. Every identity number here belongs to nobody."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from integrator.catalogue.catalogue import read_catalogue
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.records import Bildirim, Form, Kayit, Submitted
from integrator.intake.read_json import Caps, read_ndjson
from integrator.queue.readings import read_one
from integrator.sign.cades import CadesSigner
from integrator.sign.certificates import TrustStore, der_of, read_certificate
from integrator.sign.keys import Pkcs12Signer
from integrator.sign.trial_pki import Issued
from integrator.store.engine import reading

REPO = Path(__file__).resolve().parents[1]
VECTORS = Path(__file__).parent / "vectors.json"
PROFESSIONAL, WORKER, FOREIGNER = "81234567804", "80000000132", "99000000110"
SGK = "29999010100001230069994000"
KURUM = KurumNo("osgb-1")
FORM = Form("egitim", "2018-10", "soap-g2")
FIRST_NUMBER = 10_000_000_001
SINGLE = (
    b'<?xml version="1.0" encoding="UTF-8"?><EgitimDVO><egitimBildirim><belgeTipi>2</belgeTipi>'
    b"<isgProfTckNo>81234567804</isgProfTckNo><calisanTckNo>80000000132</calisanTckNo><egitimKoduId>240</egitimKoduId>"
    b"<egitimSuresi>40.0</egitimSuresi><egitimTarihi>23-10-2025</egitimTarihi><egitimYer>1</egitimYer>"
    b"<egitimTur>1</egitimTur><sgkTescilNo>29999010100001230069994000</sgkTescilNo>"
    b"<egiticiTckNo>81234567804</egiticiTckNo></egitimBildirim></EgitimDVO>"
)
"""The 443 bytes of the shared vector; a test compares the two where the vector file is at hand."""


@dataclass(frozen=True)
class Pki:
    """A root, the professional's certificate and another person's, all made by a call."""

    root: Issued
    professional: Issued
    stranger: Issued

    def signer(self, issued: Issued | None = None) -> CadesSigner:
        chosen = issued or self.professional
        return CadesSigner(Pkcs12Signer(chosen.key, read_certificate(der_of(chosen.certificate))))

    @property
    def trust(self) -> TrustStore:
        return TrustStore([self.root.certificate])


def tckn(first_nine: int) -> str:
    """The number whose first nine digits are given, by the textbook formula."""
    d = [int(each) for each in f"{first_nine:09}"]
    tenth = ((d[0] + d[2] + d[4] + d[6] + d[8]) * 7 - (d[1] + d[3] + d[5] + d[7])) % 10
    return f"{first_nine:09}{tenth}{(sum(d) + tenth) % 10}"


def workers(count: int) -> list[str]:
    return [tckn(810_000_000 + 7 * each) for each in range(count)]


def record(kayit_no: str = "K-1", **changes: Any) -> dict[str, Any]:
    """A good training record; a change to None drops the field."""
    fields = {
        "id": kayit_no,
        "belgeTipi": 2,
        "isgProfTckNo": PROFESSIONAL,
        "calisan": [WORKER],
        "egitim": [{"egitimKoduId": 240, "egitimSuresi": 40}],
        "egitimTarihi": "2025-10-23",
        "egitimYer": 1,
        "egitimTur": 1,
        "sgkTescilNo": SGK,
        "egiticiTckNo": PROFESSIONAL,
    }
    return {name: value for name, value in {**fields, **changes}.items() if value is not None}


def submitted(*records: Any, caps: Caps | None = None) -> list[Submitted]:
    """The records as intake reads them from NDJSON."""
    lines = "\n".join(json.dumps(each) for each in records).encode()
    return list(read_ndjson(io.BytesIO(lines), caps or Caps()))


def values(**changes: Any) -> dict[str, Any]:
    """The checked Python values of a good record."""
    fields = {
        "belgeTipi": "2",
        "isgProfTckNo": PROFESSIONAL,
        "calisan": [{"calisanTckNo": WORKER}],
        "egitim": [{"egitimKoduId": "240", "egitimSuresi": 40.0}],
        "egitimTarihi": date(2025, 10, 23),
        "egitimYer": "1",
        "egitimTur": "1",
        "sgkTescilNo": SGK,
        "egiticiTckNo": PROFESSIONAL,
    }
    return {**fields, **changes}


def kayit(version: str = "2018-10", **changes: Any) -> Kayit:
    return Kayit("K-1", "egitim", version, date(2025, 10, 23), values(**changes))


def definition(version: str = "2018-10"):
    return read_catalogue().definition("egitim", version)


def bildirim(sorgu_no: int = FIRST_NUMBER, **changes: Any) -> Bildirim:
    facts: dict[str, Any] = {
        "sorgu_no": SorguNo(sorgu_no),
        "kurum": KURUM,
        "kayit_no": f"K-{sorgu_no}",
        "part": 1,
        "form": FORM,
        "parts_total": 1,
        "canonical": SINGLE,
        "cms": b"signature",
        "salt": b"\0" * 16,
    }
    return Bildirim(**{**facts, **changes})


def content_of(gateway: Any, kurum: KurumNo, sorgu_no: int) -> Any:
    """What opens the sealed values of one message."""
    with reading(gateway.database) as tx:
        found = read_one(tx, kurum, SorguNo(sorgu_no))
    return gateway.content(kurum, found["row"]["kayit_no"], found["content_key"])


def codes_of(findings: Iterable[Any]) -> list[str]:
    return sorted(finding.code for finding in findings)
