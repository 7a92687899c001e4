"""Paper on pages: the certificate, the pack with how far it is, lists as workbooks, and what a stranger verifies."""

import io
import re
import shutil
import time

import openpyxl
import pytest

from integrator import pipeline
from integrator.coverage.following import follow_all
from integrator.coverage.reading import count_places
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo, SgkTescilNo
from integrator.domain.roles import Role
from integrator.paper.usage import read_certificates
from integrator.paper.usage_codes import write_code
from integrator.registering import set_card
from integrator.store.engine import sqlite_url
from integrator.trial.people import sgk_tescil_no
from integrator.web.bounds import Bounds
from tests.factories import KURUM, SGK, record, submitted
from tests.integration.paper.pdf import words_of
from tests.integration.web.browsing import Browser, browser_of

OCTOBER = {"since": "2025-10-01", "until": "2025-10-31"}
HOSTILE = '<script>alert("x")</script>=1+1 Işık'
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def database_url(migrated_file, tmp_path):
    """SQLite only: what a page is made of does not hang on the database."""
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


@pytest.fixture
def bounds():
    return Bounds(failures_per_minute=3)


@pytest.fixture
def accepted(gateway):
    set_card(gateway, KURUM, SgkTescilNo(SGK), {"ad_unvan": HOSTILE}, Hand("ayse", "test"))
    assert [each.status for each in pipeline.accept(gateway, KURUM, submitted(record("K-1")))] == ["accepted"]
    pipeline.dispatch(gateway)
    follow_all(gateway, KURUM)
    count_places(gateway, KURUM)


@pytest.fixture
def officer(door, house, accepted):
    return browser_of(door, house, Role.COMPLIANCE)


def test_a_certificate_is_issued_from_the_workplaces_page_and_anybody_verifies_its_code(officer, door, house, gateway):
    assert f'href="/desk/paper/{SGK}"' in officer.go("/paper").text
    officer.go(f"/paper/{SGK}")
    issued = officer.send(f"/paper/{SGK}/certificate", **OCTOBER)
    text = words_of(issued.content)
    code = re.search(r"([0-9A-Z]{5}-){5}\S\S", text)[0]

    assert (issued.headers["content-type"], issued.headers["cache-control"]) == ("application/pdf", "no-store")
    assert SGK in text and HOSTILE in text
    stranger = Browser(door, house, "")
    assert 'name="code"' in stranger.go("/verify").text
    page = stranger.send("/verify", code=code.lower())
    assert "Belge geçerli." in page.text and code not in page.text
    assert "&lt;*** Işık" not in page.text and HOSTILE not in page.text
    assert read_certificates(gateway, KURUM)[0].sha256 in page.text

    officer.go("/paper")
    usage_no = read_certificates(gateway, KURUM)[0].usage_no
    refused = officer.send(f"/paper/certificate/{usage_no}/revoke", reason="")
    assert (refused.status_code, 'role="alert"' in refused.text) == (422, True)
    assert officer.send(f"/paper/certificate/{usage_no}/revoke", reason="yanlış dönem").status_code == 303
    assert "Geri alındı" in officer.go("/paper").text
    assert "geri alındı" in stranger.send("/verify", code=code).text


def test_who_mistypes_is_told_and_who_guesses_is_slowed_down(door, house, accepted):
    stranger = Browser(door, house, "")

    for typed in ("", "x", "<script>alert(1)</script>", "' OR 1=1 --", "٣" * 27, "0" * 1_900):
        answer = stranger.send("/verify", code=typed)
        assert answer.status_code == 400 and "belgedeki gibi" in answer.text and "alert(1)" not in answer.text
    assert stranger.send("/verify", code="0" * 3_000).status_code == 400
    answers = [stranger.send("/verify", code=write_code(at)) for at in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert "Bu kodla belge verilmemiş" in answers[0].text


def test_a_pack_is_asked_for_followed_and_fetched(officer, gateway):
    officer.go(f"/paper/{SGK}")
    address = officer.send(f"/paper/{SGK}/pack", **OCTOBER).headers["location"].removeprefix("/desk")
    until = time.monotonic() + 60
    while "Paketi indir" not in (page := officer.go(address).text):
        assert time.monotonic() < until and "<progress" in page
        time.sleep(0.05)
    fetched = officer.go(f"{address}/content")

    assert (fetched.status_code, fetched.content[:2]) == (200, b"PK")
    assert "hx-get" not in page
    assert officer.send(f"{address}/stop").status_code == 303
    assert "Süresi doldu" in officer.go(address).text
    assert officer.go(f"{address}/content").status_code == 409


def test_a_pack_under_way_asks_about_itself_as_a_part_of_the_page_and_can_be_stopped(officer, app, gateway):
    app.state.packing.close()  # nobody makes it
    officer.go(f"/paper/{SGK}")
    address = officer.send(f"/paper/{SGK}/pack", **OCTOBER).headers["location"].removeprefix("/desk")
    whole = officer.go(address).text
    part = officer.door.get(
        f"/desk{address}",
        headers={"Cookie": "; ".join(f"{k}={v}" for k, v in officer.cookies.items()), "HX-Request": "true"},
    ).text

    assert f'hx-get="/desk{address}"' in whole and "<html" in whole
    assert part.lstrip().startswith("<section") and "<html" not in part and 'value="0"' in part
    officer.go(address)
    assert officer.send(f"{address}/stop").status_code == 303
    assert "Durduruldu" in officer.go(address).text


@pytest.mark.parametrize("of", ["certificate", "pack"])
def test_days_that_are_none_are_told_on_the_form(officer, gateway, of):
    officer.go(f"/paper/{SGK}")
    wrong = [
        {}, {"since": "x", "until": "y"}, {"since": "2025-10-31", "until": "2025-10-01"},
        {"since": '"><script>alert(1)</script>', "until": "2025-10-01"}, {"since": "2020-01-01", "until": "2020-01-02"},
        {"since": "1" * 254, "until": "2025-10-01"}, {"since": "2025-10-01\x00", "until": "2025-10-01"},
    ]  # fmt: skip

    for fields in wrong:
        answer = officer.send(f"/paper/{SGK}/{of}", **fields)
        assert answer.status_code in (400, 404) and 'role="alert"' in answer.text, fields
        assert "<script>alert" not in answer.text
    assert read_certificates(gateway, KURUM) == []
    assert officer.send(f"/paper/{sgk_tescil_no(4711)}/{of}", **OCTOBER).status_code == 404


def test_a_workplace_without_a_name_and_a_customer_without_anything_have_their_pages(officer, door, house, gateway):
    unnamed = sgk_tescil_no(4712)
    set_card(gateway, KURUM, SgkTescilNo(unnamed), {"kamu": 0}, Hand("ayse", "test"))
    stranger = browser_of(door, house, Role.COMPLIANCE, kurum=KurumNo("osgb-2"))

    assert "Adı bilinmiyor" in officer.go("/paper").text
    assert "Adı bilinmiyor" in officer.go(f"/paper/{unnamed}").text
    assert "Henüz kullanım belgesi verilmedi" in stranger.go("/paper").text
    assert stranger.go(f"/paper/{SGK}").status_code == 404
    assert stranger.go("/paper/report?month=2025-10").status_code == 200


def test_a_form_of_paper_without_the_token_changes_nothing(officer, gateway):
    for path in (f"/paper/{SGK}/certificate", f"/paper/{SGK}/pack", f"/paper/pack/{'0' * 16}/stop"):
        assert officer.send(path, csrf="x" * 64, **OCTOBER).status_code == 403
    assert read_certificates(gateway, KURUM) == []


def test_a_report_is_a_file_in_the_readers_language(officer):
    officer.go("/language/en?next=/desk/paper")
    report = officer.go(f"/paper/report?month=2025-10&isyeri={SGK}")

    assert "Monthly report 10.2025" in words_of(report.content) and HOSTILE in words_of(report.content)
    assert [officer.go(f"/paper/report?month={each}").status_code for each in ("", "x", "2990-01", "2025-13")] == [
        400
    ] * 4
    assert officer.go("/paper/report?month=2025-10&isyeri=1").status_code == 400


def sheet_of(answer):
    assert (answer.status_code, answer.headers["content-type"]) == (200, XLSX), answer.text
    return openpyxl.load_workbook(io.BytesIO(answer.content)).active


def test_every_list_has_its_workbook_narrowed_as_the_page_is(officer):
    pages = ["/bildirim", "/isyeri", "/coverage", "/coverage/deadlines", "/profesyonel", f"/isyeri/{SGK}/workers"]
    told = " ".join(officer.go(each).text for each in pages)
    links = set(re.findall(r'href="/desk(/sheet/[^"]+)"', told))

    assert {"/sheet/messages", "/sheet/workplaces", "/sheet/coverage"} <= links
    for each in (*links, "/sheet/gaps", "/sheet/loads", "/sheet/deadlines", f"/sheet/workers/{SGK}"):
        assert sheet_of(officer.go(each.replace("&amp;", "&"))).max_row >= 2
    assert sheet_of(officer.go("/sheet/messages")).max_row == 3
    assert sheet_of(officer.go("/sheet/messages?state=refused")).max_row == 2
    place = sheet_of(officer.go("/sheet/workplaces"))["A3"]
    assert (place.data_type, place.value) == ("s", HOSTILE)


def test_a_workbook_of_what_cannot_be_read_is_a_page_that_says_so(officer):
    wrong = ["/sheet/messages?since=x", "/sheet/messages?sorgu_no=%27OR%201", f"/sheet/messages?state={'x' * 999}"]

    assert [officer.go(each).status_code for each in wrong] == [400] * 3
    assert [officer.go(f"/sheet/{each}").status_code for each in ("nothing", "messages.xlsx", "workers")] == [404] * 3
    assert officer.go(f"/sheet/workers/{sgk_tescil_no(4711)}").status_code == 404


def test_a_manager_has_lists_and_reports_and_no_evidence(door, house, accepted):
    manager = browser_of(door, house, Role.MANAGER)

    assert [
        manager.go(each).status_code for each in ("/sheet/messages", "/sheet/gaps", "/paper/report?month=2025-10")
    ] == [200] * 3
    assert [manager.go(each).status_code for each in ("/paper", f"/paper/{SGK}")] == [403] * 2
    assert manager.send(f"/paper/{SGK}/certificate", **OCTOBER).status_code == 403
