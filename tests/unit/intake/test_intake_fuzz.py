# ruff: noqa: E501 - vocabularies are one line each
"""Spoiled input for every reader: it ends in records, findings or Malformed, never in anything else.

600 examples each; `make fuzz` asks for 50,000 with IBYS_FUZZ_EXAMPLES.
"""

import io
import json
import zipfile
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrator.domain.errors import Malformed
from integrator.intake.annotate import annotate
from integrator.intake.causes import Headings, Mark, causes_of
from integrator.intake.exports import open_export
from integrator.intake.gathering import place_of
from integrator.intake.read_json import Caps, Unreadable, read_document, read_ndjson
from integrator.intake.read_xml import read_xml
from integrator.intake.recognise import read_records
from integrator.parties.isgkatip import Kind
from integrator.validate.check import check
from tests.corpus.xml.hostile import GOOD
from tests.factories import PROFESSIONAL, SGK, record, workers
from tests.sizes import size
from tests.unit.intake.sheets import CATALOGUE, HEADINGS, row, write_xlsx

BY_ITSELF = 600
EXAMPLES = size("IBYS_FUZZ_EXAMPLES", BY_ITSELF, 50_000, "spoiled files for each reader")
CAPS = Caps(record_bytes=20_000, file_bytes=200_000, depth=8)
TODAY = date(2026, 11, 21)
fuzz = settings(
    max_examples=EXAMPLES, derandomize=EXAMPLES == BY_ITSELF, deadline=None, suppress_health_check=list(HealthCheck)
)

WORDS = [
    b"",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    "İıŞ\u00a0\u200b".encode(),
    b"9" * 400,
    b"\n",
    b"\r",
    b"-1",
]
JSON_WORDS = [
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b",",
    b":",
    b"\\",
    b"null",
    b"NaN",
    b"1e999",
    b'"\\ud800"',
    b'{"id":',
    b"[[[[[[[[[[",
    b"true",
]
XML_WORDS = [
    b"<", b">", b"</", b"/>", b"&", b"&amp;", b"&#56;", b"&#0;", b"<a>", b"</calisan>", b"<calisan>", b"<kayitlar>", b"</kayitlar>",
    b"<!DOCTYPE a>", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?x?>", b' id="a"', b' xmlns="u"', b"<egitim-kaydi>", b"<?xml version='1.0'?>",
]  # fmt: skip
CSV_WORDS = [
    b";",
    b",",
    b"\t",
    b'"',
    b'""',
    b"\r\n",
    b"=1+1",
    b"'",
    b"K-2",
    b"sep=,\n",
    b"2,9E+25",
    b"23/10/2025",
    b"#N/A",
    b"TCKN",
    b";" * 50,
]
SHEET_WORDS = [
    b"<row>", b"</row>", b'<row r="5">', b'<row r="0">', b'<row r="9999999">', b'<c r="A2">', b"</c>", b"<v>", b"</v>", b"<f>1</f>",
    b' t="s"', b' t="e"', b' t="d"', b' s="1"', b' s="999"', b' hidden="1"', b'<mergeCell ref="A1:B9"/>', b"1e400", b"nan", b"-5", b"45953",
    b"<is><t>x</t></is>", b'r="XFE1"', b'r="ZZZ1"', b"<!DOCTYPE a>", b"2.9E+25", b"<!--",
]  # fmt: skip


@st.composite
def spoiled(draw, good, words):
    """`good` with up to five edits: a piece cut out, a word or bytes of chance put in."""
    content = good
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(content)))
        cut = draw(st.sampled_from([0, 0, 1, 2, 7, 40, 10_000]))
        put = draw(st.sampled_from([*WORDS, *words]) | st.binary(max_size=4))
        content = content[:at] + put + content[at + cut :]
    return content


def judge(records):
    """Run every record through the check; what is wrong with the reader shows as an exception."""
    marks, headings = [], Headings(CATALOGUE, "tr")
    for count, each in enumerate(records):
        assert count < 20_000
        assert len(each.content) <= CAPS.record_bytes + 200
        assert (each.fault is None) == bool(each.content)
        for finding in check(each, CATALOGUE, today=TODAY, metot="soap-g2").findings:
            assert json.dumps(finding.as_json())
            marks.append(
                Mark(place_of(each.places or {}, finding.path), finding, headings.of(each.veri_seti, finding.path))
            )
    causes_of(marks, "tr")
    return marks


JSON = json.dumps([record("K-1"), record("K-2", calisan=workers(3))]).encode()
LINES = b"\n".join(json.dumps(record(f"K-{n}")).encode() for n in range(3))
XML = f'<?xml version="1.0" encoding="UTF-8"?>\n<kayitlar>{GOOD}\n{GOOD.replace("X-1", "X-2")}</kayitlar>'.encode()
CSV = (
    "\n".join(";".join(each) for each in [HEADINGS, *[row("K-1", w) for w in workers(3)], row("K-2")]) + "\n"
).encode()


@fuzz
@given(st.binary(max_size=60) | spoiled(JSON, JSON_WORDS))
def test_json(content):
    judge(read_document(io.BytesIO(content), CAPS))


@fuzz
@given(st.binary(max_size=60) | spoiled(LINES, JSON_WORDS))
def test_ndjson(content):
    judge(read_ndjson(io.BytesIO(content), CAPS))


@fuzz
@given(st.binary(max_size=60) | spoiled(XML, XML_WORDS))
def test_xml(content):
    judge(read_xml(io.BytesIO(content), CAPS, CATALOGUE))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "in.bin"


@fuzz
@given(content=st.binary(max_size=60) | spoiled(CSV, CSV_WORDS))
def test_csv(place, content):
    place.write_bytes(content)

    judge(read_records(place, CAPS, CATALOGUE))


@settings(fuzz, max_examples=EXAMPLES // 4)
@given(content=spoiled(CSV.decode().encode("utf-16"), [*CSV_WORDS, b"\n\0", b"\0\n", b"\xff\xfe", b"\0\xd8", b"\n\n"]))
def test_csv_in_utf_16(place, content):
    place.write_bytes(content)

    judge(read_records(place, CAPS, CATALOGUE))


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "good.xlsx"
    typed = [row("K-1", each, EğitimTarihi=date(2025, 10, 23), Süre=40) for each in workers(3)]
    write_xlsx(path, [*typed, row("K-2")])
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


READ_PARTS = [
    "xl/worksheets/sheet1.xml",
    "xl/sharedStrings.xml",
    "xl/styles.xml",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "_rels/.rels",
]


def a_workbook(data, parts):
    """One part spoiled, most often the sheet; or the archive itself."""
    name = data.draw(st.sampled_from([*READ_PARTS[:1] * 4, *READ_PARTS, "archive"]))
    if name == "archive":
        return data.draw(spoiled(packed(parts), [b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"\xff\xff\xff\xff"]))
    return packed({**parts, name: data.draw(spoiled(parts[name], [*SHEET_WORDS, *XML_WORDS]))})


@fuzz
@given(data=st.data())
def test_xlsx(place, parts, data):
    place.write_bytes(a_workbook(data, parts))

    judge(read_records(place, CAPS, CATALOGUE))


@settings(fuzz, max_examples=EXAMPLES // 20)
@given(data=st.data())
def test_a_spoiled_workbook_comes_back_annotated_or_not_at_all(place, parts, data):
    place.write_bytes(a_workbook(data, parts))
    marks = judge(read_records(place, CAPS, CATALOGUE))
    tally = {"accepted": 0, "known": 0, "rejected": 1}

    try:
        causes = annotate("xlsx", place, place.with_suffix(".xlsx"), marks, tally=tally, language="en")
    except Malformed:
        return
    assert causes is None or sum(each.count for each in causes) == len(marks)


def judge_export(path, kind):
    """Every row of an export is values or faults that can be told."""
    try:
        with open_export(path, kind, CAPS) as export:
            for row in export.rows():
                assert all(json.dumps(finding.as_json()) for _, finding in row.faults)
    except Unreadable as error:
        assert json.dumps(error.finding.as_json())


fewer = settings(fuzz, max_examples=EXAMPLES // 4)  # the readers below them had the whole number above
CONTRACT = ["7001", SGK, PROFESSIONAL, "Deneme", "103", "5001", "01.01.2020", "", "02.01.2020 14:30", "700"]
CONTRACTS = [
    "Sözleşme ID", "SGK No", "TC", "Ad Soyad", "Tür Kodu", "Durum", "Başlama Tarihi", "Bitiş Tarihi", "Onay Tarihi", "Süre (dk)",
]  # fmt: skip
EXPORT = "\n".join(";".join(each) for each in [CONTRACTS, CONTRACT, CONTRACT]).encode()


@fewer
@given(content=st.binary(max_size=60) | spoiled(EXPORT, CSV_WORDS))
def test_csv_export(place, content):
    place.write_bytes(content)

    judge_export(place, Kind.CONTRACTS)


@pytest.fixture(scope="module")
def export_parts(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "export.xlsx"
    write_xlsx(path, [CONTRACT, [*CONTRACT[:6], date(2020, 1, 1)]], headings=CONTRACTS)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@fewer
@given(data=st.data())
def test_xlsx_export(place, export_parts, data):
    place.write_bytes(a_workbook(data, export_parts))

    judge_export(place, Kind.CONTRACTS)
