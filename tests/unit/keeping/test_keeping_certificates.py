import re
import zlib
from base64 import a85decode
from datetime import UTC, datetime

from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo
from integrator.evidence.certificate_pdf import render_certificate
from integrator.keeping.certificates import Certificate, Ground, write_certificate
from integrator.keeping.classes import class_named

AT = datetime(2036, 1, 2, 12, tzinfo=UTC)


def certificate(records=3):
    done = [{"kayit_no": f"K-{n}", "sorgu_no": [10_000_000_001 + n]} for n in range(records)]
    ground = Ground(KurumNo("osgb-1"), class_named("training"), Hand("ayşe", "yarıyıl imhası"))
    told = write_certificate(7, ground, AT, done, [("K-9", "legal_hold")])
    rows = [{"register": "calisan", "class": "parties", "destroyed": 2, "keys": [], "stays": {"time_not_over": 1}}]
    return Certificate(7, told | {"registers": rows, "marks": []})


def test_the_page_says_what_went_what_stays_and_why_in_both_languages():
    text = certificate().text

    assert "No 7" in text and "K-0  10000000001" in text
    assert "2 çalışan listesi satırı / row(s) of rosters" in text
    assert "K-9: yasal saklama var (ibys retention hold) / a legal hold keeps it" in text
    assert "1 çalışan listesi satırı / row(s) of rosters: saklama süresi dolmadı" in text


def test_nothing_destroyed_is_said_and_not_left_blank():
    told = certificate(records=0)
    told.document["registers"].clear()

    assert "destroyed:\n  hiçbir şey / nothing" in told.text


def test_the_paper_holds_every_line_and_says_which_json_it_stands_for():
    few, many = render_certificate(certificate(), b"{}"), render_certificate(certificate(120), b"{}")

    assert few.startswith(b"%PDF") and few == render_certificate(certificate(), b"{}")
    assert few != render_certificate(certificate(), b"{ }")
    assert [len(re.findall(rb"/Type /Page\b", each)) for each in (few, many)] == [1, 3]
    lines = len(list(certificate(120).lines()))
    assert sum(each.count(b" Tj") for each in streams_of(many)) > lines


def streams_of(pdf):
    for each in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        if each.strip().endswith(b"~>"):
            yield zlib.decompress(a85decode(each.strip()[:-2]))
