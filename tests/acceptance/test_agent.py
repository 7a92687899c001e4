from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import pty
import re
import select
import socket
import subprocess
import sys
import termios
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from integrator.sign.trial_pki import issue_signer, make_root
from tests.acceptance.conftest import wait_until
from tests.factories import FOREIGNER, PROFESSIONAL, record, workers
from tests.softhsm import SoftHsm, new_pin, require_softhsm

pytestmark = pytest.mark.acceptance
ORIGIN = "https://desk.example"
ATTACH_AND_STAY = """
import sys
from integrator.cli import main
try:
    main(sys.argv[1:])
except SystemExit as done:
    print("exit", done.code, flush=True)
sys.stdin.read()
"""

ON_ITS_OWN_TERMINAL = """
import fcntl, signal, termios
signal.signal(signal.SIGINT, signal.default_int_handler)  # a runner in the background may have had it ignored
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from integrator.cli import main
main()
"""


class Desk:
    """A gateway with waiting messages, and a professional's computer with a card; each with its own environment."""

    def __init__(self, ibys, folder: Path, hsm: SoftHsm) -> None:
        self.ibys, self.folder, self.hsm = ibys, folder, hsm
        self.there, self.back = folder / "there", folder / "back"
        self.agent_environment = {**hsm.environment, "IBYS_HOME": str(folder / "no-home"), "IBYS_LANG": "en"}
        self.said = b""

    def await_signatures(self, count: int) -> None:
        """`count` records of a professional whose key the gateway does not have."""
        people = workers(count)
        lines = [json.dumps(record(f"K-{place}", calisan=[people[place]])) for place in range(count)]
        (self.folder / "records.ndjson").write_text("\n".join(lines))
        self.gateway("init")
        self.gateway("submit", str(self.folder / "records.ndjson"))
        self.gateway("waiting", "--write-to", str(self.there))

    def gateway(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = self.ibys.run(*arguments)
        self.said += (done.stdout + done.stderr).encode()
        return done

    def agent(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        done = self.ibys.run("agent", *arguments, env=self.agent_environment, stdin=stdin or "")
        self.said += (done.stdout + done.stderr).encode()
        return done

    def sign(self, *more: str, pin: str | None = None, stdin: str | None = None):
        given = ["--pin-stdin"] if stdin is not None else ["--pin-file", str(self.pin_file(pin))]
        folders = ["--from", str(self.there), "--out", str(self.back)]
        library = ["--pkcs11", str(self.hsm.library), "--token", "card"]
        return self.agent("sign", *folders, *library, *given, *more, stdin=stdin)

    def pin_file(self, pin: str | None = None) -> Path:
        path = self.folder / "secret" / "pin"
        path.parent.mkdir(exist_ok=True, mode=0o700)
        path.write_text(pin or self.hsm.pins["card"])
        return path

    def states(self) -> dict[str, int]:
        return self.ibys.json("status")["states"]

    def written(self) -> bytes:
        """Every byte in the gateway's home and the interchange folders."""
        folders = (self.ibys.home, self.there, self.back)
        return b"".join(path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def desk_with(ibys, tmp_path):
    def make(*, key="rsa-2048", owner=PROFESSIONAL, settings=""):
        now = datetime.now(UTC)
        root = make_root(now=now)
        hsm = SoftHsm(tmp_path / "softhsm", require_softhsm(), settings)
        hsm.make("card", issue_signer(root, owner, now=now, key=key))
        (tmp_path / "trust").mkdir()
        (tmp_path / "trust" / "root.pem").write_bytes(root.as_pem())
        ibys.environment["IBYS_KEYS_TRUST_DIR"] = str(tmp_path / "trust")
        return Desk(ibys, tmp_path, hsm)

    return make


def memory_of(pid: int) -> bytes:
    """Everything the process can read of its own."""
    if not os.access(f"/proc/{pid}/mem", os.R_OK):
        pytest.skip("NOTICE: no /proc/PID/mem here, so the memory of no process was searched for the PIN")
    parts = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            area = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
            if area and "[v" not in line:  # vvar, vdso, vsyscall
                start, end = int(area[1], 16), int(area[2], 16)
                try:
                    memory.seek(start)
                    parts.append(memory.read(end - start) or b"")
                except (OSError, ValueError, OverflowError):
                    continue
    return b"".join(parts)


def forms_of(pin: str) -> list[bytes]:
    """The PIN as it could lie about: plain, UTF-16, UTF-32, base64, hex."""
    plain = pin.encode()
    return [plain, pin.encode("utf-16-le"), pin.encode("utf-32-le"), base64.b64encode(plain)[:-4], plain.hex().encode()]


def assert_nowhere(pin: str, *places: bytes) -> None:
    assert [place[:40] for place in places for form in forms_of(pin) if form in place] == []


def test_the_search_finds_a_pin_that_a_process_keeps(tmp_path):
    pin = new_pin()
    (tmp_path / "pin").write_text(pin)
    keeps = "import sys; kept = open(sys.argv[1]).read(); print('ready', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", keeps, str(tmp_path / "pin")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    process.stdout.readline()
    memory = memory_of(process.pid)
    process.communicate()

    with pytest.raises(AssertionError):
        assert_nowhere(pin, memory)


def test_fifty_waiting_messages_take_one_pin_and_one_command_and_the_pin_is_nowhere_afterwards(desk_with):
    desk = desk_with()
    desk.await_signatures(50)

    signed = desk.sign("--yes")
    attach = [sys.executable, "-c", ATTACH_AND_STAY, "attach", "--from", str(desk.back)]
    gateway = subprocess.Popen(
        attach, env=desk.ibys.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    told = gateway.stdout.readline() + gateway.stdout.readline()
    memory = memory_of(gateway.pid)
    gateway.communicate()

    pin = desk.hsm.pins["card"]
    assert "Signed: 50." in signed.stdout
    assert told == b"Queued: 50. Not taken: 0.\nexit 0\n"
    assert desk.states() == {"queued": 50}
    assert sorted(path.suffix for path in desk.back.iterdir()) == [".p7s"] * 50
    assert PROFESSIONAL.encode() in memory  # the search finds what is there
    assert_nowhere(pin, memory, desk.written(), desk.said, told)
    assert PROFESSIONAL.encode() not in desk.said


def test_the_list_shows_words_count_and_bytes_before_anything_is_signed(desk_with):
    desk = desk_with()
    desk.await_signatures(2)

    done = desk.sign("--yes", "--show-bytes")

    first = (desk.there / "10000000001.xml").read_text()
    assert "2 messages wait for your signature" in done.stdout
    assert "Training notification: 23.10.2025, workplace 29999010100001230069994000" in done.stdout
    assert first in done.stdout


def test_a_wrong_pin_is_tried_once_for_a_hundred_and_twenty_messages_and_nothing_is_written(desk_with):
    desk = desk_with(key="p-256")
    desk.await_signatures(120)
    wrong = new_pin()

    done = desk.sign("--yes", pin=wrong)

    assert done.returncode == 2
    assert "INT-AGT-001" in done.stderr
    assert "wrong tries were counted" in done.stderr
    assert "USER_PIN_COUNT_LOW" in desk.hsm.flags("card")
    assert done.stdout.count("messages wait for your signature") == 1
    assert not desk.back.exists()
    assert_nowhere(wrong, desk.said, desk.written())


def test_a_card_without_the_hashing_mechanism_signs_by_digest_info(desk_with):
    desk = desk_with(settings="slots.mechanisms = -CKM_SHA256_RSA_PKCS")
    desk.await_signatures(1)

    desk.sign("--yes")

    assert desk.gateway("attach", "--from", str(desk.back)).returncode == 0
    assert desk.states() == {"queued": 1}


def test_standard_input_gives_a_pin_for_each_confirmation_and_a_second_run_goes_on_where_the_first_stopped(desk_with):
    desk = desk_with(key="p-256")
    desk.await_signatures(60)
    pin = desk.hsm.pins["card"]

    stopped = desk.sign("--yes", stdin=f"{pin}\n")  # the second confirmation gets none
    finished = desk.sign("--yes", "--json", stdin=f"{pin}\n")

    assert stopped.returncode == 2
    assert json.loads(finished.stdout) == {"signed": 10, "signed_before": 50, "left": 0, "of_another_person": 0}
    assert desk.gateway("attach", "--from", str(desk.back)).returncode == 0
    assert desk.states() == {"queued": 60}


def test_messages_of_another_person_are_left_alone_by_the_agent(desk_with):
    desk = desk_with(owner=FOREIGNER)
    desk.await_signatures(3)

    done = desk.sign("--yes", "--json")

    assert json.loads(done.stdout) == {"signed": 0, "signed_before": 0, "left": 0, "of_another_person": 3}
    assert not desk.back.exists()


def test_what_changed_or_was_signed_by_another_is_refused_naming_nobody_and_the_rest_is_queued(desk_with, tmp_path):
    from integrator.domain.clock import SystemClock
    from integrator.sign.cades import CadesSigner
    from integrator.sign.certificates import der_of, read_certificate
    from integrator.sign.keys import Pkcs12Signer

    desk = desk_with()
    desk.await_signatures(4)
    desk.sign("--yes")
    now = SystemClock().now()
    root = make_root(now=now)
    (tmp_path / "trust" / "other.pem").write_bytes(root.as_pem())

    def sign_as(owner, content):
        issued = issue_signer(root, owner, now=now, key="p-256")
        signer = CadesSigner(Pkcs12Signer(issued.key, read_certificate(der_of(issued.certificate))))
        return signer.sign(content, at=now)

    first, second = (desk.there / f"1000000000{each}.xml" for each in (1, 2))
    (desk.back / "10000000001.p7s").write_bytes(sign_as(PROFESSIONAL, first.read_bytes().replace(b"40.0", b"41.0")))
    (desk.back / "10000000002.p7s").write_bytes(sign_as(FOREIGNER, second.read_bytes()))
    (desk.back / "10000000099.p7s").write_bytes(b"for nobody")

    done = desk.gateway("attach", "--from", str(desk.back), "--json")
    again = desk.gateway("attach", "--from", str(desk.back), "--json")

    told = json.loads(done.stdout)
    refused = {each["sorgu_no"]: (each["code"], each["detail"]) for each in told["refused"]}
    assert (done.returncode, told["attached"]) == (2, 2)
    assert "message_digest" in refused[10000000001][1]
    assert "another person" in refused[10000000002][1]
    assert refused[10000000099][0] == "INT-QUE-002"
    assert PROFESSIONAL not in done.stdout + done.stderr
    assert FOREIGNER not in done.stdout + done.stderr
    assert desk.states() == {"queued": 2, "awaiting_signature": 2}
    assert json.loads(again.stdout)["attached"] == 2  # the same signatures: said again, done once
    assert desk.states() == {"queued": 2, "awaiting_signature": 2}


def test_a_message_cancelled_meanwhile_takes_no_signature(desk_with):
    desk = desk_with(key="p-256")
    desk.await_signatures(2)
    desk.sign("--yes")
    desk.gateway("cancel", "10000000001", "--reason", "entered twice")

    done = desk.gateway("attach", "--from", str(desk.back), "--json")

    assert [each["code"] for each in json.loads(done.stdout)["refused"]] == ["INT-QUE-001"]
    assert desk.states() == {"queued": 1, "cancelled": 1}


def test_waiting_is_told_per_professional_masked_with_count_and_age(desk_with):
    desk = desk_with(key="p-256")
    desk.await_signatures(5)

    shown = desk.gateway("waiting")
    told = json.loads(desk.gateway("waiting", "--json").stdout)

    row = told["professionals"][0]
    assert (row["professional"], row["count"], len(told["professionals"])) == ("81*******04", 5, 1)
    assert row["oldest_age_hours"] >= 0
    assert len(told["sorgu_no"]) == 5
    assert "81*******04" in shown.stdout
    assert PROFESSIONAL not in shown.stdout + json.dumps(told)


def test_a_pkcs12_file_signs_in_a_trial_run_and_not_in_production(desk_with, ibys, tmp_path):
    desk = desk_with()
    desk.await_signatures(1)
    ibys.run("certs", str(tmp_path / "pki"), "--owner", PROFESSIONAL)
    file = tmp_path / "pki" / "signers" / "signer-1"
    asked = ["sign", "--from", str(desk.there), "--out", str(desk.back), "--yes"]
    asked += ["--p12", f"{file}.p12", "--pin-file", f"{file}.pin"]

    trial = desk.agent(*asked)
    desk.agent_environment |= {"IBYS_GATEWAY_ENVIRONMENT": "production", "IBYS_KEYS_TRUST_DIR": str(tmp_path / "trust")}
    production = desk.agent(*asked)

    assert (trial.returncode, production.returncode) == (0, 3)
    assert "Signed: 1." in trial.stdout


class Terminal:
    """A professional's terminal: what the agent prints is read, what is typed goes to it, echo and all."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.mine, theirs = pty.openpty()

        self.process = subprocess.Popen(
            [sys.executable, "-c", ON_ITS_OWN_TERMINAL, *arguments],
            env=environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.shown = b""

    def wait_for(self, words: bytes) -> None:
        def came() -> bool:
            while select.select([self.mine], [], [], 0)[0]:
                self.shown += os.read(self.mine, 65_536)
            return words in self.shown

        wait_until(came, 30)

    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self.mine)[3] & termios.ECHO)

    def type(self, text: str) -> None:
        os.write(self.mine, text.encode() + b"\n")


class RecordingProxy:
    """Passes bytes between a browser and the agent, and keeps all of them."""

    def __init__(self, port: int) -> None:
        self.kept = b""
        self._to = port
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            near, _ = self._door.accept()
            far = socket.create_connection(("127.0.0.1", self._to))
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(a, b), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        while chunk := source.recv(65_536):
            self.kept += chunk
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)


def test_the_desks_page_gets_fifty_signatures_and_the_pin_stays_at_the_terminal(desk_with):
    desk = desk_with()
    desk.await_signatures(50)
    pin = desk.hsm.pins["card"]
    asked = ["agent", "serve", "--address", "127.0.0.1:0", "--origin", ORIGIN, "--pkcs11", str(desk.hsm.library)]
    terminal = Terminal(asked, desk.agent_environment)
    try:
        terminal.wait_for(b"Ctrl-C stops it.")
        port = int(re.search(rb"waits on 127\.0\.0\.1:([0-9]+)", terminal.shown)[1])
        token = re.search(rb"One-time token: (\S+)", terminal.shown)[1].decode()
        proxy = RecordingProxy(port)
        contents = {int(path.stem): path.read_bytes() for path in desk.there.glob("*.xml")}
        items = [{"sorgu_no": n, "content_base64": base64.b64encode(c).decode()} for n, c in contents.items()]
        answer: list = []
        page = threading.Thread(target=_ask, args=(proxy.port, port, {"token": token, "items": items}, answer))
        page.start()
        terminal.wait_for(b"show the [b]ytes")
        terminal.type("y")
        terminal.wait_for(b"PIN: ")
        terminal.type(pin)
        page.join(60)
        memory = memory_of(terminal.process.pid)
        terminal.wait_for(b"One-time token: " + answer[0][1]["next_token"].encode())
    finally:
        terminal.process.kill()
        terminal.process.wait()

    status, body = answer[0]
    assert status == 200
    assert len(body["cms"]) == 50
    desk.back.mkdir()
    for each in body["cms"]:
        (desk.back / f"{each['sorgu_no']}.p7s").write_bytes(base64.b64decode(each["cms_base64"]))
    assert desk.gateway("attach", "--from", str(desk.back)).returncode == 0
    assert desk.states() == {"queued": 50}
    assert body["cms"][0]["cms_base64"].encode() in proxy.kept
    assert ORIGIN.encode() in memory  # the search finds what is there
    assert_nowhere(pin, proxy.kept, terminal.shown, desk.written(), desk.said, memory)


def _ask(port: int, host_port: int, body: object, answer: list) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Host": f"127.0.0.1:{host_port}", "Origin": ORIGIN, "Content-Type": "application/json"}
    connection.request("POST", "/sign", json.dumps(body), headers)
    reply = connection.getresponse()
    answer.append((reply.status, json.loads(reply.read())))


def test_ctrl_c_at_the_pin_prompt_leaves_the_terminal_with_its_echo(desk_with):
    desk = desk_with(key="p-256")
    desk.await_signatures(1)
    asked = ["agent", "serve", "--address", "127.0.0.1:0", "--origin", ORIGIN, "--pkcs11", str(desk.hsm.library)]
    terminal = Terminal(asked, desk.agent_environment)
    try:
        terminal.wait_for(b"Ctrl-C stops it.")
        port = int(re.search(rb"waits on 127\.0\.0\.1:([0-9]+)", terminal.shown)[1])
        token = re.search(rb"One-time token: (\S+)", terminal.shown)[1].decode()
        content = base64.b64encode((desk.there / "10000000001.xml").read_bytes()).decode()
        body = {"token": token, "items": [{"sorgu_no": 1, "content_base64": content}]}
        threading.Thread(target=_ask_in_vain, args=(port, body), daemon=True).start()
        terminal.wait_for(b"show the [b]ytes")
        terminal.type("y")
        terminal.wait_for(b"PIN: ")
        silent = terminal.echoes()
        os.write(terminal.mine, b"\x03")
        wait_until(terminal.echoes, 10)
    finally:
        terminal.process.kill()
        terminal.process.wait()

    assert not silent


def _ask_in_vain(port: int, body: object) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException):
        _ask(port, port, body, [])
