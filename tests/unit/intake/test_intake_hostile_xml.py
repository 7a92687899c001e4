import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MEMORY = 100 << 20
SECONDS = 1.0

# One process for all of them; Linux is asked to forget the highest mark of memory before each.
JUDGE = """
import ctypes, io, json, re, resource, sys, time
from datetime import date
from integrator.catalogue.catalogue import read_catalogue
from integrator.intake.read_json import Caps
from integrator.intake.read_xml import read_xml
from integrator.protect.safe_xml import UnsafeXml, parse_xml
from integrator.validate.check import check
from tests.corpus.xml import hostile

secret, address = sys.argv[1:]
catalogue = read_catalogue()

def judge(content):
    began, accepted, codes = time.process_time(), 0, []
    for each in read_xml(io.BytesIO(content), Caps(), catalogue):
        checked = check(each, catalogue, today=date(2026, 11, 21), metot="soap-g2")
        accepted += checked.kayit is not None
        codes += [json.dumps(finding.as_json(), ensure_ascii=False) for finding in checked.findings]
    return {"accepted": accepted, "findings": codes, "seconds": time.process_time() - began}

def reply(content):
    began = time.process_time()
    try:
        parse_xml(content)
        said = "parsed"
    except UnsafeXml as error:
        said = str(error)
    return {"reply": said, "reply_seconds": time.process_time() - began}

def memory(name):
    return int(re.search(name + r":\\s+([0-9]+) kB", open("/proc/self/status").read())[1]) * 1024

def both(content):
    ctypes.CDLL(None).malloc_trim(0)
    open("/proc/self/clear_refs", "w").write("5")
    before = memory("VmRSS")
    said = judge(content) | reply(content)
    return {**said, "memory": memory("VmHWM") - before}

control = judge(hostile.good())
cases = hostile.cases(secret, address)
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
verdicts = {name: both(content) for name, content in cases.items()}
json.dump({"control": control, "verdicts": verdicts}, sys.stdout)
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    called = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self):
            called.append(self.path)
            self.send_error(404)

    secret = tmp_path_factory.mktemp("secret") / "secret.txt"
    secret.write_text("KANARYA-7391")
    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    command = [sys.executable, "-c", JUDGE, str(secret), f"http://127.0.0.1:{server.server_port}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    server.shutdown()
    assert done.returncode == 0, done.stderr[-3000:]
    return {**json.loads(done.stdout), "called": called, "errors": done.stderr}


def test_the_record_they_start_from_is_accepted(judged):
    assert (judged["control"]["accepted"], judged["control"]["findings"]) == (1, [])


def test_there_are_at_least_sixty(judged):
    assert len(judged["verdicts"]) >= 60


def test_none_is_accepted_as_a_record(judged):
    assert [name for name, said in judged["verdicts"].items() if said["accepted"]] == []


def test_each_is_answered_by_a_finding_in_words(judged):
    silent = [name for name, said in judged["verdicts"].items() if not said["findings"]]

    assert silent == []


def test_none_is_slow(judged):
    slow = {
        name: (said["seconds"], said["reply_seconds"])
        for name, said in judged["verdicts"].items()
        if max(said["seconds"], said["reply_seconds"]) > SECONDS
    }

    assert slow == {}


def test_none_takes_much_memory(judged):
    large = {name: said["memory"] for name, said in judged["verdicts"].items() if said["memory"] > MEMORY}

    assert large == {}


def test_nothing_is_fetched_and_no_file_is_shown(judged):
    assert judged["called"] == []
    assert "KANARYA" not in json.dumps(judged["verdicts"], ensure_ascii=False)
    assert judged["errors"] == ""


def test_no_doctype_and_no_encoding_trick_passes_as_an_answer_of_the_ministry(judged):
    marks = ("doctype", "xxe", "laughs", "external_dtd", "utf_7", "utf_16", "utf_32", "ebcdic", "quadratic", "entity")
    passed = [
        name
        for name, said in judged["verdicts"].items()
        if any(mark in name for mark in marks) and said["reply"] == "parsed"
    ]

    assert passed == []
