from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx2
import pytest

from tests.factories import record


class Served:
    """`ibys serve` as a process, and calls to it."""

    def __init__(self, ibys):
        self.ibys = ibys
        ibys.run("init")
        self.token = ibys.json("api-key", "make", "--name", "test")["token"]
        self.start()

    def start(self):
        self.process, told = self.ibys.serve("serve", "--json", IBYS_WEB_PORT="0")
        self.address = told["address"]
        self.client = httpx2.Client(
            base_url=self.address, headers={"Authorization": f"Bearer {self.token}"}, timeout=60, trust_env=False
        )

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def stop(self):
        self.client.close()
        self.process.terminate()
        return self.process.wait(45)

    def states(self):
        return self.ibys.json("status")["states"]


@pytest.fixture
def served(ibys):
    made = Served(ibys)
    yield made
    if made.process.poll() is None:
        made.kill()


@pytest.mark.acceptance
def test_a_record_goes_in_by_http_and_the_server_ends_on_sigterm(served):
    assert served.client.get("/health/ready").status_code == 200
    answer = served.client.post("/v1/kayit", json=record("K-1"))
    number = answer.json()["sorgu_no"][0]

    assert (answer.status_code, served.client.get(f"/v1/bildirim/{number}").json()["state"]) == (
        201,
        "awaiting_signature",
    )
    assert served.stop() == 0
    assert served.states() == {"awaiting_signature": 1}


@pytest.mark.acceptance
def test_a_locked_database_is_told_long_before_a_worker_would_give_up_and_who_waits_is_let_go_at_the_end(served):
    assert served.client.get("/v1/change?after=now").status_code == 200
    with closing(sqlite3.connect(served.ibys.home / "ibys.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = served.client.post("/v1/kayit", json=record("K-1"), timeout=25)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(served.client.get, "/v1/change?after=now&wait=20")
        time.sleep(0.5)
        served.process.terminate()
        ended_at = time.monotonic()
        told = waiting.result()
        let_go_after = time.monotonic() - ended_at

    assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (503, True)
    assert (told.status_code, told.json()["changes"], let_go_after < 15) == (200, [], True)
    assert served.process.wait(15) == 0


@pytest.mark.acceptance
def test_curl_does_what_the_page_says(served):
    body = json.dumps(record("K-1"))
    about = ["-H", f"Authorization: Bearer {served.token}", "-H", "Content-Type: application/json", "-d", body]
    curl = ["curl", "-s", "-S", "-w", " %{http_code}", *about, f"{served.address}/v1/kayit"]
    done = subprocess.run(curl, capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.endswith(" 201")


def cut_off(served, head, body):
    """A call whose body never comes whole: the line is closed behind `body`."""
    host, _, port = served.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as line:
        told = f"POST /v1/kayit/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {served.token}\r\n{head}\r\n\r\n"
        line.sendall(told.encode() + body)


@pytest.mark.acceptance
def test_a_body_that_is_cut_off_is_not_begun_with(served):
    line = json.dumps(record("K-cut")).encode() + b"\n"
    cut_off(served, "Transfer-Encoding: chunked", b"%x\r\n%s\r\n40\r\nhalf" % (len(line), line))
    cut_off(served, f"Content-Length: {2 * len(line)}", line)
    whole = served.client.post("/v1/kayit/upload", content=json.dumps(record("K-whole")).encode())

    assert json.loads(whole.text.splitlines()[-1]) == {"done": True, "accepted": 1, "known": 0, "rejected": 0}
    assert served.client.get("/v1/kayit/K-cut").status_code == 404
    assert served.states() == {"awaiting_signature": 1}


@pytest.mark.acceptance
def test_the_log_of_the_server_names_patterns_and_never_ids_or_tokens(served):
    served.client.post("/v1/kayit", json=record("K-secret-1"))
    served.client.get("/v1/kayit/K-secret-1")
    served.stop()
    log = (served.ibys.home.parent / "serve.log").read_text()

    assert '"web.answered"' in log
    assert "/kayit/{kayit_no:path}" in log
    assert [each for each in ("K-secret-1", served.token[14:], "80000000132") if each in log] == []
