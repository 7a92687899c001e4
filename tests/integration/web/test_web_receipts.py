import io
import json
import subprocess
import sys
import time
import zipfile
from base64 import b64encode
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from integrator import pipeline
from integrator.domain.errors import IllegalMove, Tampered
from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import Role
from integrator.evidence import packing
from integrator.evidence.packing import ask_pack, make_next, read_pack, read_pack_content
from integrator.queue import erasures, packs
from integrator.store.engine import reading, writing
from integrator.store.tables import audit_entry
from integrator.store.tables_of_doors import pack_job
from tests.factories import KURUM, PROFESSIONAL, SGK, WORKER, record
from tests.fakes import START

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OTHER = KurumNo("osgb-2")
PERIOD = {"sgk_tescil_no": SGK, "since": "2025-10-01", "until": "2025-10-31"}
ASKED = packing.Asked(SGK, START.date().replace(2025, 10, 1), START.date().replace(2025, 10, 31))


def sent(call, gateway, kayit_no="K-1"):
    number = call("POST", "/kayit", json=record(kayit_no)).json()["sorgu_no"][0]
    pipeline.dispatch(gateway)
    return number


def events(gateway):
    with reading(gateway.database) as tx:
        leaves = [json.loads(row.leaf) for row in tx.execute(audit_entry.select().order_by(audit_entry.c.i))]
    return [(each["event"], each.get("by")) for each in leaves]


def test_the_receipt_tells_the_fate_and_names_nobody(call, gateway):
    number = sent(call, gateway)
    answer = call("GET", f"/bildirim/{number}/makbuz", role=Role.MANAGER)
    told = answer.json()

    assert (told["sorgu_no"], told["state"], told["code"]) == (number, "accepted", "200")
    assert told["parts"] == {"accepted": 1, "total": 1}
    assert WORKER not in answer.text
    assert PROFESSIONAL not in answer.text
    assert [event for event, by in events(gateway) if by and "key " in by] == ["content.opening", "content.opened"]


def test_the_receipt_is_a_page_when_one_is_asked_for(call, gateway):
    number = sent(call, gateway)
    answer = call("GET", f"/bildirim/{number}/makbuz", headers={"Accept": "application/pdf"})

    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")


def test_a_record_has_a_receipt_for_each_message(call, gateway):
    number = sent(call, gateway)
    told = call("GET", "/kayit/K-1/makbuz").json()

    assert [each["sorgu_no"] for each in told["makbuz"]] == [number]
    assert call("GET", "/kayit/K-2/makbuz").status_code == 404
    assert call("GET", "/kayit/K-1/makbuz", kurum=OTHER).status_code == 404


def test_the_pack_of_one_message_verifies_itself(call, gateway, run_verifier):
    number = sent(call, gateway)
    answer = call("GET", f"/bildirim/{number}/pack")

    assert answer.headers["content-type"] == "application/zip"
    assert run_verifier(answer.content)["ok"] is True
    assert call("GET", f"/bildirim/{number}/pack", role=Role.MANAGER).status_code == 403


@pytest.fixture
def run_verifier(tmp_path):
    def run(content):
        pack, script = tmp_path / "pack.zip", tmp_path / "verify.py"
        pack.write_bytes(content)
        script.write_bytes(zipfile.ZipFile(pack).read("verify.py"))
        words = [sys.executable, "-I", str(script), str(pack), "--json"]
        return json.loads(subprocess.run(words, check=False, capture_output=True, cwd=tmp_path).stdout)

    return run


def until_ready(call, place):
    for _ in range(600):
        told = call("GET", place).json()
        if told["state"] not in ("waiting", "making"):
            return told
        time.sleep(0.05)
    raise AssertionError(told)


def test_a_pack_of_a_workplace_is_asked_for_followed_and_fetched(call, gateway):
    numbers = {sent(call, gateway, f"K-{n}") for n in range(3)}
    asked = call("POST", "/pack", json=PERIOD)
    place = asked.headers["location"].removeprefix("/v1")
    told = until_ready(call, place)

    assert (asked.status_code, told["state"], told["messages"]) == (202, "ready", 3)
    content = call("GET", f"{place}/content")
    names = zipfile.ZipFile(io.BytesIO(content.content)).namelist()
    assert {f"bildirim/{number}/canonical.xml" for number in numbers} <= set(names)
    assert content.headers["x-content-sha256"] == told["sha256"]
    assert ("bytes.exported", events(gateway)[-1][1]) == events(gateway)[-1]


def test_another_customers_pack_is_as_unknown_as_one_that_never_was(call, gateway):
    sent(call, gateway)
    place = call("POST", "/pack", json=PERIOD).headers["location"].removeprefix("/v1")
    until_ready(call, place)

    assert call("GET", place, kurum=OTHER).status_code == 404
    assert call("GET", f"{place}/content", kurum=OTHER).status_code == 404
    assert call("POST", "/pack", json=PERIOD, kurum=OTHER).status_code == 404


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"until": "2025-09-01"}, 400, "INT-INT-010"),
        ({"since": "1900-01-01"}, 400, "INT-INT-010"),
        ({"sgk_tescil_no": "1"}, 400, "INT-API-004"),
        ({"physician": "%%"}, 400, "INT-INT-010"),
        ({"physician": "AAAA"}, 400, "INT-INT-010"),
        ({"more": 1}, 400, "INT-API-004"),
        ({"since": "2024-01-01", "until": "2024-02-01"}, 404, "INT-QUE-002"),
    ],
)
def test_a_pack_that_cannot_be_made_is_refused_at_once(call, gateway, changes, status, code):
    sent(call, gateway)
    answer = call("POST", "/pack", json={**PERIOD, **changes})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert rows(gateway) == []


def rows(gateway):
    with reading(gateway.database) as tx:
        return tx.execute(pack_job.select()).all()


def physician():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "physician")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(START).not_valid_after(START + timedelta(days=9))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def test_only_who_may_see_health_has_it_sealed_into_a_pack(call, gateway):
    sent(call, gateway)
    asked = {**PERIOD, "physician": b64encode(physician()).decode()}

    assert call("POST", "/pack", json=asked, role=Role.COMPLIANCE).status_code == 403
    assert call("POST", "/pack", json=asked, role=Role.AUDITOR).status_code == 202


def test_a_pack_is_sealed_where_it_waits_and_gone_after_a_day(gateway, call, clock):
    sent(call, gateway)
    job = ask_pack(gateway, KURUM, ASKED, by="ayse")
    make_next(gateway, None)
    [row] = rows(gateway)
    assert b"PK\x03\x04" not in row.body
    assert read_pack_content(gateway, KURUM, job.pack_no, by="ayse").startswith(b"PK\x03\x04")

    clock.advance(hours=25)
    with pytest.raises(IllegalMove):
        read_pack_content(gateway, KURUM, job.pack_no, by="ayse")
    make_next(gateway, None)
    assert [(each.state, each.body) for each in rows(gateway)] == [("expired", b"")]


def test_a_failed_pack_says_why_and_a_job_that_kills_its_makers_is_given_up(gateway, call, clock, monkeypatch):
    sent(call, gateway)
    job = ask_pack(gateway, KURUM, ASKED, by="ayse")

    def breaks(*_args, **_told):
        raise Tampered("a row was changed")

    monkeypatch.setattr(packing, "make_pack", breaks)
    make_next(gateway, None)
    assert (read_pack(gateway, KURUM, job.pack_no).state, read_pack(gateway, KURUM, job.pack_no).code) == (
        "failed", "INT-AUD-001",
    )  # fmt: skip

    again = ask_pack(gateway, KURUM, ASKED, by="ayse")
    for _ in range(packs.MOST_TRIES):
        with writing(gateway.database) as tx:
            packs.claim(tx, now=clock.now())
        clock.advance(minutes=16)
    make_next(gateway, None)
    assert read_pack(gateway, KURUM, again.pack_no).state == "failed"


def test_six_packs_at_once_are_one_too_many(gateway, call, monkeypatch):
    sent(call, gateway)
    monkeypatch.setattr("integrator.web.packing.make_next", lambda *_: False)
    for _ in range(5):
        ask_pack(gateway, KURUM, ASKED, by="ayse")
    answer = call("POST", "/pack", json=PERIOD)

    assert (answer.status_code, answer.json()["code"]) == (429, "INT-API-035")  # of the customer's own: nothing is away
    assert answer.headers["retry-after"] == "60"


def test_an_erased_record_leaves_no_pack_behind(gateway, call):
    sent(call, gateway)
    ask_pack(gateway, KURUM, ASKED, by="ayse")
    make_next(gateway, None)
    with writing(gateway.database) as tx:
        erasures.destroy(tx, KURUM, "K-1", day="2026-01-01", named="egitim")

    assert [(each.state, each.body) for each in rows(gateway)] == [("expired", b"")]
