import io
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.domain.errors import IntegratorError
from integrator.intake.read_json import Caps, read_document, read_file, read_ndjson
from tests.factories import record, submitted

CAPS = Caps()


def ndjson(content, caps=CAPS):
    return list(read_ndjson(io.BytesIO(content), caps))


def document(content, caps=CAPS):
    return list(read_document(io.BytesIO(content), caps))


def fault_of(content, caps=CAPS):
    [only] = ndjson(content, caps)
    return only.fault


def test_a_record_keeps_its_envelope_apart_from_its_fields():
    [each] = submitted({**record("K-7"), "veriSeti": "egitim", "version": "2018-10"})

    assert (each.kayit_no, each.veri_seti, each.version) == ("K-7", "egitim", "2018-10")
    assert not {"id", "veriSeti", "version"} & set(each.fields)


def test_the_order_of_keys_does_not_change_the_content():
    forwards, backwards = record(), dict(reversed(record().items()))

    assert submitted(forwards)[0].content == submitted(backwards)[0].content


@pytest.mark.parametrize(
    "change", [{"egitimYer": 0}, {"egitimYer": "1"}, {"version": "2018-10"}, {"veriSeti": "muayene"}]
)
def test_every_change_of_a_record_changes_its_content(change):
    assert submitted(record())[0].content != submitted({**record(), **change})[0].content


def test_a_record_may_come_without_an_id():
    assert submitted({"egitimYer": 1})[0].kayit_no == ""


def test_a_byte_order_mark_is_passed_over():
    [each] = ndjson(b'\xef\xbb\xbf{"id":"a"}\n')

    assert each.kayit_no == "a"


def test_windows_line_ends_and_empty_lines_are_passed_over():
    found = ndjson(b'{"id":"a"}\r\n\r\n  \n{"id":"b"}\r\n')

    assert [(each.where, each.kayit_no) for each in found] == [("line 1", "a"), ("line 4", "b")]


def test_one_bad_line_does_not_stop_the_others():
    found = ndjson(b'{"id":"a"}\n{oops}\n{"id":"c"}\n')

    assert [each.fault.code if each.fault else each.kayit_no for each in found] == ["a", "INT-INT-001", "c"]


def test_broken_json_is_told_with_its_line_and_column():
    finding = document(b'[\n  {"id": "a"},\n  {"id" "b"}\n]')[0].fault

    assert finding.code == "INT-INT-001"
    assert "line 3, column 9" in finding.seen


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"egitimYer":1,"egitimYer":2}', "INT-INT-006"),
        (b'{"a":[{"b":1,"b":1}]}', "INT-INT-006"),
        (b'{"egitimSuresi":NaN}', "INT-INT-001"),
        (b'{"egitimSuresi":Infinity}', "INT-INT-001"),
        (b'{"egitimSuresi":-Infinity}', "INT-INT-001"),
        (b'{"egitimSuresi":' + b"9" * 5000 + b"}", "INT-INT-001"),
        (b'{"a":' + b"[" * 9 + b"]" * 9 + b"}", "INT-INT-004"),
        (b"[" * 100_000, "INT-INT-004"),
        (b'{"a":' * 50_000, "INT-INT-004"),
        (b'{"id":"\xff"}', "INT-INT-005"),
        (b'{"id":"\xc3"}', "INT-INT-005"),
        ('{"id":"a"}'.encode("utf-16"), "INT-INT-005"),
        (b'["id"]', "INT-INT-007"),
        (b'"text"', "INT-INT-007"),
        (b"7", "INT-INT-007"),
        (b"null", "INT-INT-007"),
        (b"true", "INT-INT-007"),
        (b'{"id":7}', "INT-INT-008"),
        (b'{"id":null}', "INT-INT-008"),
        (b'{"id":"with space"}', "INT-INT-008"),
        (b'{"id":"' + b"a" * 101 + b'"}', "INT-INT-008"),
        ('{"id":"ş"}'.encode(), "INT-INT-008"),
        (b'{"id":"a\\n"}', "INT-INT-008"),
        (b'{"id":"80000000132"}', "INT-INT-008"),
        (b'{"id":"egitim-80000000132-1"}', "INT-INT-008"),
        (b'{"veriSeti":1}', "INT-INT-009"),
        (b'{"veriSeti":null}', "INT-INT-009"),
        (b'{"version":2018}', "INT-INT-009"),
        (b"\xef\xbb\xbf", "INT-INT-001"),
        (b"{", "INT-INT-001"),
        (b'{"a":1}}', "INT-INT-001"),
        (b'{"a":"\x01"}', "INT-INT-001"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_read_is_one_finding(content, code):
    assert fault_of(content).code == code


@pytest.mark.parametrize("name", ["id", "veriSeti", "version"])
def test_half_a_character_in_the_envelope_is_a_finding_of_its_record(name):
    found = ndjson(b'{"%s":"\\ud800"}\n{"id":"b"}' % name.encode())

    assert found[1].kayit_no == "b"


def test_half_a_character_in_a_field_is_left_to_the_rules():
    assert ndjson(b'{"id":"a","egitimYer":"\\udfff"}')[0].fault is None


def test_a_finding_about_an_id_shows_no_identity_number():
    assert "80000000132" not in repr(fault_of(b'{"id":"egitim-80000000132-1"}'))


def test_eight_levels_are_taken():
    assert fault_of(b'{"a":' + b"[" * 7 + b"]" * 7 + b"}") is None


def test_brackets_inside_a_string_are_no_levels():
    assert fault_of(json.dumps({"id": "a", "x": '[{"\\' * 200}).encode()) is None


def test_brackets_behind_an_escaped_quote_are_no_levels():
    assert fault_of(b'{"id":"a","x":"\\"[[[[[[[[[[[[[[[["}') is None


@pytest.mark.parametrize(
    "hostile", [b'"' * 400_000, b'\\"' * 200_000, b'"\\' * 200_000, b'"[' * 200_000, b'["' * 200_000]
)
def test_hostile_quoting_is_judged_in_linear_time(hostile):
    began = time.perf_counter()

    assert fault_of(b'{"a":' + hostile).code.startswith("INT-INT-")
    assert time.perf_counter() - began < 2


def test_a_line_above_the_cap_is_told_by_its_number():
    found = ndjson(b'{"id":"' + b"a" * 200 + b'"}\n{"id":"b"}\n', Caps(record_bytes=100))

    assert [(each.where, each.fault.code if each.fault else each.kayit_no) for each in found] == [
        ("line 1", "INT-INT-003"),
        ("line 2", "b"),
    ]


def test_a_document_above_the_cap_is_one_finding():
    assert [each.fault.code for each in document(b"[" + b" " * 200 + b"]", Caps(file_bytes=100))] == ["INT-INT-003"]


def test_one_large_record_in_an_array_stops_only_itself():
    found = document(json.dumps([{"id": "a", "x": "y" * 200}, {"id": "b"}]).encode(), Caps(record_bytes=100))

    assert [each.fault.code if each.fault else each.kayit_no for each in found] == ["INT-INT-003", "b"]


def test_the_records_of_an_array_are_numbered():
    found = document(b'[{"id":"a"}, 7, {"id":"c"}]')

    assert [(each.where, each.kayit_no) for each in found] == [("record 1", "a"), ("record 2", ""), ("record 3", "c")]


def test_an_array_gives_a_record_no_level_less_than_a_line():
    deepest = b'{"id":"a","x":' + b"[" * 7 + b"]" * 7 + b"}"

    assert [each.fault for each in document(b"[" + deepest + b"]")] == [None]


def test_an_empty_document_is_a_finding():
    assert [each.fault.code for each in document(b"")] == ["INT-INT-001"]


def test_an_empty_array_and_an_empty_stream_hold_no_record():
    assert document(b"[]") == ndjson(b"") == ndjson(b"\n\n") == []


@pytest.mark.parametrize("name", ["a.ndjson", "a.jsonl", "a.NDJSON"])
def test_the_ending_of_a_file_name_says_that_lines_are_records(tmp_path, name):
    (tmp_path / name).write_bytes(b'{"id":"a"}\n{"id":"b"}')

    assert [each.kayit_no for each in read_file(tmp_path / name, CAPS)] == ["a", "b"]


def test_any_other_file_is_one_document(tmp_path):
    (tmp_path / "a.json").write_bytes(b'[{"id":"a"},\n{"id":"b"}]')

    assert [each.where for each in read_file(tmp_path / "a.json", CAPS)] == ["record 1", "record 2"]


@given(st.binary(max_size=200))
def test_no_bytes_make_intake_raise(content):
    for each in [*ndjson(content), *document(content)]:
        assert each.fault is None or each.fault.as_json()["tr"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["id", "veriSeti", "version", "calisan", "x"]), json_values))
def test_no_object_makes_intake_raise(fields):
    try:
        [each] = ndjson(json.dumps(fields).encode())
    except IntegratorError as error:
        pytest.fail(f"raised {error!r}")

    assert (each.fault is None) == bool(each.content)
