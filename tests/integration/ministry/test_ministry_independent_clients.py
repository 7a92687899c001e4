"""Three SOAP clients that nobody here wrote, every operation, through the served WSDL: zeep, suds and npm's soap.

suds speaks SOAP 1.1 only; the other two speak both versions.
"""

import hashlib
import json
import os
import shutil
import subprocess
import warnings
from pathlib import Path

import pytest
import zeep
from suds.client import Client as SudsClient
from suds.sudsobject import asdict
from zeep.helpers import serialize_object
from zeep.transports import Transport

HERE = Path(__file__).parent / "npm_soap"
NPM_SECONDS = 120
PORTS = {"1.1": "IsgIbysWsSoap11Port", "1.2": "IsgIbysWsSoap12Port"}
ENVELOPES = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope"}
SAVES = {"soap-g1": "egitimBildirimKaydet", "soap-g2": "cokluEgitimBildirimKaydet", "soap-g3": "egitimBildirimKaydet"}


class Zeep:
    def __init__(self, wsdl, version):
        client = zeep.Client(wsdl, transport=Transport(operation_timeout=5))
        self._service = client.bind("IsgIbysWsService", PORTS[version])

    def __call__(self, operation, args):
        return serialize_object(self._service[operation](**args), dict)


class Suds:
    def __init__(self, wsdl, version):
        self._client = SudsClient(wsdl, cache=None, timeout=5, port=PORTS[version])

    def __call__(self, operation, args):
        return plain(getattr(self._client.service, operation)(**args))


def plain(found):
    if isinstance(found, list):
        return [plain(one) for one in found]
    return {name: plain(one) for name, one in asdict(found).items()} if hasattr(found, "__keylist__") else found


class Npm:
    def __init__(self, process, wsdl, version):
        self._process, self._told = process, {"wsdl": wsdl, "port": PORTS[version]}
        self._envelope = ENVELOPES[version]

    def __call__(self, operation, args):
        self._process.stdin.write(json.dumps(self._told | {"operation": operation, "args": args}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer
        assert self._envelope in answer["sent"]
        return (answer["result"] or {}).get("return")


def absent(why):
    warnings.warn(f"{why}: THE STUB IS NOT TESTED WITH THE NPM CLIENT", stacklevel=2)
    pytest.skip(f"{why}: THE STUB IS NOT TESTED WITH THE NPM CLIENT")


@pytest.fixture(scope="session")
def npm_folder(toy):
    """The client with its packages, installed once for each lock file under `build/`."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        absent("npm or node is missing")
    lock = (HERE / "package-lock.json").read_bytes()
    folder = toy.REPO / "build" / f"npm-soap-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not (folder / "node_modules" / "soap").is_dir():
        fresh = folder.with_name(f"{folder.name}-{os.getpid()}")
        shutil.copytree(HERE, fresh)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            subprocess.run(command, cwd=fresh, capture_output=True, check=True, timeout=NPM_SECONDS)
            fresh.rename(folder)
        except (subprocess.SubprocessError, OSError) as error:  # no network, or another test process was first
            shutil.rmtree(fresh)
            if not folder.is_dir():
                absent(f"npm ci failed ({type(error).__name__})")
    shutil.copy(HERE / "client.js", folder)
    return folder


@pytest.fixture(scope="session")
def npm_process(npm_folder):
    with subprocess.Popen(
        ["node", "client.js"], cwd=npm_folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.stdin.close()


@pytest.fixture(params=["zeep 1.1", "zeep 1.2", "suds 1.1", "npm 1.1", "npm 1.2"])
def client_of(request, stub):
    name, version = request.param.split()
    if name == "npm":
        process = request.getfixturevalue("npm_process")
        return lambda wsdl: Npm(process, wsdl, version)
    return lambda wsdl: {"zeep": Zeep, "suds": Suds}[name](wsdl, version)


@pytest.fixture(params=list(SAVES))
def generation(request):
    return request.param


@pytest.fixture
def call(client_of, stub, generation):
    return client_of(f"{stub.ready[generation.replace('-', '_')]}?wsdl")


@pytest.fixture
def keys(toy):
    return {"firmaKodu": toy.FIRMA_KODU, "parola": toy.PAROLA}


def training(toy, uzman, generation):
    message = toy.Notification(generation=generation, calisan=[toy.CALISAN], egitim=[(241, 30.5)])
    calisan = {"calisanTckNo": toy.CALISAN} if generation == "soap-g1" else {"calisan": [{"calisanTckNo": toy.CALISAN}]}
    fields = {"egitimKoduId": 241, "egitimSuresi": "30.5"}
    return {
        "belgeTipi": 2,
        **calisan,
        "egiticiTckNo": toy.UZMAN,
        **(fields if generation == "soap-g1" else {"egitim": [fields]}),
        "egitimTarihi": message.tarih,
        "egitimTur": 0,
        "egitimYer": 1,
        "firmaKodu": toy.FIRMA_KODU,
        "imzaliDeger": uzman.sign(message.xml()),
        "isgProfTckNo": toy.UZMAN,
        "sgkTescilNo": toy.SGK,
        "sorguNo": 1,
    }


def rows(found):
    return found if isinstance(found, list) else [found] if found else []


def test_a_training_is_saved_and_found_again(call, stub, toy, uzman, keys, generation):
    saved = call(SAVES[generation], {"egitim": training(toy, uzman, generation), **keys})
    if generation == "soap-g3":
        asked = {"sorguNo": [saved["sorguNo"]]}
    else:
        asked = {"EgitimBildirimSorguDVO": {"calisanTckNo": 0, "isgProfTckNo": 0, "sorguNo": 1}}
    (found,) = rows(call("egitimBildirimSorgula", asked | keys))

    assert (int(saved["status"]), int(found["status"]), len(stub.effects())) == (200, 200, 1)
    if generation == "soap-g2":
        (pair,) = rows(saved["basariliKayitBilgisi"])
        assert (int(pair["calisan"]["calisanTckNo"]), float(pair["egitim"]["egitimSuresi"])) == (toy.CALISAN, 30.5)


def test_a_query_by_filter_gives_a_row_for_each_pair(call, toy, uzman, keys, generation):
    if generation == "soap-g3":
        asked, expected = {"sorguNo": ["a", "b"]}, [211, 211]
    else:
        call(SAVES[generation], {"egitim": training(toy, uzman, generation), **keys})
        dvo = {"baslangicTarihi": "01-10-2018", "bitisTarihi": "31-10-2018", "calisanTckNo": toy.CALISAN}
        asked, expected = {"EgitimBildirimSorguDVO": dvo | {"isgProfTckNo": toy.UZMAN, "sorguNo": 0}}, [200]

    assert [int(row["status"]) for row in rows(call("egitimBildirimSorgula", asked | keys))] == expected


def test_a_workplace_is_described(call, toy, keys):
    dvo = {"belgeTipi": 2, "isgProfTckNo": str(toy.UZMAN), "isyeriSgkNo": toy.SGK, "sorguNo": 9}

    found = call("isyeriBilgisi", {"isyeriDVO": dvo, **keys})

    assert (int(found["status"]), int(found["calisanSayisi"])) == (200, 2)
    assert (found["naceKodu"], found["tehlikeSinifi"]) == ("41.00.01", "Çok Tehlikeli")


def test_a_professional_is_authorised(call, toy, keys):
    dvo = {"isProfesyonel": 2, "isgProfTc": toy.UZMAN, "isyeriSgkNo": toy.SGK, "sorguNo": 9}

    found = call("profYetkilimiSorgula", {"ProfesyonelYetkilimiDVO": dvo, **keys})

    assert (int(found["status"]), str(found["yetkilimiBoolean"]).lower()) == (200, "true")


def test_the_code_list_needs_no_credentials(call):
    found = call("EgitimKoduBilgisi", {})

    assert {(int(one["kodu"]), int(one["aktif"])) for one in found["egitimListesi"]} >= {(240, 1), (24, 0)}


def test_a_wrong_password_is_401(call, toy, uzman, keys, generation):
    wrong = keys | {"parola": "wrong"}

    answer = call(SAVES[generation], {"egitim": training(toy, uzman, generation), **wrong})

    assert int(answer["status"]) == 401


@pytest.mark.parametrize("personality", ["axis", "dotnet"])
def test_no_client_minds_the_dress(call, stub, toy, uzman, keys, generation, personality):
    stub.control("PUT", "/personality", {"personality": personality})

    saved = call(SAVES[generation], {"egitim": training(toy, uzman, generation), **keys})
    listed = call("EgitimKoduBilgisi", {})

    assert (int(saved["status"]), len(listed["egitimListesi"])) == (200, 21)
