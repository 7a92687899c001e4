from __future__ import annotations

import json
from pathlib import Path

import pytest

from integrator.conformance.canonical import java_double, listed, single
from integrator.conformance.people import sgk_tescil_no, tckn

VECTORS = json.loads((Path(__file__).resolve().parents[2] / "vectors.json").read_text())
FIELDS = {
    "belgeTipi": 2,
    "isgProfTckNo": "81234567804",
    "calisan": ["80000000132"],
    "egitim": [(240, 40)],
    "egitimTarihi": "2025-10-23",
    "egitimYer": 1,
    "egitimTur": 1,
    "sgkTescilNo": "29999010100001230069994000",
    "egiticiTckNo": "81234567804",
}


def test_the_single_record_is_the_published_443_bytes():
    assert single(FIELDS).decode() == VECTORS["egitim_dvo_single_bytes"]["xml"]
    assert len(single(FIELDS)) == 443


@pytest.mark.parametrize(
    ("value", "text"), [*VECTORS["java_double_text"], (12345678.0, "1.2345678E7"), (1e7, "1.0E7"), (0.0005, "5.0E-4")]
)
def test_durations_are_written_as_java_writes_them(value, text):
    assert java_double(value) == text


def test_lists_are_written_in_ascending_order():
    content = listed({**FIELDS, "calisan": ["80000000200", "80000000132"], "egitim": [(390, 1), (24, 2)]}).decode()

    assert content.index("80000000132") < content.index("80000000200")
    assert content.index("<egitimKoduId>24<") < content.index("<egitimKoduId>390<")


def test_invented_numbers_have_the_published_check_digits():
    assert tckn(800000001) == "80000000132"
    assert tckn(812345678) == "81234567804"
    assert sgk_tescil_no(123) == "29999010100001230069994000"
