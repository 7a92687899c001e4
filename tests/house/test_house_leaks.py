"""The search of tests/leaks.py finds what is planted, by every way out, and names the test."""

import os
import re
import subprocess
import sys

from tests.factories import REPO

PLANTED = """
import subprocess, sys
import click, httpx2, pytest, requests
from integrator.domain.errors import Malformed
from integrator.log import hide, logger

NUMBER = "80000000132"

def answer(status):
    return httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(status, text=f"no {NUMBER} here")))

def test_log_line(): logger().info("queue.put", detail="tanı: Hipertansiyon")
def test_log_number(): logger().info("queue.put", sorgu_no=int(NUMBER))
def test_log_number_that_redaction_hides(): logger().info("queue.put", detail=NUMBER)
def test_stderr(): print(f"bad {NUMBER}", file=sys.stderr)
def test_stdout_that_was_read(capsys): print(NUMBER); capsys.readouterr()
def test_echo(): click.echo(f"calisan {NUMBER}")
def test_process():
    told = f"import sys; sys.stderr.write('{NUMBER}') # integrator"
    subprocess.run([sys.executable, "-c", told], capture_output=True)
def test_address(): answer(200).get(f"http://a/kayit/{NUMBER}")
def test_error_answer(): answer(422).get("http://a/kayit")
def test_error_text():
    with pytest.raises(Malformed): raise Malformed(f"line 3: {NUMBER}")
def test_log_file(tmp_path): (tmp_path / "worker.log").write_text(NUMBER)
def test_certificate(tmp_path):
    (tmp_path / "destroyed").mkdir(); (tmp_path / "destroyed" / "1.txt").write_text(NUMBER)
def test_parola(tmp_path):
    (tmp_path / "keys").mkdir(); (tmp_path / "keys" / "parola").write_text("pa55word-x\\n"); click.echo("pa55word-x")
def test_hidden_value(): click.echo(hide("s3cret-of-mine"))
def test_firma_kodu(): click.echo("DENEME00001")
def test_health_fact_as_json_writes_it(): click.echo("bel a\\\\u011fr\\\\u0131s\\\\u0131")

def test_quiet_numbers():
    click.echo(f"10000000146 80000000131 {NUMBER}0")
def test_quiet_content(): answer(200).get("http://a/kayit")
"""


def test_a_planted_leak_fails_its_test_whatever_way_it_takes(tmp_path):
    file = tmp_path / "test_planted.py"
    file.write_text(PLANTED, encoding="utf-8")
    options = ["-q", "-rE", "-p", "no:xdist", "-p", "no:cacheprovider", "-p", "tests.leaks", "--rootdir", tmp_path]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, file],
        env={**os.environ, "PYTHONPATH": str(REPO)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    named = set(re.findall(r"^ERROR test_planted.py::(\w+)", done.stdout, re.M))
    planted = set(re.findall(r"^def (test_\w+)", PLANTED, re.M))

    assert done.returncode == 1, done.stdout[-3000:]
    assert named == {each for each in planted if "quiet" not in each}
    assert "test_stderr let out what nobody may see" in done.stdout


def test_every_test_of_this_run_is_searched(request):
    assert request.config.pluginmanager.has_plugin("tests.leaks")
    assert "_log_is_searched" in request.fixturenames
