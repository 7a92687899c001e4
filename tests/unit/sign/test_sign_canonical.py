import json
import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from integrator.deliver.dvo import cut_dvo
from integrator.sign.canonical import java_double, split
from tests.factories import FOREIGNER, PROFESSIONAL, SINGLE, VECTORS, WORKER, definition, kayit, workers

ONE_WORKER, ONE_TRAINING = 1, 1


def messages(version="2018-10", **changes):
    return list(split(kayit(version, **changes), definition(version)))


def calisan(numbers):
    return [{"calisanTckNo": number} for number in numbers]


def egitim(codes):
    return [{"egitimKoduId": str(code), "egitimSuresi": 45.0} for code in codes]


def test_the_single_record_gives_the_443_bytes_of_the_vector():
    [message] = messages("2018-07")

    assert message.canonical == SINGLE
    assert len(message.canonical) == 443


def test_the_list_form_stands_where_the_single_form_has_its_members():
    [message] = messages(calisan=calisan([FOREIGNER, WORKER]), egitim=egitim([240, 24]))
    names = re.findall(r"<([A-Za-z]+)>", message.canonical.decode())

    assert names == [
        "EgitimDVO", "egitimBildirim", "belgeTipi", "isgProfTckNo", "calisan", "calisanTckNo", "calisan",
        "calisanTckNo", "egitim", "egitimKoduId", "egitimSuresi", "egitim", "egitimKoduId", "egitimSuresi",
        "egitimTarihi", "egitimYer", "egitimTur", "sgkTescilNo", "egiticiTckNo",
    ]  # fmt: skip


def test_codes_are_ordered_as_numbers_and_not_as_text():
    [message] = messages(egitim=egitim([240, 9, 24]))

    assert re.findall(r"<egitimKoduId>([0-9]+)<", message.canonical.decode()) == ["9", "24", "240"]


@given(st.permutations(workers(6)), st.permutations([24, 240, 390, 9]))
def test_the_order_of_the_input_does_not_change_the_bytes(names, codes):
    [as_given] = messages(calisan=calisan(names), egitim=egitim(codes))
    [in_order] = messages(calisan=calisan(workers(6)), egitim=egitim([9, 24, 240, 390]))

    assert as_given == in_order


def test_the_bytes_are_one_line_without_anything_the_ministry_forbids():
    [message] = messages(egitimTarihi=date(2019, 1, 2))

    assert message.canonical.startswith(b'<?xml version="1.0" encoding="UTF-8"?><EgitimDVO><egitimBildirim>')
    assert (
        b"\n" not in message.canonical and b"standalone" not in message.canonical and b"xmlns" not in message.canonical
    )
    assert b"<egitimTarihi>02-01-2019</egitimTarihi>" in message.canonical


def test_a_message_names_the_professional_as_its_signer():
    assert messages()[0].signer == PROFESSIONAL


@given(st.integers(1, 230), st.integers(1, 35))
def test_a_split_covers_every_pair_once_and_respects_the_limits(people, subjects):
    names, codes = workers(people), list(range(1, subjects + 1))
    cut = [cut_dvo(each.canonical) for each in messages(calisan=calisan(names), egitim=egitim(codes))]
    pairs = [pair for dvo in cut for pair in dvo.pairs]

    assert sorted(pairs) == sorted((name, str(code)) for name in names for code in codes)
    assert all(len(dvo.workers) <= 100 and len(dvo.codes) <= 10 for dvo in cut)


@given(st.integers(1, 230), st.integers(1, 35))
def test_a_split_makes_no_more_messages_than_needed_and_counts_their_parts(people, subjects):
    made = messages(calisan=calisan(workers(people)), egitim=egitim(range(1, subjects + 1)))

    assert len(made) == -(-people // 100) * -(-subjects // 10)
    assert [each.parts_total for each in made] == [len(cut_dvo(each.canonical).pairs) for each in made]


def test_the_single_form_is_cut_into_one_message_for_each_pair():
    made = messages("2018-07", calisan=calisan(workers(2)), egitim=egitim([24, 240, 390]))

    assert len({each.canonical for each in made}) == 6
    assert {each.parts_total for each in made} == {1}


@pytest.mark.skipif(not VECTORS.exists(), reason="the shared vectors are not at hand")
def test_durations_are_written_as_java_writes_a_double():
    for value, written in json.loads(VECTORS.read_text(encoding="utf-8"))["java_double_text"]:
        assert java_double(value) == written


@given(st.integers(1, 144_000))
def test_every_duration_has_a_point_no_exponent_and_its_own_value(hundredths):
    written = java_double(hundredths / 100)

    assert re.fullmatch(r"(0|[1-9][0-9]{0,3})\.[0-9]{1,2}", written)
    assert float(written) == hundredths / 100


@given(st.integers(1, 30), st.integers(1, 10))
def test_the_wire_fields_are_cut_verbatim_from_the_signed_bytes(people, subjects):
    [message] = messages(calisan=calisan(workers(people)), egitim=egitim(range(1, subjects + 1)))
    elements = cut_dvo(message.canonical).elements
    order = [each.tag for each in etree.fromstring(message.canonical)[0]]
    again = "".join(elements[name] for name in dict.fromkeys(order))

    assert f"<egitimBildirim>{again}</egitimBildirim>".encode() in message.canonical
