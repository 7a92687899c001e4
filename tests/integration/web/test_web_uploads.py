import codecs
import gzip
import io
import json

import openpyxl
import pytest

from integrator.store.engine import reading
from integrator.store.tables import kayit
from tests.factories import record, workers

FILE_BYTES = 2_000_000  # the app's cap
LINES = {"Content_Type": "application/x-ndjson"}


def line(kayit_no, **changes):
    return json.dumps(record(kayit_no, **changes)).encode() + b"\n"


@pytest.fixture
def upload(call):
    def make(body, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = call("POST", "/kayit/upload", content=body, headers=named)
        assert answer.status_code == 200, answer.text
        return [json.loads(each) for each in answer.text.splitlines()]

    return make


def stored(gateway):
    with reading(gateway.database) as tx:
        return sorted(row.kayit_no for row in tx.execute(kayit.select()))


@pytest.mark.parametrize(
    "spoilt",
    [
        b'{"id": "K-2", "belgeTipi"\n',
        b"\xff\xfe\x80\n",
        b'{"id": "\xc3\x28"}\n',
        b"[]\n",
        b"7\n",
        b'{"id": ' + b"[" * 99 + b"\n",
    ],
)
def test_a_faulty_line_in_the_middle_is_told_with_its_place_and_stops_no_other(upload, gateway, spoilt):
    first, faulty, last, tally = upload(line("K-1") + spoilt + line("K-3"), **LINES)

    assert [first["status"], faulty["status"], last["status"]] == ["accepted", "rejected", "accepted"]
    assert (first["where"], faulty["where"], last["where"]) == ("line 1", "line 2", "line 3")
    assert faulty["findings"]
    assert tally == {"done": True, "accepted": 2, "known": 0, "rejected": 1}
    assert stored(gateway) == ["K-1", "K-3"]


def test_a_mark_of_byte_order_and_windows_line_ends_are_no_fault(upload, gateway):
    upload(codecs.BOM_UTF8 + line("K-1").replace(b"\n", b"\r\n") + b"\r\n" + line("K-2").strip())

    assert stored(gateway) == ["K-1", "K-2"]


def test_a_line_beyond_the_cap_is_told_and_the_next_is_read(upload, gateway):
    long = b'{"id": "' + b"x" * 1_500_000 + b'"}\n'
    answers = upload(line("K-1") + long + line("K-3"), **LINES)

    assert [each.get("status") for each in answers] == ["accepted", "rejected", "accepted", None]
    assert answers[1]["findings"][0]["code"] == "INT-INT-003"
    assert max(len(json.dumps(each)) for each in answers) < 2_000


def test_records_without_an_id_of_their_own_are_one_for_one_content(upload, gateway):
    body = line(None) + line(None, calisan=workers(1)) + line(None)
    first = upload(body)
    again = upload(body)

    assert [each["status"] for each in first[:3]] == ["accepted", "accepted", "known"]
    assert first[0]["kayit_no"] == first[2]["kayit_no"]
    assert first[0]["kayit_no"].startswith("icerik:")
    assert again[-1] == {"done": True, "accepted": 0, "known": 3, "rejected": 0}
    assert len(stored(gateway)) == 2


def test_a_packed_file_is_unpacked_also_in_several_members(upload, gateway):
    body = gzip.compress(line("K-1")) + gzip.compress(line("K-2"))
    tally = upload(body, Content_Encoding="gzip", Content_Type="application/x-ndjson")[-1]

    assert (tally["accepted"], stored(gateway)) == (2, ["K-1", "K-2"])


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (gzip.compress(b"\n" * (40 << 20)), {"Content-Encoding": "gzip"}, 413, "INT-API-005"),
        (b"\n" * (FILE_BYTES + 1), {}, 413, "INT-API-005"),
        (gzip.compress(line("K-1") * 50)[:-20], {"Content-Encoding": "gzip"}, 400, "INT-API-004"),
        (line("K-1"), {"Content-Encoding": "zstd"}, 415, "INT-API-006"),
        (b"x", {"Content-Type": "multipart/form-data; boundary=x"}, 415, "INT-API-006"),
        (line("K-1"), {"Content-Type": "application/x-www-form-urlencoded"}, 415, "INT-API-006"),
        (line("K-1"), {"Content-Type": "text/html"}, 415, "INT-API-006"),
    ],
)
def test_a_body_that_is_not_taken_is_told_and_stores_nothing(call, gateway, body, headers, status, code):
    answer = call("POST", "/kayit/upload", content=body, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert stored(gateway) == []


def test_a_sheet_is_answered_line_by_line_and_sent_again_doubles_nothing(upload, gateway):
    sheet = xlsx_of([record("K-1"), record("K-2", calisan=workers(1))])
    first, again = upload(sheet), upload(sheet)

    assert (first[-1]["accepted"], again[-1]["known"]) == (2, 2), (first, again)
    assert len(stored(gateway)) == 2


def xlsx_of(records):
    """Records of one worker and one training as a sheet of the template's columns."""
    book = openpyxl.Workbook()
    sheet = book.active
    columns = ["id", "belgeTipi", "isgProfTckNo", "calisanTckNo", "egitimKoduId", "egitimSuresi", "egitimTarihi"]
    columns += ["egitimYer", "egitimTur", "sgkTescilNo", "egiticiTckNo"]
    sheet.append(columns)
    for each in records:
        flat = {**each, "calisanTckNo": each["calisan"][0], **each["egitim"][0]}
        sheet.append([flat[name] for name in columns])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_an_upload_taken_up_again_with_skip_answers_the_rest_only(call, gateway):
    body = b"".join(line(f"K-{n}") for n in range(7))
    answer = call("POST", "/kayit/upload", params={"skip": 5}, content=body)
    told = [json.loads(each) for each in answer.text.splitlines()]

    assert [each.get("kayit_no") for each in told] == ["K-5", "K-6", None]
    assert told[0]["where"] == "line 6"
