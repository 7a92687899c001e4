import json
import os
import signal
import subprocess

import httpx2
import pytest

from tests.acceptance.conftest import wait_until
from tests.factories import record


class Several:
    """`ibys serve --processes 2` on PostgreSQL."""

    def __init__(self, ibys, url):
        self.ibys = ibys
        ibys.environment |= {"IBYS_DATABASE_URL": url, "IBYS_WEB_PORT": "0"}
        ibys.run("init")
        self.token = ibys.json("api-key", "make", "--name", "test")["token"]
        self.log = ibys.home.parent / "serve.log"
        self.process, told = ibys.serve("serve", "--processes", "2", "--json")
        self.address = told["address"]

    def call(self, method, path, **facts):
        """On a connection of its own, so that any of the processes may take it."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx2.request(method, f"{self.address}{path}", headers=headers, timeout=60, trust_env=False, **facts)

    def children(self):
        told = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=True
        )
        return [int(each) for each in told.stdout.split()]


@pytest.fixture
def several(ibys, postgres):
    made = Several(ibys, postgres.create_database())
    yield made
    if made.process.poll() is None:
        made.process.terminate()
        made.process.wait(60)


@pytest.mark.acceptance
def test_two_processes_serve_one_port_share_one_quota_outlive_one_that_is_killed_and_end_in_order(several):
    first = several.children()
    several.ibys.run("limits", "set", "records_a_day=41", "--reason", "test")
    statuses = [several.call("POST", "/v1/kayit", json=record(f"K-{n}")).status_code for n in range(20)]
    os.kill(first[0], signal.SIGKILL)
    wait_until(lambda: len(several.children()) == 2 and several.children() != first)
    wait_until(lambda: several.call("GET", "/health/ready").status_code == 200)
    statuses += [several.call("POST", "/v1/kayit", json=record(f"L-{n}")).status_code for n in range(40)]

    assert len(first) == 2
    assert set(statuses) == {201, 429}
    assert 40 <= statuses.count(201) <= 41
    assert several.ibys.json("status")["states"] == {"awaiting_signature": statuses.count(201)}
    assert_an_upload_is_ended_between_two_records(several, before=statuses.count(201))
    assert several.ibys.run("audit", "verify").returncode == 0


def assert_an_upload_is_ended_between_two_records(several, *, before):
    several.ibys.run("limits", "set", "records_a_day=", "--reason", "test")
    body = "\n".join(json.dumps(record(f"U-{n:05}")) for n in range(3_000)).encode()
    headers, came = {"Authorization": f"Bearer {several.token}"}, []
    about = {"headers": headers, "content": body, "timeout": 60, "trust_env": False}
    with httpx2.stream("POST", f"{several.address}/v1/kayit/upload", **about) as answer:
        for line in answer.iter_lines():
            came.append(json.loads(line))
            if len(came) == 200:
                several.process.terminate()
    last = came.pop()

    assert several.process.wait(60) == 0
    assert (last["done"], last["code"], last["skip"]) == (False, "INT-API-034", len(came))
    assert several.ibys.json("status")["states"] == {"awaiting_signature": before + len(came)}


@pytest.mark.acceptance
def test_several_processes_on_sqlite_are_refused(ibys):
    ibys.run("init")

    assert ibys.run("serve", "--processes", "2").returncode == 3
