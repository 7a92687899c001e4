"""A real stub in its own process, real HTTP, signatures by openssl: no code shared with the gateway."""

import base64
import json
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from lxml import etree

FIRMA_KODU, PAROLA = "ABCDEF12345", "toy-password"
SGK = "29999010100001230069994000"
UZMAN, STRANGER = 80000000132, 81234567804
CALISAN, CALISAN_2, NOT_ON_ROSTER = 99000000110, 99876543292, 10000000146
REPO = Path(__file__).resolve().parents[3]
SAVES = {
    "soap-g1": "egitimBildirimKaydet",
    "soap-g2": "cokluEgitimBildirimKaydet",
    "soap-g3": "egitimBildirimKaydet",
}
NAMESPACES = {one: etree.parse(REPO / f"schemas/{one}/ibys.wsdl").getroot().get("targetNamespace") for one in SAVES}
NAMESPACE = NAMESPACES["soap-g2"]
PERSONALITY = {
    "dress": "metro",
    "repeats": "refused",
    "g3_numbers": "server",
    "g3_answers": "accepted",
    "g1_unsigned": "refused",
    "processing_seconds": 0,
    "hizmet_kaydi": "unchecked",
}
TRAINING = "/egitimBilgisiIslemleri/egitimBilgisiBildir"
ENVELOPES = {
    "1.1": ("http://schemas.xmlsoap.org/soap/envelope/", "text/xml; charset=utf-8"),
    "1.2": ("http://www.w3.org/2003/05/soap-envelope", "application/soap+xml; charset=utf-8"),
}
PARTIES: dict[str, Any] = {
    "firmalar": [{"firma_kodu": FIRMA_KODU, "parola": PAROLA, "aktif": True}],
    "isyerleri": [
        {
            "sgk_tescil_no": SGK,
            "ad_unvan": "Örnek İnşaat & Ticaret",
            "nace_kodu": "41.00.01",
            "tehlike_sinifi": "Çok Tehlikeli",
            "calisanlar": [str(CALISAN), str(CALISAN_2)],
        }
    ],
    "profesyoneller": [{"tckn": str(UZMAN), "belge_tipi": 2}],
    "sozlesmeler": [{"profesyonel": str(UZMAN), "sgk_tescil_no": SGK, "durum": "Onaylandı", "baslangic": "2018-10-20"}],
    "egitim_kodlari": [
        *({"kodu": kodu, "aciklama": f"Konu {kodu}", "aktif": 1} for kodu in range(240, 260)),
        {"kodu": 24, "aciklama": "Eski konu", "aktif": 0},
    ],
}


@dataclass
class Notification:
    """The wire fields of one message, changed at will before it is signed and sent."""

    sorgu_no: int = 1
    belge_tipi: int = 2
    uzman: int = UZMAN
    calisan: list[int] = field(default_factory=lambda: [CALISAN])
    egitim: list[tuple[int, float]] = field(default_factory=lambda: [(240, 40.0)])
    tarih: str = "23-10-2018"
    sgk: str = SGK
    firma_kodu: str = FIRMA_KODU
    parola: str = PAROLA
    generation: str = "soap-g2"

    def xml(self) -> bytes:
        """What is to be signed, spelled out here a second time."""
        calisan, egitim = self._lists(sorted)
        return (
            '<?xml version="1.0" encoding="UTF-8"?><EgitimDVO><egitimBildirim>'
            f"<belgeTipi>{self.belge_tipi}</belgeTipi><isgProfTckNo>{self.uzman}</isgProfTckNo>{calisan}{egitim}"
            f"<egitimTarihi>{self.tarih}</egitimTarihi><egitimYer>1</egitimYer><egitimTur>0</egitimTur>"
            f"<sgkTescilNo>{self.sgk}</sgkTescilNo><egiticiTckNo>{UZMAN}</egiticiTckNo>"
            "</egitimBildirim></EgitimDVO>"
        ).encode()

    def _lists(self, order: Callable[[Any], Any]) -> tuple[str, str]:
        calisanlar = [f"<calisanTckNo>{one}</calisanTckNo>" for one in order(self.calisan)]
        egitimler = [
            f"<egitimKoduId>{kodu}</egitimKoduId><egitimSuresi>{sure}</egitimSuresi>"
            for kodu, sure in order(self.egitim)
        ]
        if self.generation == "soap-g1":
            return "".join(calisanlar), "".join(egitimler)
        return (
            "".join(f"<calisan>{one}</calisan>" for one in calisanlar),
            "".join(f"<egitim>{one}</egitim>" for one in egitimler),
        )

    def body(self) -> dict[str, Any]:
        """The fields in generation 4."""
        ((kodu, sure),) = self.egitim
        return {
            "sertifikaTipi": self.belge_tipi,
            "isgProfTcKNo": self.uzman,
            "egitimKodu": str(kodu),
            "egitimSuresi": sure,
            "egitimTarihi": self.tarih.replace("-", "."),
            "egitimYeri": 1,
            "egitimYontemi": 0,
            "egiticiTcKNo": UZMAN,
            "isyeriSgkSicilNo": self.sgk,
            "calisanTcKNo": self.calisan[0],
            "zamanDamgasi": "2026-06-01T09:00:00.000",
            "imzalayanKimlikNo": self.uzman,
        }

    def operation(self, imzali_deger: str) -> str:
        """The SOAP operation that carries it."""
        calisan, egitim = self._lists(list)
        save = SAVES[self.generation]
        return (
            f'<n:{save} xmlns:n="{NAMESPACES[self.generation]}"><egitim>'
            f"<belgeTipi>{self.belge_tipi}</belgeTipi>"
            f"{calisan}<egiticiTckNo>{UZMAN}</egiticiTckNo>{egitim}<egitimTarihi>{self.tarih}</egitimTarihi>"
            f"<egitimTur>0</egitimTur><egitimYer>1</egitimYer><imzaliDeger>{imzali_deger}</imzaliDeger>"
            f"<isgProfTckNo>{self.uzman}</isgProfTckNo><sgkTescilNo>{self.sgk}</sgkTescilNo>"
            f"<sorguNo>{self.sorgu_no}</sorguNo></egitim><firmaKodu>{self.firma_kodu}</firmaKodu>"
            f"<parola>{self.parola}</parola></n:{save}>"
        )


def envelope(operation: str, version: str = "1.1") -> bytes:
    return (f'<S:Envelope xmlns:S="{ENVELOPES[version][0]}"><S:Body>{operation}</S:Body></S:Envelope>').encode()


class Signer:
    """A person with a key and a certificate; signs with `openssl cms`."""

    def __init__(self, folder: Path, number: int | None, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> None:
        self.folder, self.key = folder, key
        self.certificate = certificate_for(key, number)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        folder.mkdir(parents=True)
        (folder / "key.pem").write_bytes(pem)
        (folder / "certificate.pem").write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def sign(self, content: bytes, *options: str, cades: bool = True) -> str:
        """base64 of the CMS over `content`."""
        command = ["openssl", "cms", "-sign", *(["-cades"] if cades else []), "-binary", "-outform", "DER"]
        command += [
            "-md",
            "sha256",
            "-nosmimecap",
            "-signer",
            "certificate.pem",
            "-inkey",
            "key.pem",
            *options,
        ]
        run = subprocess.run(command, cwd=self.folder, input=content, capture_output=True, check=True)
        return base64.b64encode(run.stdout).decode()


def certificate_for(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, number: int | None) -> x509.Certificate:
    names = [x509.NameAttribute(NameOID.COMMON_NAME, "Deneme Kişisi")]
    if number is not None:
        names.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, str(number)))
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(x509.Name(names)).issuer_name(x509.Name(names))
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
    return builder.sign(key, hashes.SHA256())


class Stub:
    """One running stub and the little that is needed to talk to it."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "integrator.ministry", "serve", *options]
        self.process = subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.ready = json.loads(self.process.stdout.readline())
        self.url, self.control_url = self.ready["soap_g2"], self.ready["control"]
        self.port = int(urlsplit(self.url).port or 0)

    def control(self, method: str, path: str, content: Any = None) -> Any:
        body = content if isinstance(content, bytes) else None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self.control_url + path, data=body, method=method)
        with urllib.request.urlopen(request, timeout=5) as reply:
            return json.loads(reply.read())

    def reset(self) -> None:
        self.control("POST", "/reset", {"parties": True})
        self.control("PUT", "/personality", PERSONALITY)
        self.control("PUT", "/faults", {"set": "none", "slow_seconds": 0.4, "latency": 0})
        self.control("PUT", "/parties", PARTIES)

    def script(self, fault: str, **where: Any) -> None:
        self.control("PUT", "/faults", {"scripts": [{"fault": fault, **where}]})

    def raw(self, octets: bytes, seconds: float = 3.0) -> bytes:
        """Send bytes on a fresh connection; everything that comes back until it ends or `seconds` pass."""
        received = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(octets)
            try:
                while chunk := connection.recv(65536):
                    received += chunk
            except TimeoutError:
                pass
        return received

    def post(self, body: bytes, version: str = "1.1", seconds: float = 3.0, generation: str = "soap-g2") -> bytes:
        """The whole raw reply to one POST that asks for the connection to be closed."""
        return self.raw(http_post(body, ENVELOPES[version][1], f"/{generation}"), seconds)

    def call(self, operation: str, version: str = "1.1", generation: str = "soap-g2") -> list[etree._Element]:
        """The `return` elements of the answer to one operation."""
        reply = self.post(envelope(operation, version), version, generation=generation)
        return etree.fromstring(reply.partition(b"\r\n\r\n")[2]).findall(".//return")

    def save(self, message: Notification, imzali_deger: str) -> etree._Element:
        (answer,) = self.call(message.operation(imzali_deger), generation=message.generation)
        return answer

    def ask(self, *told: str, parola: str = PAROLA) -> list[tuple[str | None, int, str | None]]:
        """Generation 3: number, code and text of each row for these numbers."""
        numbers = "".join(f"<sorguNo>{one}</sorguNo>" for one in told)
        rows = self.call(
            f'<n:egitimBildirimSorgula xmlns:n="{NAMESPACES["soap-g3"]}">{numbers}<firmaKodu>{FIRMA_KODU}</firmaKodu>'
            f"<parola>{parola}</parola></n:egitimBildirimSorgula>",
            generation="soap-g3",
        )
        return [(row.findtext("sorguNo"), int(row.findtext("status") or 0), row.findtext("message")) for row in rows]

    def notify(self, content: Any, path: str = TRAINING, parola: str = PAROLA) -> tuple[int, dict[str, str]]:
        """Generation 4, through urllib: HTTP status and the JSON answered."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        request = urllib.request.Request(f"{self.ready['json_g4']}{path}", data=body, headers=json_headers(parola))
        try:
            with urllib.request.urlopen(request, timeout=5) as reply:
                return reply.status, json.loads(reply.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def final_code(self, message: Notification, imzali_deger: str) -> int:
        """What a message comes to in its generation: at once, by a query after acceptance, or as `sonuc`."""
        if message.generation == "json-g4":
            sonuc = self.notify(message.body(), parola=message.parola)[1]["sonuc"]
            return 200 if sonuc == "1" else int(sonuc)
        answer = self.save(message, imzali_deger)
        status, told = int(answer.findtext("status") or 0), answer.findtext("sorguNo")
        if message.generation != "soap-g3" or status != 200:
            return status
        ((_, status, _),) = self.ask(told or "")
        return status

    def query(self, sorgu_no: int = 0, calisan: int = 0, uzman: int = 0, parola: str = PAROLA) -> list[etree._Element]:
        return self.call(
            f'<n:egitimBildirimSorgula xmlns:n="{NAMESPACE}"><EgitimBildirimSorguDVO>'
            f"<calisanTckNo>{calisan}</calisanTckNo><isgProfTckNo>{uzman}</isgProfTckNo>"
            f"<sorguNo>{sorgu_no}</sorguNo></EgitimBildirimSorguDVO><firmaKodu>{FIRMA_KODU}</firmaKodu>"
            f"<parola>{parola}</parola></n:egitimBildirimSorgula>"
        )

    def effects(self) -> list[dict[str, Any]]:
        effects: list[dict[str, Any]] = self.control("GET", "/ledger")["effects"]
        return effects

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=5)


def json_headers(parola: str = PAROLA) -> dict[str, str]:
    token = base64.b64encode(f"{FIRMA_KODU}:{parola}".encode()).decode()
    return {"Content-Type": "application/json", "Authorization": f"Basic {token}"}


def http_post(body: bytes, content_type: str, path: str = "/soap-g2") -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\n"
        f'SOAPAction: ""\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n'
    )
    return head.encode() + body


@pytest.fixture(scope="session")
def toy() -> SimpleNamespace:
    """The names of this file, whatever import mode pytest runs in: a module called conftest is not unique."""
    return SimpleNamespace(**globals())


@pytest.fixture(scope="session")
def running_stub() -> Iterator[Stub]:
    stub = Stub("--seed", "7")
    yield stub
    stub.stop()


@pytest.fixture
def stub(running_stub: Stub) -> Stub:
    running_stub.reset()
    return running_stub


@pytest.fixture
def own_stub() -> Iterator[Callable[..., Stub]]:
    started: list[Stub] = []

    def start(*options: str) -> Stub:
        started.append(Stub(*options))
        started[-1].reset()
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.stop()


@pytest.fixture(scope="session")
def signers(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Signer]:
    if shutil.which("openssl") is None:
        warnings.warn("openssl is missing: NO SIGNATURE OF THE MINISTRY STUB IS TESTED", stacklevel=1)
        pytest.skip("openssl is missing: NO SIGNATURE OF THE MINISTRY STUB IS TESTED")
    folder, made = tmp_path_factory.mktemp("signers"), dict[str, Signer]()

    def signer(number: int | None = UZMAN, kind: str = "rsa2048") -> Signer:
        name = f"{number}-{kind}"
        if name not in made:
            key = (
                rsa.generate_private_key(65537, int(kind[3:]))
                if kind.startswith("rsa")
                else ec.generate_private_key(ec.SECP256R1())
            )
            made[name] = Signer(folder / name, number, key)
        return made[name]

    return signer


@pytest.fixture(scope="session")
def uzman(signers: Callable[..., Signer]) -> Signer:
    return signers(UZMAN)
