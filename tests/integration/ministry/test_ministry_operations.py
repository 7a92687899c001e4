"""All five operations through zeep, which reads the WSDL as any integrator's client would."""

import pytest
import requests
from zeep import Client
from zeep.transports import Transport

BINDINGS = {"1.1": "IsgIbysWsSoap11Port", "1.2": "IsgIbysWsSoap12Port"}


@pytest.fixture(params=["1.1", "1.2"])
def service(request, stub):
    client = Client(f"{stub.url}?wsdl", transport=Transport(operation_timeout=5))
    return client.bind("IsgIbysWsService", BINDINGS[request.param])


def save_arguments(toy, uzman, message):
    return {
        "egitim": {
            "belgeTipi": message.belge_tipi,
            "calisan": [{"calisanTckNo": tckn} for tckn in message.calisan],
            "egiticiTckNo": toy.UZMAN,
            "egitim": [{"egitimKoduId": kodu, "egitimSuresi": sure} for kodu, sure in message.egitim],
            "egitimTarihi": message.tarih,
            "egitimTur": 0,
            "egitimYer": 1,
            "firmaKodu": message.firma_kodu,
            "imzaliDeger": uzman.sign(message.xml()),
            "isgProfTckNo": message.uzman,
            "sgkTescilNo": message.sgk,
            "sorguNo": message.sorgu_no,
        },
        "firmaKodu": message.firma_kodu,
        "parola": message.parola,
    }


def test_a_signed_message_is_accepted_pair_by_pair(service, toy, uzman):
    message = toy.Notification(calisan=[toy.CALISAN_2, toy.CALISAN], egitim=[(241, 30.5), (240, 40.0)])

    answer = service.cokluEgitimBildirimKaydet(**save_arguments(toy, uzman, message))

    assert (answer.status, [one.status for one in answer.basariliKayitBilgisi]) == (200, [200] * 4)


def test_a_stored_pair_is_found_by_its_number(service, toy, uzman):
    service.cokluEgitimBildirimKaydet(**save_arguments(toy, uzman, toy.Notification(sorgu_no=5)))

    rows = service.egitimBildirimSorgula(
        EgitimBildirimSorguDVO={"calisanTckNo": 0, "isgProfTckNo": 0, "sorguNo": 5},
        firmaKodu=toy.FIRMA_KODU,
        parola=toy.PAROLA,
    )

    assert [(row.calisanTcNo, row.egitimKoduId, row.egitimSuresi, row.status) for row in rows] == [
        (toy.CALISAN, 240, 40.0, 200)
    ]


def test_nothing_known_is_no_row_at_all(service, toy):
    rows = service.egitimBildirimSorgula(
        EgitimBildirimSorguDVO={"calisanTckNo": 0, "isgProfTckNo": 0, "sorguNo": 5},
        firmaKodu=toy.FIRMA_KODU,
        parola=toy.PAROLA,
    )

    assert not rows


def test_a_workplace_is_described(service, toy):
    dvo = {"belgeTipi": 2, "isgProfTckNo": str(toy.UZMAN), "isyeriSgkNo": toy.SGK, "sorguNo": 9}

    answer = service.isyeriBilgisi(isyeriDVO=dvo, firmaKodu=toy.FIRMA_KODU, parola=toy.PAROLA)

    assert (answer.status, answer.calisanSayisi, answer.naceKodu, answer.tehlikeSinifi) == (
        200,
        2,
        "41.00.01",
        "Çok Tehlikeli",
    )


@pytest.mark.parametrize(("role", "may_act"), [(2, True), (1, False)])
def test_a_professional_may_act_in_the_role_that_is_registered(service, toy, role, may_act):
    dvo = {"isProfesyonel": role, "isgProfTc": toy.UZMAN, "isyeriSgkNo": toy.SGK, "sorguNo": 9}

    answer = service.profYetkilimiSorgula(ProfesyonelYetkilimiDVO=dvo, firmaKodu=toy.FIRMA_KODU, parola=toy.PAROLA)

    assert (answer.status, answer.yetkilimiBoolean) == (200, may_act)


def test_the_code_list_needs_no_credentials(service):
    answer = service.EgitimKoduBilgisi()

    assert {(one.kodu, one.aktif) for one in answer.egitimListesi} >= {(240, 1), (24, 0)}


@pytest.mark.parametrize("operation", ["isyeriBilgisi", "profYetkilimiSorgula", "egitimBildirimSorgula"])
def test_a_wrong_password_is_401_everywhere(service, toy, operation):
    parameters = {
        "isyeriBilgisi": {"isyeriDVO": {"sorguNo": 1}},
        "profYetkilimiSorgula": {"ProfesyonelYetkilimiDVO": {"isProfesyonel": 2}},
        "egitimBildirimSorgula": {"EgitimBildirimSorguDVO": {"calisanTckNo": 0, "isgProfTckNo": 0, "sorguNo": 5}},
    }[operation]

    answer = getattr(service, operation)(**parameters, firmaKodu=toy.FIRMA_KODU, parola="wrong")

    assert (answer[0] if isinstance(answer, list) else answer).status == 401


def test_the_wsdl_tells_the_real_address(stub):
    wsdl = requests.get(f"{stub.url}?wsdl", timeout=5).text

    assert wsdl.count(f'location="{stub.url}"') == 2


def test_every_reply_says_that_it_is_not_the_ministry(stub):
    replies = [requests.get(url, timeout=5) for url in (f"{stub.url}?wsdl", stub.url, stub.control_url)]

    assert all("not the ministry" in reply.headers["X-Not-The-Ministry"] for reply in replies)


def test_a_connection_is_kept_for_the_next_request(stub):
    with requests.Session() as session:
        replies = [session.get(f"{stub.url}?wsdl", timeout=5) for _ in range(3)]

    assert [reply.status_code for reply in replies] == [200, 200, 200]
