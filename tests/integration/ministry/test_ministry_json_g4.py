"""Generation 4 through urllib: five paths, HTTP Basic, sonuc and aciklama."""

import urllib.error
import urllib.request

import pytest

EXAMINATION = "/muayeneBilgisiIslemleri/muayeneBilgisiBildir"
SERVED = "/hizmetVerilenIsyeriIslemleri/hizmetVerilenIsyeriBildir"
PROFESSIONAL = "/isgProfesyoneliIslemleri/isgProfesyoneliDogrula"
INSURANCE = "/calisanSigortalilikIslemleri/calisanSigortalilikKontrolu"
HEKIM = 81234567804


@pytest.fixture
def examination(stub, toy):
    contract = toy.PARTIES["sozlesmeler"][0] | {"profesyonel": str(HEKIM), "baslangic": "2023-10-20"}
    parties = {"profesyoneller": [{"tckn": str(HEKIM), "belge_tipi": 1}], "sozlesmeler": [contract]}
    stub.control("PUT", "/parties", parties)
    ortam = ("fizikiOrtam", "hava", "gurultu", "elektrik", "tozYonetmeligi", "kimyasalMadde", "biyolojikEtkenler")
    tests = ("rontgen", "isitmeTesti", "solunumFonkTesti", "kanTetkiki", "idrarTetkiki")
    return {
        "ihKimlikNo": HEKIM,
        "calisanMeslegi": "2141.03",
        **{f"{one}YapildiMi": 0 for one in tests},
        "isyeriSgkSicilNo": toy.SGK,
        "calisanTcKNo": toy.CALISAN,
        "sonucVeKanaat": "1",
        "muayeneRaporTarihi": "23.10.2023",
        "raporGecerlikTarihi": "23.10.2025",
        "zamanDamgasi": "2026-06-01T09:00:00.000",
        "imzalayanKimlikNo": HEKIM,
        "raporTuru": "100050",
        "calismaOrtamiDTO": {f"{one}Sinifi": [at * 100 + 99] for at, one in enumerate(ortam, 10)},
        "calismaSekliDTO": {"calismaPozisyonu": 101, "calismaZamani": 203, "aracKullanimi": 399},
        "kullanilanIsEkipmanlari": [0],
    }


def sonuc(answer):
    return answer[1]["sonuc"]


def test_success_is_the_text_one(stub, toy):
    assert stub.notify(toy.Notification().body()) == (200, {"sonuc": "1", "aciklama": "İşlem başarılı"})


def test_a_repeat_says_that_it_was_notified_before(stub, toy):
    stub.notify(toy.Notification().body())

    assert stub.notify(toy.Notification().body()) == (
        200,
        {"sonuc": "211", "aciklama": "Bu bildirim daha önce yapılmıştır"},
    )


@pytest.mark.parametrize(
    ("change", "effects"),
    [
        ({"egitimSuresi": 41.0}, 1),
        ({"zamanDamgasi": "2026-06-02T09:00:00.000"}, 1),
        ({"egitimKodu": "241"}, 2),
        ({"egitimTarihi": "24.10.2018"}, 2),
        ({"calisanTcKNo": 99876543292}, 2),
    ],
)
def test_worker_code_day_and_workplace_tell_one_training_from_another(stub, toy, change, effects):
    stub.notify(toy.Notification().body())

    stub.notify(toy.Notification().body() | change)

    assert len(stub.effects()) == effects


@pytest.mark.parametrize(("fault", "second"), [("reply_lost_after_commit", "211"), ("reset_before_commit", "1")])
def test_after_a_lost_reply_the_same_body_again_tells_what_happened(stub, toy, fault, second):
    stub.script(fault)
    with pytest.raises((ConnectionResetError, urllib.error.URLError)):
        stub.notify(toy.Notification().body())

    assert sonuc(stub.notify(toy.Notification().body())) == second
    assert len(stub.effects()) == 1


def test_a_wrong_password_is_http_401_and_says_so_in_json(stub, toy):
    status, answer = stub.notify(toy.Notification().body(), parola="wrong")

    assert (status, answer["sonuc"]) == (401, "401")
    assert stub.control("GET", "/ledger/summary")["codes"] == {"401": 1}


@pytest.mark.parametrize("authorization", [None, "Basic", "Basic !!!", "Basic /w==", "Bearer abc"])
def test_credentials_that_cannot_be_read_are_401(stub, toy, authorization):
    headers = {"Content-Type": "application/json"} | ({"Authorization": authorization} if authorization else {})
    request = urllib.request.Request(f"{stub.ready['json_g4']}{INSURANCE}", data=b"{}", headers=headers)

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5)

    assert (refused.value.code, refused.value.headers["WWW-Authenticate"]) == (401, 'Basic realm="ibys"')


@pytest.mark.parametrize("name", ["isgProfTcKNo", "egitimKodu", "egitimSuresi", "zamanDamgasi", "imzalayanKimlikNo"])
@pytest.mark.parametrize("value", [None, "", "x", True, [], {}])
def test_210_names_the_field_as_json_does(stub, toy, name, value):
    _, answer = stub.notify(toy.Notification().body() | {name: value})

    assert (answer["sonuc"], name in answer["aciklama"]) == ("210", True)


@pytest.mark.parametrize("change", [{"sorguNo": 1}, {"egitimTarihi": "23-10-2018"}, {"isgProfTcKNo": 80000000131}])
def test_210_for_what_the_schema_or_the_check_digits_do_not_allow(stub, toy, change):
    _, answer = stub.notify(toy.Notification().body() | change)

    assert (answer["sonuc"], next(iter(change)) in answer["aciklama"]) == ("210", True)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"[" * 100000]
)
def test_what_is_no_json_object_is_400(stub, body):
    status, answer = stub.notify(body)

    assert (status, answer["sonuc"]) == (400, "210")


def test_half_a_surrogate_is_answered_like_any_other_text(stub, toy):
    assert sonuc(stub.notify(b'{"\\ud800": "\\ud800", "calisanTcKNo": "\\ud800"}')) == "210"


def test_an_examination_is_one_effect_and_its_repeat_none(stub, toy, examination):
    answers = [sonuc(stub.notify(examination, EXAMINATION)) for _ in range(2)]

    (effect,) = stub.effects()
    assert answers == ["1", "211"]
    assert (effect["veri_seti"], effect["generation"], effect["muayene_rapor_tarihi"]) == (
        "muayene",
        "json-g4",
        "2023-10-23",
    )


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("210", {"calisanMeslegi": ""}),
        ("210", {"calisanMeslegi": "2141"}),
        ("210", {"rontgenYapildiMi": 2}),
        ("210", {"raporGecerlikTarihi": "22.10.2023"}),
        ("210", {"calismaSekliDTO": {"calismaPozisyonu": 201, "calismaZamani": 203, "aracKullanimi": 399}}),
        ("212", {"calisanTcKNo": 10000000146}),
        ("213", {"ihKimlikNo": 80000000132, "imzalayanKimlikNo": 80000000132}),
        ("213", {"muayeneRaporTarihi": "19.10.2023"}),
        ("215", {"imzalayanKimlikNo": 80000000132}),
    ],
)
def test_a_wrong_examination_has_the_code_of_its_cause(stub, examination, code, change):
    answer = stub.notify(examination | change, EXAMINATION)

    assert sonuc(answer) == code, answer
    assert stub.effects() == []


def test_a_served_workplace_is_one_effect_and_its_repeat_none(stub, toy):
    body = {"sgkSicilNo": toy.SGK, "hizmetBaslangicTarih": "01.01.2019"}

    assert [sonuc(stub.notify(body, SERVED)) for _ in range(2)] == ["1", "211"]
    assert stub.control("GET", "/ledger/summary")["effects_by_generation"] == {"json-g4": 1}


def test_a_workplace_that_is_not_known_is_213(stub):
    body = {"sgkSicilNo": "24941020276543210349916001", "hizmetBaslangicTarih": "01.01.2019"}

    assert sonuc(stub.notify(body, SERVED)) == "213"


@pytest.mark.parametrize(("tip", "code"), [(2, "1"), (1, "213")])
def test_a_professional_is_verified_in_the_registered_role(stub, toy, tip, code):
    body = {"sertifikaTipi": tip, "isgProfTcKNo": toy.UZMAN, "isyeriSgkSicilNo": toy.SGK}

    assert sonuc(stub.notify(body, PROFESSIONAL)) == code


@pytest.mark.parametrize(("tckn", "code"), [(99000000110, "1"), (10000000146, "212")])
def test_a_worker_is_insured_where_the_roster_says_so(stub, toy, tckn, code):
    assert sonuc(stub.notify({"calisanTcKNo": tckn, "isyeriSgkSicilNo": toy.SGK}, INSURANCE)) == code


def test_the_openapi_tells_the_real_address(stub):
    with urllib.request.urlopen(f"{stub.ready['json_g4']}/openapi.json", timeout=5) as reply:
        assert f'"servers": [{{"url": "{stub.ready["json_g4"]}"}}]'.encode() in reply.read()


@pytest.mark.parametrize(
    ("method", "path", "media_type", "status"),
    [
        ("POST", "/nowhere", "application/json", 404),
        ("GET", INSURANCE, "application/json", 405),
        ("POST", INSURANCE, "text/xml", 415),
    ],
)
def test_another_path_method_or_media_type_is_refused(stub, method, path, media_type, status):
    data = b"{}" if method == "POST" else None
    headers = {"Content-Type": media_type}
    request = urllib.request.Request(f"{stub.ready['json_g4']}{path}", data=data, headers=headers, method=method)

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5)

    assert refused.value.code == status


STORES_NOTHING = {
    "http_500_html": b"HTTP/1.1 500 ",
    "http_503_retry_after": b"HTTP/1.1 503 ",
    "http_429": b"HTTP/1.1 429 ",
    "html_200": b"<!DOCTYPE html>",
    "redirect_302": b"HTTP/1.1 302 ",
    "soap_fault_200": b'"error": "java.lang.NullPointerException"',
    "code_2222_before_storing": b'"sonuc": "2222"',
    "code_401_spell": b"HTTP/1.1 401 ",
    "reset_before_commit": None,
    "reset_during_body": None,
    "http_429_bare": b"HTTP/1.1 429 ",
    "http_503_bare": b"HTTP/1.1 503 ",
    "http_503_until_date": b" GMT\r\n",
}
STORES = {
    "code_1111_after_storing": b'"sonuc": "1111"',
    "code_204_after_storing": b'"sonuc": "204"',
    "unknown_code_after_storing": b'"sonuc": "777"',
    "empty_body_200": b"Content-Length: 0\r\n",
    "garbage_reply": b'"aciklama": \xff\xfe',
    "slow_reply_past_timeout": b'"sonuc": "1"',
    "slow_drip": b'"sonuc": "1"',
    "late_store": b'"sonuc": "1"',
    "reply_lost_after_commit": None,
    "repeated_reply": b'"sonuc": "1"',
    "half_reply": b"HTTP/1.1 200 ",
    "wrong_content_length": b'"sonuc": "1"',
    "http_500_true_reply": b"HTTP/1.1 500 ",
    "clock_skew": b"\r\nDate: ",
    "reply_in_utf16": '"sonuc": "1"'.encode("utf-16-le"),
    "reply_with_bom": b'\xef\xbb\xbf{"sonuc": "1"',
    "chunked_reply": b"\r\n0\r\n\r\n",
    "chunked_reply_cut": b"Transfer-Encoding: chunked",
    "reply_until_close": b'"sonuc": "1"',
    "unknown_element": b', "islemZamani": 12}',
    "huge_reply": b"Content-Length: 25165824\r\n",
}
NOT_HERE = {"wrong_sorgu_no_in_reply", "reply_to_another_record", "missing_pairs_in_reply", "code_214_lie"}
NOT_HERE |= {"reply_in_latin5", "reply_in_cdata", "reply_with_comments", "reply_with_doctype", "partial_batch"}
NOT_HERE |= {"code_214_altered_xml"}
AT_THE_DOOR = {"reset_at_connect", "reset_before_body", "reset_within_body", "connection_refused", "outage"}
AT_THE_DOOR |= {"tls_expired", "tls_wrong_name", "tls_client_certificate"}  # test_ministry_doors.py


def post(stub, toy):
    head = "".join(f"{name}: {value}\r\n" for name, value in toy.json_headers().items())
    body = toy.json.dumps(toy.Notification().body()).encode()
    head = f"POST /json-g4{toy.TRAINING} HTTP/1.1\r\nHost: x\r\n{head}Content-Length: {len(body)}\r\n"
    try:
        return stub.raw(f"{head}Connection: close\r\n\r\n".encode() + body)
    except ConnectionResetError:
        return None


@pytest.mark.parametrize("fault", [*STORES, *STORES_NOTHING])
def test_a_fault_is_seen_and_stores_what_it_says(stub, toy, fault):
    expected = (STORES | STORES_NOTHING)[fault]
    stub.script(fault)

    reply = post(stub, toy)

    assert reply is expected is None or expected in reply
    assert len(stub.effects()) == (fault in STORES)


@pytest.mark.parametrize("fault", sorted(NOT_HERE))
def test_a_fault_that_means_nothing_here_is_an_honest_answer(stub, toy, fault):
    stub.script(fault)

    assert b'"sonuc": "1"' in post(stub, toy)
    assert stub.control("GET", "/ledger/summary")["faults"] == {}


def test_every_fault_has_its_place_here(stub):
    assert {*STORES, *STORES_NOTHING, *NOT_HERE, *AT_THE_DOOR} == set(stub.control("GET", "/faults")["known"])


def test_the_dice_fall_by_what_a_message_says_and_not_by_its_turn(stub, toy):
    def spoiled(codes):
        stub.reset()
        stub.control("PUT", "/faults", {"seed": 7, "rates": {"code_2222_before_storing": 0.5}})
        bodies = [toy.Notification(egitim=[(kodu, 10.0)]).body() for kodu in codes]
        return {one["egitimKodu"] for one in bodies if sonuc(stub.notify(one)) == "2222"}

    first = spoiled(range(240, 252))

    assert first == spoiled(range(251, 239, -1)) != set()
