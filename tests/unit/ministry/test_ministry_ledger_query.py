import pytest

from integrator.ministry.ledger_query import BadQuery, counts, province_of, query, section_of
from integrator.ministry.notices import served_workplace
from integrator.ministry.save import save


@pytest.fixture
def filled(ministry, toy):
    """Two workers of whom one is not on the roster, two days, and a served workplace."""
    both = [{"calisanTckNo": one} for one in (toy.CALISAN, toy.NOT_ON_ROSTER)]
    for number, day in enumerate(("23-10-2018", "24-10-2018"), 1):
        fields = toy.signed(toy.dvo(sorguNo=number, egitimTarihi=day, calisan=both))
        assert save(ministry, toy.FIRMA_KODU, lambda fields=fields: fields).status == 200
    body = {"sgkSicilNo": toy.SGK, "hizmetBaslangicTarih": "01.01.2019"}
    assert served_workplace(ministry, toy.FIRMA_KODU, body).status == 200
    return ministry


@pytest.mark.parametrize(
    ("facts", "numbers"),
    [
        ({}, [1, 2, None]),
        ({"sorgu_no": 2}, [2]),
        ({"firma_kodu": "nobody"}, []),
        ({"calisan_tck_no": "99000000110", "gun": "2018-10-23"}, [1]),
        ({"calisan_tck_no": "10000000146"}, []),
        ({"calisan_tck_no": "10000000146", "status": 212}, [1, 2]),
        ({"sgk_tescil_no": "29999010100001230069994000"}, [1, 2, None]),
        ({"gun_from": "2018-10-24"}, [2, None]),
        ({"gun_until": "2018-10-23"}, [1]),
        ({"veri_seti": "hizmet_verilen_isyeri"}, [None]),
        ({"egitim_kodu_id": 240, "generation": "soap-g2"}, [1, 2]),
        ({"egitim_kodu_id": 241}, []),
    ],
)
def test_rows_are_found_by_any_of_their_facts(filled, facts, numbers):
    assert [row["sorgu_no"] for row in query(filled.ledger, facts)["rows"]] == numbers


def test_an_answer_that_was_cut_says_so(filled):
    assert query(filled.ledger, {"limit": 3})["truncated"] is False
    assert query(filled.ledger, {"limit": 2})["truncated"] is True


@pytest.mark.parametrize(
    "facts",
    [
        None,
        [],
        {"name": 1},
        {"firma_kodu": 1},
        {"sorgu_no": "1"},
        {"status": True},
        {"limit": -1},
        {"gun": "x"},
        {"gun_from": 1},
    ],
)
def test_a_question_that_cannot_be_read(filled, facts):
    with pytest.raises(BadQuery, match="expected"):
        query(filled.ledger, facts)


def test_effects_are_counted_by_nace_section_and_province(filled):
    counted = counts(filled.ledger, filled.register)

    assert counted["by_province"] == {"06": {"effects": 3, "workplaces": 1}}
    assert list(counted["by_nace_section"].values()) == [{"effects": 3, "workplaces": 1}]


@pytest.mark.parametrize(
    ("code", "section"),
    [("01.11.01", "A"), ("05.10.00", "B"), ("10.11.01", "C"), ("41.00.01", "F"), ("43.99.90", "F"), ("45.11.00", "G"),
     ("62.01.01", "J"), ("86.10.01", "Q"), ("99.00.00", "U"), ("00.00.00", "-"), ("", "-"), ("x1", "-")],
)  # fmt: skip
def test_the_section_of_a_nace_code(code, section):
    assert section_of(code) == section


@pytest.mark.parametrize(("il", "province"), [("006", "06"), ("081", "81"), ("082", "-"), ("000", "-"), ("", "-")])
def test_the_province_of_an_sgk_number(il, province):
    assert province_of("2999901010000123" + il + "9994000") == province
