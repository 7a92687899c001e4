from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrator.ministry.bildirim import Bildirim, Egitim
from integrator.ministry.signed_xml import java_double, render, render_single

MESSAGE = Bildirim(
    belge_tipi=2,
    isg_prof_tck_no=10000000146,
    calisan=(10000000146,),
    egitim=(Egitim(240, 40.0),),
    egitim_tarihi="23-10-2017",
    gun=date(2017, 10, 23),
    egitim_yer=1,
    egitim_tur=0,
    sgk_tescil_no="0" * 26,
    egitici_tck_no=10000000146,
    sorgu_no=1,
    imzali_deger="",
)


def with_lists(calisan, egitim):
    fields = {name: getattr(MESSAGE, name) for name in Bildirim.__slots__}
    return render(Bildirim(**fields | {"calisan": calisan, "egitim": egitim}))


def test_the_fields_stand_in_the_official_order():
    assert render(MESSAGE) == (
        '<?xml version="1.0" encoding="UTF-8"?><EgitimDVO><egitimBildirim><belgeTipi>2</belgeTipi>'
        "<isgProfTckNo>10000000146</isgProfTckNo><calisan><calisanTckNo>10000000146</calisanTckNo></calisan>"
        "<egitim><egitimKoduId>240</egitimKoduId><egitimSuresi>40.0</egitimSuresi></egitim>"
        "<egitimTarihi>23-10-2017</egitimTarihi><egitimYer>1</egitimYer><egitimTur>0</egitimTur>"
        "<sgkTescilNo>00000000000000000000000000</sgkTescilNo><egiticiTckNo>10000000146</egiticiTckNo>"
        "</egitimBildirim></EgitimDVO>"
    )


def test_without_the_two_list_wrappers_it_has_the_443_bytes_of_the_single_record():
    wrappers = len("<calisan></calisan><egitim></egitim>")

    assert len(render(MESSAGE).encode()) - wrappers == 443


def test_the_single_record_is_the_skeleton_of_the_contract_to_the_byte():
    text = render_single(MESSAGE)

    assert len(text.encode()) == 443
    assert text == (
        '<?xml version="1.0" encoding="UTF-8"?><EgitimDVO><egitimBildirim><belgeTipi>2</belgeTipi>'
        "<isgProfTckNo>10000000146</isgProfTckNo><calisanTckNo>10000000146</calisanTckNo>"
        "<egitimKoduId>240</egitimKoduId><egitimSuresi>40.0</egitimSuresi>"
        "<egitimTarihi>23-10-2017</egitimTarihi><egitimYer>1</egitimYer><egitimTur>0</egitimTur>"
        "<sgkTescilNo>00000000000000000000000000</sgkTescilNo><egiticiTckNo>10000000146</egiticiTckNo>"
        "</egitimBildirim></EgitimDVO>"
    )


def test_it_is_one_line_without_white_space_between_elements():
    text = render(MESSAGE)

    assert "\n" not in text and "> <" not in text and "standalone" not in text


def test_workers_and_trainings_are_sorted_whatever_their_order_on_the_wire():
    workers, trainings = (99000000110, 80000000132), (Egitim(241, 10.0), Egitim(24, 20.0))

    assert with_lists(workers, trainings) == with_lists(workers[::-1], trainings[::-1])


def test_codes_are_sorted_as_numbers_and_not_as_text():
    text = with_lists((80000000132,), (Egitim(240, 10.0), Egitim(24, 20.0)))

    assert text.index(">24<") < text.index(">240<")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (40, "40.0"),
        (0.5, "0.5"),
        (45.25, "45.25"),
        (1440, "1440.0"),
        (0.001, "0.001"),
        (0.0001, "1.0E-4"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (12345678.5, "1.23456785E7"),
        (1e23, "1.0E23"),
        (1.5e-9, "1.5E-9"),
    ],
)
def test_a_duration_is_written_as_java_writes_a_double(value, text):
    assert java_double(float(value)) == text


@settings(deadline=None)
@given(st.floats(min_value=1e-300, max_value=1e300))
def test_what_is_written_reads_back_as_the_same_number(value):
    assert float(java_double(value)) == value
