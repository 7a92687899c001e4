import io
import json
import zipfile
from base64 import b64decode, b64encode
from dataclasses import replace

import pytest

from integrator.agent.interchange import read_waiting
from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import Role
from integrator.sign.keys import KeyCupboard
from integrator.store.engine import reading
from integrator.store.tables import bildirim
from tests.factories import FOREIGNER, PROFESSIONAL, record
from tests.fakes import START

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OTHER = KurumNo("osgb-2")
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def gateway(gateway):
    return replace(gateway, cupboard=KeyCupboard([]))


@pytest.fixture
def numbers(call):
    batch = [record(f"K-{n}", egitimTarihi=f"2025-10-2{n}") for n in range(3)]
    return [each["sorgu_no"][0] for each in call("POST", "/kayit/batch", json=batch).json()["records"]]


def line(sorgu_no, cms):
    return json.dumps({"sorgu_no": sorgu_no, "cms": b64encode(cms).decode()}).encode() + b"\n"


def lines_of(answer):
    return [json.loads(each) for each in answer.text.splitlines()]


def signed(call, pki, **wanted):
    answer = call("POST", "/imza/bytes", json=wanted, headers={"Accept": "application/x-ndjson"})
    signer = pki.signer()
    return {each["sorgu_no"]: signer.sign(b64decode(each["content"]), at=START) for each in lines_of(answer)}


def attach(call, body, headers=NDJSON, **facts):
    return call("POST", "/imza", content=body, headers=headers, **facts)


def states(gateway):
    with reading(gateway.database) as tx:
        return [row.state for row in tx.execute(bildirim.select().order_by(bildirim.c.sorgu_no))]


def test_what_waits_is_told_for_each_professional(call, numbers):
    told = call("GET", "/bildirim/waiting").json()

    assert [each["sorgu_no"] for each in told["waiting"]] == numbers
    assert [(each["count"], PROFESSIONAL in each["professional"]) for each in told["professionals"]] == [(3, False)]


def test_the_folder_is_the_agents(call, numbers, tmp_path):
    answer = call("POST", "/imza/bytes", json={})
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path)

    assert [each.sorgu_no for each in read_waiting(tmp_path)[0]] == numbers


def test_bytes_are_chosen_by_professional_and_number(call, numbers, pki):
    assert list(signed(call, pki, professional=FOREIGNER)) == []
    assert list(signed(call, pki, professional=PROFESSIONAL, sorgu_no=numbers[1:2])) == numbers[1:2]
    assert call("POST", "/imza/bytes", json={}, kurum=OTHER).content.count(b".xml") == 0
    assert call("POST", "/imza/bytes", json={}, role=Role.SECRETARY).status_code == 403


def test_many_signatures_are_attached_and_again_without_harm(call, gateway, numbers, pki):
    body = b"".join(line(number, cms) for number, cms in signed(call, pki).items())
    first, again = attach(call, body).json(), attach(call, body).json()

    assert [(each["sorgu_no"], each["status"], each["state"]) for each in first["results"]] == [
        (number, "attached", "queued") for number in numbers
    ]
    assert again == first
    assert states(gateway) == ["queued"] * 3


def test_a_folder_of_signatures_is_taken_as_the_agent_leaves_it(call, gateway, numbers, pki):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as folder:
        for number, cms in signed(call, pki).items():
            folder.writestr(f"{number}.p7s", cms)
        folder.writestr("../../etc/passwd", b"x")
    told = attach(call, out.getvalue(), {"Content-Type": "application/zip"}).json()["results"]

    assert [each["status"] for each in told] == ["attached"] * 3 + ["refused"]
    assert states(gateway) == ["queued"] * 3


def test_a_bad_line_stops_no_other(call, gateway, numbers, pki):
    good = signed(call, pki)
    other = line(numbers[0], good[numbers[1]])
    body = b'{"sorgu_no": "x"}\n\xff\n' + other + line(5, b"x") + line(numbers[2], good[numbers[2]])
    told = attach(call, body).json()["results"]

    assert [each["code"] for each in told] == ["INT-INT-010", "INT-INT-010", "INT-SGN-001", "INT-QUE-002", None]
    assert states(gateway) == ["awaiting_signature"] * 2 + ["queued"]


def test_another_customers_message_takes_no_signature(call, gateway, numbers, pki):
    body = b"".join(line(number, cms) for number, cms in signed(call, pki).items())
    told = attach(call, body, kurum=OTHER).json()["results"]

    assert {each["code"] for each in told} == {"INT-QUE-002"}
    assert states(gateway) == ["awaiting_signature"] * 3


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"not a zip", "application/zip", 400),
        (b"", "application/zip", 400),
        (b"", "text/plain", 415),
        (b"{}\n" * 1001, "application/x-ndjson", 400),
        (b"x" * ((16 << 20) + 1), "application/x-ndjson", 413),
    ],
)
def test_a_body_that_is_none_is_a_problem(call, body, kind, status):
    answer = attach(call, body, {"Content-Type": kind})

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
