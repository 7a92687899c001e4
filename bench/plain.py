"""The pipeline a competent developer writes in a week, in good faith, with the libraries everybody uses.

json, a few checks, the XML as a string, pyHanko for CAdES-BES with its key kept loaded, one zeep client with one
kept connection and time-outs, SQLite (WAL, FULL) with a commit before and a commit after each call. Sequential.
It imports nothing of the gateway.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import asn1crypto.tsp  # noqa: F401 - before any CMS object, or signing_certificate_v2 is not known
import requests
import zeep
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from cryptography.x509.oid import NameOID
from pyhanko.sign.signers import Signer

TIMEOUT = 30
FIRST_NUMBER = 20_000_000_001
ORDER = (
    '<?xml version="1.0" encoding="UTF-8"?><EgitimDVO><egitimBildirim><belgeTipi>{belgeTipi}</belgeTipi>'
    "<isgProfTckNo>{isgProfTckNo}</isgProfTckNo>{calisan}{egitim}<egitimTarihi>{egitimTarihi}</egitimTarihi>"
    "<egitimYer>{egitimYer}</egitimYer><egitimTur>{egitimTur}</egitimTur><sgkTescilNo>{sgkTescilNo}</sgkTescilNo>"
    "<egiticiTckNo>{egiticiTckNo}</egiticiTckNo></egitimBildirim></EgitimDVO>"
)
BINDING = "IsgIbysWsSoap11"


class LoadedSigner(Signer):
    """SimpleSigner reads its key anew for every signature; this one keeps it (four times as fast)."""

    def __init__(self, path: Path, pin: bytes) -> None:
        bundle = load_pkcs12(path.read_bytes(), pin)
        certificate = bundle.cert.certificate
        self.owner = certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)[0].value
        self._key = bundle.key
        super().__init__(signing_cert=asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER)))

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: ARG002
        """The bare signature."""
        assert digest_algorithm == "sha256"
        return self._key.sign(data, PKCS1v15(), hashes.SHA256())


class PlainPipeline:
    """Everything made once; `send` is called record by record."""

    def __init__(self, folder: Path, *, wsdl: Path, address: str, firma_kodu: str, parola: str, signers: Path) -> None:
        self._firma = {"firmaKodu": firma_kodu, "parola": parola}
        self._signers = {each.owner: each for each in map(_open_signer, sorted(signers.glob("*.p12")))}
        transport = zeep.Transport(session=requests.Session(), timeout=TIMEOUT, operation_timeout=TIMEOUT)
        client = zeep.Client(str(wsdl), transport=transport, settings=zeep.Settings(strict=True))
        binding = next(name for name in client.wsdl.bindings if name.endswith(BINDING))
        self._service = client.create_service(binding, address)
        self._loop = asyncio.new_event_loop()
        self._database = sqlite3.connect(folder / "plain.sqlite3")
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute(
            "CREATE TABLE bildirim (sorgu_no INTEGER PRIMARY KEY, id TEXT UNIQUE, xml BLOB, imza BLOB, durum TEXT,"
            " cevap TEXT)"
        )

    def close(self) -> None:
        """End the loop and the database."""
        self._loop.close()
        self._database.close()

    def send_file(self, path: Path) -> int:
        """Every record of an NDJSON file; returns how many the ministry accepted."""
        with path.open(encoding="utf-8") as lines:
            return sum(self.send(json.loads(line), FIRST_NUMBER + number) for number, line in enumerate(lines))

    def send(self, record: dict[str, Any], sorgu_no: int) -> bool:
        """Check, sign, write down, call, write down."""
        check(record)
        xml = canonical(record)
        imza = self.sign(record["isgProfTckNo"], xml)
        row = (sorgu_no, record["id"], xml, imza)
        self._database.execute("INSERT INTO bildirim VALUES (?, ?, ?, ?, 'gidiyor', NULL)", row)
        self._database.commit()
        reply = self._service.cokluEgitimBildirimKaydet(egitim=self._dvo(record, sorgu_no, imza), **self._firma)
        is_accepted = reply.status == 200 and all(each.status == 200 for each in reply.basariliKayitBilgisi)
        state = "kabul" if is_accepted else "ret"
        said = f"{reply.status} {reply.message}"
        self._database.execute("UPDATE bildirim SET durum = ?, cevap = ? WHERE sorgu_no = ?", (state, said, sorgu_no))
        self._database.commit()
        return is_accepted

    def sign(self, professional: str, xml: bytes) -> bytes:
        """CAdES-BES, detached, with signing-certificate-v2."""
        signing = self._signers[professional].async_sign_general_data(xml, "sha256", detached=True, use_cades=True)
        return self._loop.run_until_complete(signing).dump()

    def _dvo(self, record: dict[str, Any], sorgu_no: int, imza: bytes) -> dict[str, Any]:
        return {
            "belgeTipi": record["belgeTipi"],
            "calisan": [{"calisanTckNo": int(worker)} for worker in record["calisan"]],
            "egiticiTckNo": int(record["egiticiTckNo"]),
            "egitim": record["egitim"],
            "egitimTarihi": day_of(record),
            "egitimTur": record["egitimTur"],
            "egitimYer": record["egitimYer"],
            "firmaKodu": self._firma["firmaKodu"],
            "imzaliDeger": base64.b64encode(imza).decode(),
            "isgProfTckNo": int(record["isgProfTckNo"]),
            "sgkTescilNo": record["sgkTescilNo"],
            "sorguNo": sorgu_no,
        }


def _open_signer(path: Path) -> LoadedSigner:
    return LoadedSigner(path, path.with_suffix(".pin").read_bytes().strip())


def check(record: dict[str, Any]) -> None:
    """The simple rules; raises ValueError."""
    for person in (record["isgProfTckNo"], record["egiticiTckNo"], *record["calisan"]):
        if not is_tckn(person):
            raise ValueError("TC kimlik no")
    if not (len(record["sgkTescilNo"]) == 26 and record["sgkTescilNo"].isdigit()):
        raise ValueError("SGK tescil no")
    if not (0 < len(record["calisan"]) <= 100 and 0 < len(record["egitim"]) <= 10):
        raise ValueError("liste")


def is_tckn(text: str) -> bool:
    """Eleven digits with right check digits."""
    if len(text) != 11 or not text.isdigit() or text[0] == "0":
        return False
    d = [int(each) for each in text]
    return (7 * sum(d[0:9:2]) - sum(d[1:8:2])) % 10 == d[9] and sum(d[:10]) % 10 == d[10]


def day_of(record: dict[str, Any]) -> str:
    """The day as the ministry writes it."""
    return date.fromisoformat(record["egitimTarihi"]).strftime("%d-%m-%Y")


def canonical(record: dict[str, Any]) -> bytes:
    """The XML that is signed, in the list form."""
    workers = sorted(record["calisan"], key=int)
    trainings = sorted(record["egitim"], key=lambda each: each["egitimKoduId"])
    listed = "".join(f"<calisan><calisanTckNo>{each}</calisanTckNo></calisan>" for each in workers)
    taught = "".join(
        f"<egitim><egitimKoduId>{each['egitimKoduId']}</egitimKoduId>"
        f"<egitimSuresi>{float(each['egitimSuresi'])}</egitimSuresi></egitim>"
        for each in trainings
    )
    return ORDER.format(**{**record, "calisan": listed, "egitim": taught, "egitimTarihi": day_of(record)}).encode()
