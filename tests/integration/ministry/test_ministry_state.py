"""The whole state over the control port and in a file; the page; what the control port refuses."""

import json
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser

import pytest
import requests

BANNER = "this is not the ministry"
PUTS = (
    "/parties",
    "/firma",
    "/firma/dosyalar",
    "/firma/duyurular",
    "/clock",
    "/versions",
    "/faults",
    "/personality",
    "/export",
)
HOSTILE = {
    "nothing": b"",
    "half": b'{"',
    "not utf-8": b"\xff\xfe\x00",
    "null": b"null",
    "a number": b"7",
    "a huge number": b"9" * 10_000,
    "not a number": b"NaN",
    "a list": b"[]",
    "a text": b'"x"',
    "deep lists": b"[" * 200_000,
    "deep objects": b'{"a":' * 100_000,
    "deep inside a key": b'{"dosyalar":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "a strange key": b'{"__class__": 1}',
    "half a surrogate": b'{"\\ud800": "\\udfff"}',
    "xml": b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    "many keys": json.dumps({f"k{one}": one for one in range(100_000)}).encode(),
}


@pytest.fixture
def filled(stub, toy, uzman):
    stub.control("PUT", "/clock", {"at": "2026-11-22T12:00:00+03:00", "factor": 0})
    rows = [{"firma_kodu": toy.FIRMA_KODU, "unvan": "Örnek <b>A.Ş.</b>"}]
    stub.control("PUT", "/firma/dosyalar", {"dosyalar": rows})
    for number, generation in enumerate(("soap-g1", "soap-g2", "soap-g3", "json-g4"), 1):
        message = toy.Notification(sorgu_no=number, generation=generation, tarih=f"{22 + number}-10-2018")
        assert stub.final_code(message, uzman.sign(message.xml())) == 200
    return stub


def test_everything_goes_out_and_comes_back_the_same(filled):
    exported = filled.control("GET", "/export")
    filled.control("POST", "/reset", {"parties": True})
    emptied = filled.control("GET", "/export")
    filled.control("PUT", "/export", exported)

    assert emptied != exported
    assert filled.control("GET", "/export") == exported
    assert len(filled.effects()) == 4


def test_the_ledger_is_asked_by_worker_workplace_and_day(filled, toy):
    facts = {"calisan_tck_no": str(toy.CALISAN), "sgk_tescil_no": toy.SGK, "gun": "2018-10-24"}

    (row,) = filled.control("POST", "/ledger/query", facts)["rows"]
    assert (row["generation"], row["firma_kodu"], row["status"]) == ("soap-g2", toy.FIRMA_KODU, 200)


def test_the_counts_name_nobody(filled, toy):
    counted = filled.control("GET", "/ledger/counts")

    assert counted["by_nace_section"] == {"F": {"effects": 4, "workplaces": 1}}
    assert counted["by_province"] == {"06": {"effects": 4, "workplaces": 1}}
    assert str(toy.CALISAN) not in json.dumps(counted)


@pytest.mark.parametrize("path", PUTS)
def test_hostile_input_is_400_with_a_text_and_changes_nothing(filled, path):
    before = filled.control("GET", "/export")

    for name, body in HOSTILE.items():
        reply = requests.put(filled.control_url + path, data=body, timeout=10)
        assert (reply.status_code, reply.text.strip() != "", "Traceback" in reply.text) == (400, True, False), name
        assert BANNER in reply.headers["X-Not-The-Ministry"]
        assert filled.control("GET", "/export") == before, name


@pytest.mark.parametrize("path", ["/reset", "/ledger/query"])
@pytest.mark.parametrize("name", ["half", "a list", "deep lists", "a text"])
def test_hostile_questions_are_400_too(filled, path, name):
    before = filled.control("GET", "/export")

    assert requests.post(filled.control_url + path, data=HOSTILE[name], timeout=10).status_code == 400
    assert filled.control("GET", "/export") == before


@pytest.mark.parametrize(
    ("status", "method", "path", "headers"),
    [
        (200, "GET", "/", {}),
        (200, "GET", "/health", {}),
        (404, "GET", "/nothing", {}),
        (404, "DELETE", "/clock", {}),
        (400, "PUT", "/clock", {}),
        (403, "PUT", "/clock", {"Origin": "http://elsewhere.example"}),
        (403, "POST", "/reset", {"Origin": "null"}),
        (413, "PUT", "/parties", {"Content-Length": "999999999"}),
        (431, "GET", "/" + "x" * 20_000, {}),
    ],
)
def test_every_reply_of_the_control_port_says_that_it_is_not_the_ministry(stub, status, method, path, headers):
    reply = requests.request(method, stub.control_url + path, headers=headers, data=b"", timeout=10)

    assert (reply.status_code, BANNER in reply.headers["X-Not-The-Ministry"]) == (status, True)


@pytest.mark.parametrize(
    ("status", "method", "path"),
    [
        (404, "GET", "/"),
        (404, "GET", "/firm"),
        (405, "GET", "/soap-g2"),
        (415, "POST", "/soap-g2"),
        (200, "GET", "/soap-g1?wsdl"),
        (404, "GET", "/json-g4/nothing"),
        (200, "GET", "/firma/liste"),
        (401, "GET", "/firma/durum"),
        (405, "POST", "/firma/liste"),
    ],
)
def test_every_reply_of_the_faces_says_so_too(stub, status, method, path):
    reply = requests.request(method, f"http://127.0.0.1:{stub.port}{path}", timeout=5)

    assert (reply.status_code, BANNER in reply.headers["X-Not-The-Ministry"]) == (status, True)


@pytest.mark.parametrize("octets", [b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9", b"NO SUCH THING"])
def test_what_is_not_http_is_told_so_too(stub, octets):
    assert BANNER.encode() in stub.raw(octets + b"\r\n\r\n", 0.3)


class Reader(HTMLParser):
    """What a page is made of."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("href", "src", "action")]


def test_the_page_shows_clock_firms_faults_and_ledger_without_script(filled, toy):
    filled.control("PUT", "/faults", {"rates": {"http_429": 0.25}})
    reply = requests.get(filled.control_url + "/", timeout=5)
    page = Reader(reply.text)

    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    shown = ("2026-11-22T12:00:00.000+03:00", "http_429", "0.25", "soap-g3", toy.SGK, "2018-10", BANNER, "Saat / Clock")
    assert [told for told in shown if told not in reply.text] == []
    assert (page.tags.count("h1"), "script" in page.tags, page.addresses) == (1, False, ["/"])


def test_the_page_escapes_what_comes_from_outside(filled):
    text = requests.get(filled.control_url + "/", timeout=5).text

    assert "Örnek &lt;b&gt;A.Ş.&lt;/b&gt;" in text
    assert "b" not in Reader(text).tags


def test_the_page_names_no_person_and_no_secret(filled, toy):
    text = requests.get(filled.control_url + "/", timeout=5).text

    assert toy.FIRMA_KODU not in text
    assert toy.PAROLA not in text
    assert re.findall(r"(?<![0-9])[0-9]{11}(?![0-9])", text) == []


def test_the_page_lets_a_browser_load_nothing_but_its_own_style(stub):
    headers = requests.get(stub.control_url + "/", timeout=5).headers

    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_with_a_state_file_the_next_process_goes_on(toy, tmp_path, uzman):
    path, message = tmp_path / "state.json", toy.Notification()
    first = toy.Stub("--state", str(path))
    first.reset()
    assert first.final_code(message, uzman.sign(message.xml())) == 200
    exported = first.control("GET", "/export")
    assert first.stop() == 0

    second = toy.Stub("--state", str(path))
    again, code = second.control("GET", "/export"), second.final_code(message, uzman.sign(message.xml()))
    second.stop()

    assert (again, code) == (exported, 211)


def test_the_state_file_is_written_while_the_stub_runs(toy, tmp_path):
    path = tmp_path / "state.json"
    stub = toy.Stub("--state", str(path))
    stub.reset()
    until = time.monotonic() + 15
    while toy.SGK not in path.read_text() and time.monotonic() < until:
        time.sleep(0.2)
    stub.process.send_signal(signal.SIGKILL)
    stub.process.wait(5)

    assert json.loads(path.read_bytes())["parties"]["firmalar"][0]["firma_kodu"] == toy.FIRMA_KODU


def test_without_a_state_file_everything_is_forgotten(toy):
    first = toy.Stub()
    first.reset()
    first.stop()
    second = toy.Stub()
    parties = second.control("GET", "/parties")
    second.stop()

    assert parties["firmalar"] == []


@pytest.mark.parametrize("content", ["", "{", '{"form": 1}', "[" * 5000])
def test_a_bad_state_file_ends_the_start_with_its_name_and_is_left_alone(toy, tmp_path, content):
    path = tmp_path / "state.json"
    path.write_text(content)
    command = [sys.executable, "-m", "integrator.ministry", "serve", "--state", str(path)]

    run = subprocess.run(command, cwd=toy.REPO, capture_output=True, text=True, timeout=10, check=False)

    assert (run.returncode, "state.json" in run.stderr, "Traceback" in run.stderr) == (2, True, False)
    assert path.read_text() == content
