"""The gateway's wire against the stub's TLS port: what is shown at the door is known not to have arrived."""

import json
import subprocess
import sys
import urllib.request

import pytest

from integrator.deliver.wire import Limits, NoAnswer, NotSent, Wire

BODY = b"<x/>"
HEADERS = {"Content-Type": "text/xml"}


@pytest.fixture(scope="module")
def stub():
    command = [sys.executable, "-m", "integrator.ministry", "serve", "--seed", "7", "--tls-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield json.loads(process.stdout.readline())
        process.terminate()


@pytest.fixture
def wire(stub, tmp_path):
    control(stub, "POST", "/reset")
    authority = tmp_path / "authority.pem"
    authority.write_text(control(stub, "GET", "/tls")["authority"])
    return Wire(stub["tls"]["soap_g2"], Limits(connect=2.0, silence=2.0, total=3.0), ca_file=authority)


def control(stub, method, path, content=None):
    body = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(stub["control"] + path, data=body, method=method)
    with urllib.request.urlopen(request, timeout=5) as reply:
        return json.loads(reply.read())


def test_a_good_certificate_lets_a_message_pass(wire):
    assert b"faultcode" in wire.post(BODY, HEADERS).body


@pytest.mark.parametrize("fault", ["tls_expired", "tls_wrong_name"])
def test_a_bad_certificate_keeps_the_message_at_home(stub, wire, fault):
    control(stub, "PUT", "/faults", {"scripts": [{"fault": fault}]})

    with pytest.raises(NotSent, match={"tls_expired": "tls_expired", "tls_wrong_name": "tls_name"}[fault]):
        wire.post(BODY, HEADERS)

    assert wire.post(BODY, HEADERS).status == 500


def test_another_authority_is_not_trusted(stub):
    with pytest.raises(NotSent, match="tls_authority"):
        Wire(stub["tls"]["soap_g2"], Limits(connect=2.0)).post(BODY, HEADERS)


def test_a_demanded_client_certificate_is_no_answer(stub, wire):
    control(stub, "PUT", "/faults", {"scripts": [{"fault": "tls_client_certificate"}]})

    with pytest.raises((NotSent, NoAnswer)):
        wire.post(BODY, HEADERS)

    assert wire.post(BODY, HEADERS).status == 500


@pytest.mark.parametrize("fault", ["reset_at_connect", "reset_before_body", "reset_within_body"])
def test_a_reset_at_the_door_is_no_answer(stub, wire, fault):
    control(stub, "PUT", "/faults", {"scripts": [{"fault": fault}]})

    with pytest.raises((NotSent, NoAnswer)):
        wire.post(BODY, HEADERS)

    assert wire.post(BODY, HEADERS).status == 500
