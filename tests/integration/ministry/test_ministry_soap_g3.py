"""Generation 3 through zeep: accepted under a number, decided later, asked for by numbers."""

import time

import pytest
from zeep import Client
from zeep.transports import Transport

BINDINGS = {"1.1": "IsgIbysWsSoap11Port", "1.2": "IsgIbysWsSoap12Port"}


@pytest.fixture(params=["1.1", "1.2"])
def service(request, stub):
    client = Client(f"{stub.ready['soap_g3']}?wsdl", transport=Transport(operation_timeout=5))
    return client.bind("IsgIbysWsService", BINDINGS[request.param])


@pytest.fixture
def save(service, toy, uzman):
    def saved(**change):
        message = toy.Notification(generation="soap-g3", **change)
        egitim = {
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
        }
        return service.egitimBildirimKaydet(egitim=egitim, firmaKodu=message.firma_kodu, parola=message.parola)

    return saved


@pytest.fixture
def ask(service, toy):
    def asked(*told, parola=toy.PAROLA):
        rows = service.egitimBildirimSorgula(sorguNo=list(told), firmaKodu=toy.FIRMA_KODU, parola=parola)
        return [(row.sorguNo, row.status) for row in rows]

    return asked


def processing(stub, seconds):
    stub.control("PUT", "/personality", {"processing_seconds": seconds})


def test_a_save_is_accepted_under_a_number_of_the_servers(save, ask, toy):
    answer = save(calisan=[toy.CALISAN_2, toy.CALISAN], egitim=[(241, 30.5), (240, 40.0)])

    assert (answer.status, answer.sorguNo == "1", len(answer.sorguNo)) == (200, False, 16)
    assert ask(answer.sorguNo) == [(answer.sorguNo, 200)]


def test_what_is_in_processing_has_no_effect_and_no_final_code(stub, save, ask):
    processing(stub, "never")

    told = save().sorguNo

    assert ask(told) == [(told, 204)]
    assert stub.effects() == []


def test_processing_ends_when_its_time_has_passed(stub, save, ask):
    processing(stub, 0.3)
    told = save().sorguNo

    before = ask(told)
    time.sleep(0.35)

    assert (before, ask(told)) == ([(told, 204)], [(told, 200)])
    assert len(stub.effects()) == 1


def test_the_ledger_decides_what_is_due_without_any_query(stub, save):
    processing(stub, "never")
    save()

    processing(stub, 0)

    assert len(stub.effects()) == 1


def test_each_number_asked_has_its_row_in_the_order_asked(save, ask, toy):
    good, bad = save().sorguNo, save(sorgu_no=2, calisan=[toy.NOT_ON_ROSTER]).sorguNo

    assert ask(bad, "unknown", good, bad) == [(bad, 212), ("unknown", 211), (good, 200), (bad, 212)]


def test_a_repeat_tells_the_number_of_the_first_acceptance(stub, save):
    processing(stub, "never")
    first = save()

    second = save()

    assert (second.status, second.sorguNo) == (211, first.sorguNo)


def test_after_a_lost_reply_a_repeat_leads_to_the_final_code(stub, toy, uzman, save, ask):
    stub.script("reply_lost_after_commit")
    message = toy.Notification(generation="soap-g3")
    with pytest.raises(ConnectionResetError):
        stub.save(message, uzman.sign(message.xml()))

    told = save().sorguNo

    assert ask(told) == [(told, 200)]
    assert len(stub.effects()) == 1


def test_our_number_means_nothing_to_a_server_with_numbers_of_its_own(save, ask):
    save()

    assert ask("1") == [("1", 211)]


def test_a_personality_tells_our_own_number(stub, save, ask):
    stub.control("PUT", "/personality", {"g3_numbers": "ours"})

    assert save(sorgu_no=12).sorguNo == "12"
    assert ask("12") == [("12", 200)]


def test_a_final_refusal_leaves_our_number_free_and_keeps_its_own(save, ask, toy):
    refused = save(calisan=[toy.NOT_ON_ROSTER]).sorguNo

    accepted = save().sorguNo

    assert ask(refused, accepted) == [(refused, 212), (accepted, 200)]


def test_a_wrong_field_is_refused_at_once_and_without_a_number(save):
    answer = save(belge_tipi=9)

    assert (answer.status, answer.sorguNo) == (210, None)


@pytest.mark.parametrize(("told", "code"), [(["a"], 401), ([], 210)])
def test_an_error_of_the_query_itself_is_one_row_without_a_number(ask, toy, told, code):
    assert ask(*told, parola="wrong" if code == 401 else toy.PAROLA) == [(None, code)]


def test_the_numbers_are_the_same_in_every_run_with_the_same_seed(stub, save):
    first = save().sorguNo

    stub.reset()

    assert save().sorguNo == first


def test_a_script_finds_the_query_by_our_number(stub, save, ask):
    told, other = save(sorgu_no=5).sorguNo, save(sorgu_no=6).sorguNo
    stub.script("code_1111_after_storing", operation="query", sorgu_no=5)

    assert (ask(other), ask(told), ask(told)) == ([(other, 200)], [(None, 1111)], [(told, 200)])


@pytest.mark.parametrize("fault", ["wrong_sorgu_no_in_reply", "reply_to_another_record"])
def test_a_query_can_be_answered_with_a_foreign_number(stub, save, ask, fault):
    told, other = save(sorgu_no=5).sorguNo, save(sorgu_no=6).sorguNo
    stub.script(fault, operation="query")

    ((answered, _),) = ask(told)

    assert answered != told
    assert fault != "reply_to_another_record" or answered == other


def test_the_workplace_has_a_name_and_no_number(service, toy):
    dvo = {"belgeTipi": 2, "isgProfTckNo": str(toy.UZMAN), "isyeriSgkNo": toy.SGK, "sorguNo": 9}

    answer = service.isyeriBilgisi(isyeriDVO=dvo, firmaKodu=toy.FIRMA_KODU, parola=toy.PAROLA)

    assert (answer.adUnvan, answer.calisanSayisi, hasattr(answer, "sorguNo")) == ("Örnek İnşaat & Ticaret", 2, False)


def test_the_other_operations_are_there(service, toy):
    authorised = service.profYetkilimiSorgula(
        ProfesyonelYetkilimiDVO={"isProfesyonel": 2, "isgProfTc": toy.UZMAN, "isyeriSgkNo": toy.SGK},
        firmaKodu=toy.FIRMA_KODU,
        parola=toy.PAROLA,
    )

    assert authorised.yetkilimiBoolean is True
    assert {one.kodu for one in service.EgitimKoduBilgisi().egitimListesi} >= {24, 240}
