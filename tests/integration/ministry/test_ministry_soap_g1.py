"""Generation 1 through zeep, which reads the WSDL as any integrator's client would."""

import pytest
from zeep import Client
from zeep.transports import Transport

BINDINGS = {"1.1": "IsgIbysWsSoap11Port", "1.2": "IsgIbysWsSoap12Port"}


@pytest.fixture(params=["1.1", "1.2"])
def service(request, stub):
    client = Client(f"{stub.ready['soap_g1']}?wsdl", transport=Transport(operation_timeout=5))
    return client.bind("IsgIbysWsService", BINDINGS[request.param])


@pytest.fixture
def save(service, toy, uzman):
    def saved(is_signed=True, **change):
        message = toy.Notification(generation="soap-g1", **change)
        (calisan,), ((kodu, sure),) = message.calisan, message.egitim
        egitim = {
            "belgeTipi": message.belge_tipi,
            "calisanTckNo": calisan,
            "egiticiTckNo": toy.UZMAN,
            "egitimKoduId": kodu,
            "egitimSuresi": sure,
            "egitimTarihi": message.tarih,
            "egitimTur": 0,
            "egitimYer": 1,
            "firmaKodu": message.firma_kodu,
            "isgProfTckNo": message.uzman,
            "sgkTescilNo": message.sgk,
            "sorguNo": message.sorgu_no,
        }
        if is_signed:
            egitim["imzaliDeger"] = uzman.sign(message.xml())
        return service.egitimBildirimKaydet(egitim=egitim, firmaKodu=message.firma_kodu, parola=message.parola)

    return saved


@pytest.fixture
def query(service, toy):
    def queried(**fields):
        dvo = {"calisanTckNo": 0, "isgProfTckNo": 0, "sorguNo": 0} | fields
        return service.egitimBildirimSorgula(EgitimBildirimSorguDVO=dvo, firmaKodu=toy.FIRMA_KODU, parola=toy.PAROLA)

    return queried


def test_a_save_is_answered_with_one_code_for_worker_and_training(save):
    answer = save(sorgu_no=5)

    assert (answer.status, answer.sorguNo, answer.message) == (200, 5, "İşlem başarılı")


def test_a_stored_record_is_found_by_its_number(save, query, toy):
    save(sorgu_no=5)

    assert [(row.calisanTcNo, row.egitimKoduId, row.egitimSuresi, row.status) for row in query(sorguNo=5)] == [
        (toy.CALISAN, 240, 40.0, 200)
    ]


def test_records_are_found_by_worker_and_days(save, query, toy):
    save(sorgu_no=5)
    save(sorgu_no=6, tarih="24-10-2018", calisan=[toy.CALISAN_2])
    save(sorgu_no=7, tarih="25-10-2018")

    rows = query(calisanTckNo=toy.CALISAN, baslangicTarihi="24-10-2018", bitisTarihi="31-10-2018")

    assert [row.sorguNo for row in rows] == [7]


def test_nothing_known_is_no_return_at_all(query):
    assert not query(sorguNo=5)


def test_a_refused_record_leaves_nothing_to_find_and_its_number_free(save, query, toy):
    refused = save(calisan=[toy.NOT_ON_ROSTER])

    assert (refused.status, query(sorguNo=1)) == (212, [])
    assert save().status == 200


def test_210_without_a_signature_today(save):
    assert save(is_signed=False).status == 210


def test_as_before_the_tenth_of_july_2018_no_signature_is_asked_for(stub, save):
    stub.control("PUT", "/personality", {"g1_unsigned": "accepted"})

    assert save(is_signed=False).status == 200


def test_a_signature_that_is_sent_all_the_same_is_checked(stub, toy):
    stub.control("PUT", "/personality", {"g1_unsigned": "accepted"})

    assert stub.final_code(toy.Notification(generation="soap-g1"), "AAAA") == 214


def test_the_other_operations_are_there(service, toy):
    workplace = service.isyeriBilgisi(
        isyeriDVO={"belgeTipi": 2, "isgProfTckNo": str(toy.UZMAN), "isyeriSgkNo": toy.SGK, "sorguNo": 9},
        firmaKodu=toy.FIRMA_KODU,
        parola=toy.PAROLA,
    )
    authorised = service.profYetkilimiSorgula(
        ProfesyonelYetkilimiDVO={"isProfesyonel": 2, "isgProfTc": toy.UZMAN, "isyeriSgkNo": toy.SGK, "sorguNo": 9},
        firmaKodu=toy.FIRMA_KODU,
        parola=toy.PAROLA,
    )

    assert (workplace.calisanSayisi, workplace.sorguNo, authorised.yetkilimiBoolean) == (2, 9, True)
    assert {one.kodu for one in service.EgitimKoduBilgisi().egitimListesi} >= {24, 240}
