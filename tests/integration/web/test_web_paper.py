"""Usage certificates and reports over the API: who issues, who takes back, and what a stranger may ask."""

import shutil
from base64 import b64decode
from hashlib import sha256

import pytest

from integrator import pipeline
from integrator.domain.hands import Hand
from integrator.domain.identifiers import SgkTescilNo
from integrator.domain.roles import Role
from integrator.paper.usage_codes import write_code
from integrator.registering import set_card
from integrator.store.engine import sqlite_url
from integrator.web.bounds import Bounds
from tests.factories import KURUM, SGK, record
from tests.integration.paper.pdf import words_of

OCTOBER = {"sgk_tescil_no": SGK, "since": "2025-10-01", "until": "2025-10-31"}


@pytest.fixture
def database_url(migrated_file, tmp_path):
    """SQLite only: what differs between the engines is tried where it is read."""
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


@pytest.fixture
def bounds():
    return Bounds(failures_per_minute=3)


@pytest.fixture
def accepted(call, gateway):
    set_card(gateway, KURUM, SgkTescilNo(SGK), {"ad_unvan": "Işık Döküm"}, Hand("ayse", "test"))
    assert call("POST", "/kayit", json=record("K-1")).status_code == 201
    pipeline.dispatch(gateway)


@pytest.fixture
def verify(door):
    """Asks as a stranger, without a key."""
    return lambda code, **facts: door.post("/v1/belge/verify", json={"code": code}, **facts)


def test_a_certificate_is_issued_verified_by_anybody_and_taken_back(call, accepted, verify):
    issued = call("POST", "/belge", json=OCTOBER)
    told = issued.json()
    pdf = b64decode(told["pdf"])
    said = verify(told["code"]).json()

    assert (issued.status_code, issued.headers["cache-control"]) == (201, "no-store")
    assert (told["sha256"], said["said"]["sha256"]) == (sha256(pdf).hexdigest(),) * 2
    assert told["code"] in words_of(pdf)
    assert (said["validity"], said["gateway"]) == ("valid", "test")
    assert said["said"]["counts"] == [{"veri_seti": "egitim", "notified": 1, "accepted": 1}]
    assert (said["said"]["title"], "made_by" in said["said"]) == ("I*** D***", False)
    assert call("GET", "/belge").json()["belge"][0]["usage_no"] == told["usage_no"]

    revoked = call("POST", f"/belge/{told['usage_no']}/revoke", json={"reason": "wrong period"})
    assert revoked.status_code == 200
    assert verify(told["code"]).json()["validity"] == "revoked"


def test_a_code_is_told_once_and_stands_in_no_list(call, accepted):
    told = call("POST", "/belge", json=OCTOBER).json()

    assert told["code"] not in call("GET", "/belge").text
    assert "code" not in call("GET", "/belge").json()["belge"][0]


WISHES = [
    ({**OCTOBER, "sgk_tescil_no": "1"}, 400), ({**OCTOBER, "until": "2025-09-01"}, 400),
    ({**OCTOBER, "since": "2024-01-01", "until": "2024-02-01"}, 404), ({**OCTOBER, "more": 1}, 400),
    ({**OCTOBER, "language": "de"}, 400), ({**OCTOBER, "hide_sgk": "yes"}, 400), ([], 400),
]  # fmt: skip
NO_CODES = ["", "x", "<script>alert(1)</script>", "0" * 27 + "\x00", "' OR 1=1 --", "Z" * 65, 7, None]
NO_MONTHS = ["2025-13", "1999-01", "2011-12", "2099-12", "x"]


def test_a_wish_that_cannot_be_met_is_told_and_leaves_nothing(call, accepted):
    assert [call("POST", "/belge", json=body).status_code for body, _ in WISHES] == [status for _, status in WISHES]
    assert call("GET", "/belge").json() == {"belge": []}


def test_what_is_no_code_is_refused_and_not_repeated(verify):
    answers = [verify(code) for code in NO_CODES]

    assert [each.status_code for each in answers] == [400] * len(NO_CODES)
    assert not [each.text for each in answers if "alert" in each.text or "OR 1=1" in each.text]


def test_who_guesses_is_slowed_down_and_who_holds_a_paper_is_not(call, accepted, verify):
    code = call("POST", "/belge", json=OCTOBER).json()["code"]
    assert verify(code).json()["validity"] == "valid"
    guesses = [verify(write_code(at)) for at in range(4)]

    assert [each.status_code for each in guesses] == [200, 200, 200, 429]
    assert guesses[0].json() == {"validity": "unknown", "gateway": "test", "said": None}
    assert verify(code).status_code == 200


def test_another_site_cannot_ask_in_a_visitors_name(verify):
    assert verify(write_code(1), headers={"Origin": "https://x.test"}).status_code == 403


def test_only_who_may_show_evidence_issues_and_only_who_may_act_takes_back(call, accepted):
    told = call("POST", "/belge", json=OCTOBER, role=Role.AUDITOR).json()
    revoke = f"/belge/{told['usage_no']}/revoke"

    assert call("POST", "/belge", json=OCTOBER, role=Role.MANAGER).status_code == 403
    assert call("POST", revoke, json={"reason": "x"}, role=Role.AUDITOR).status_code == 403
    assert call("POST", revoke, json={"reason": "x"}, role=Role.COMPLIANCE).status_code == 200


def test_a_months_report_is_a_pdf_in_either_language(call, accepted):
    turkish = call("GET", "/rapor/2025-10", role=Role.MANAGER)
    english = call("GET", "/rapor/2025-10", params={"sgk_tescil_no": SGK, "language": "en"})

    assert (turkish.headers["content-type"], turkish.headers["cache-control"]) == ("application/pdf", "no-store")
    assert 'filename="rapor-2025-10.pdf"' in turkish.headers["content-disposition"]
    assert "Aylık rapor 10.2025" in words_of(turkish.content)
    assert "Işık Döküm" in words_of(english.content) and "Monthly report" in words_of(english.content)


def test_a_month_that_is_none_is_refused(call, accepted):
    assert [call("GET", f"/rapor/{each}").status_code for each in NO_MONTHS] == [400] * len(NO_MONTHS)


def test_the_kurum_that_issued_it_is_told_to_no_stranger(call, accepted, verify):
    code = call("POST", "/belge", json=OCTOBER).json()["code"]

    assert KURUM not in verify(code).text and SGK not in verify(code).text
