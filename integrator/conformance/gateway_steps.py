"""Steps that drive a gateway: put records in, start, stop and kill it, and ask it what it knows."""

from __future__ import annotations

import hashlib
import json
import signal
import time
from collections.abc import Mapping
from typing import Any

from integrator.conformance import client
from integrator.conformance.canonical import FORMS
from integrator.conformance.crawler import walk
from integrator.conformance.evidence import NotProved, prove
from integrator.conformance.gateway import GatewayFault
from integrator.conformance.observing_steps import saves_of
from integrator.conformance.signer import Container
from integrator.conformance.stage import NotSo, Stage, check, step, until

WITHIN = 20.0
AT_REST = ("accepted", "partial", "refused", "for_a_person", "stopped", "cancelled")
"""States that a message does not leave by itself."""
REST = 0.8
Told = Mapping[str, Any]


@step("submit", "record", "many", "as", "expect", "finding", "tenant", "again", "messages", needs=("submit",))
def submit(stage: Stage, told: Told) -> str:
    """Hand records to the gateway and read its answer."""
    label = told.get("as", "a")
    records = stage.records_of(label) if told.get("again") else _records(stage, label, told)
    path = stage.folder / f"{label}.ndjson"
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in records), encoding="utf-8")
    stage.records |= {f"{label}{at}": each for at, each in enumerate(records)}
    answers = _hand_in(stage, path, told)
    stage.numbers[label] = [number for each in answers for number in each["sorgu_no"]]
    for each in answers:
        check(f"record {each['id']}", each["status"], told.get("expect", "accepted"))
    _check_findings(answers, told)
    if "messages" in told:
        check("messages made", len(stage.numbers[label]), told["messages"])
    return f"{len(answers)} x {told.get('expect', 'accepted')}, sorgu_no {stage.numbers[label] or '-'}"


def _records(stage: Stage, label: str, told: Told) -> list[dict[str, Any]]:
    """The one that is told, or `many` of one worker each; all with ids of their own."""
    given = [told.get("record", {})]
    if "many" in told:
        given = [{"calisan": [f"@calisan{at}"]} for at in range(1, int(told["many"]) + 1)]
    return [{"id": f"{stage.cast.serial}-{label}-{at}", **stage.cast.record(each)} for at, each in enumerate(given)]


@step("submit_text", "text", "suffix", "repeat", "expect", needs=("submit",))
def submit_text(stage: Stage, told: Told) -> str:
    """Hand in a file as it stands; it must be refused with a sentence, not with a crash."""
    path = stage.folder / f"text{told.get('suffix', '.json')}"
    text = stage.cast.fill_text(told["text"]) * int(told.get("repeat", 1))
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    done = stage.own_gateway.do("submit", file=path)
    stage.show("geçidin yazdığı / what the gateway printed", (done.out + done.err)[:2000])
    if "Traceback (most recent call last)" in done.err:
        raise NotSo("answer to a bad file", seen="a traceback", wanted="a sentence")
    check("was it refused (exit code not 0)", done.exit != 0, told.get("expect", "rejected") == "rejected")
    return f"exit {done.exit}"


def _hand_in(stage: Stage, path: Any, told: Told) -> list[dict[str, Any]]:
    places = {"tenant": told["tenant"]} if "tenant" in told else {}
    answer = stage.own_gateway.answer("submit", file=path, **places)
    stage.show("geçidin yanıtı / answer of the gateway", json.dumps(answer, ensure_ascii=False))
    records: list[dict[str, Any]] = answer.get("records", [])
    if not records:
        raise NotSo("answer to the submission", seen=answer, wanted="a row for each record")
    return records


def _check_findings(answers: list[dict[str, Any]], told: Told) -> None:
    """A refused record names the field at fault."""
    if "finding" not in told:
        return
    paths = [finding.get("path", "") for each in answers for finding in each.get("findings", [])]
    if not any(told["finding"] in path for path in paths):
        raise NotSo("field named in the refusal", seen=paths, wanted=told["finding"])


@step("wait_state", "of", "is", "code", "within", needs=("status",))
def wait_state(stage: Stage, told: Told) -> str:
    """Wait until the messages stand as they must, by the gateway's own word."""
    wanted = [told["is"]] if isinstance(told["is"], str) else list(told["is"])
    waiting = list(stage.numbers[told.get("of", "a")])
    seen: dict[int, tuple[str, str]] = {}

    rested: list[float] = []

    def stand() -> bool:
        """Asks about the first that does not stand yet; those that do are not asked again. True also when it rests."""
        while waiting:
            state = seen[waiting[0]] = _state(stage, waiting[0])
            if state[0] not in wanted:
                rested[:] = [*rested, time.monotonic()] if state[0] in AT_REST else []
                return bool(rested) and rested[-1] - rested[0] > REST
            waiting.pop(0)
        return bool(seen)

    if not until(stand, float(told.get("within", WITHIN)), pause=0.1) or waiting:
        raise NotSo("state", seen=seen.get(waiting[0] if waiting else 0, "no message"), wanted=" or ".join(wanted))
    stage.at[f"accepted {told.get('of', 'a')}"] = sum(state == "accepted" for state, _ in seen.values())
    if "code" in told:
        check("code the gateway tells", sorted({code for _, code in seen.values()}), [str(told["code"])])
    return ", ".join(sorted({f"{state} ({code or '-'})" for state, code in seen.values()}))


def _state(stage: Stage, number: int) -> tuple[str, str]:
    answer = stage.own_gateway.answer("status", sorgu_no=number)
    own = str(answer.get("state", ""))
    return stage.own_gateway.adapter.states.get(own, own), str(answer.get("code") or "")


@step("unknown_to", "of", "tenant", needs=("tenants", "status"))
def unknown_to(stage: Stage, told: Told) -> str:
    """Ask as another customer: the message must not be known."""
    for number in stage.numbers[told.get("of", "a")]:
        done = stage.own_gateway.do("status", sorgu_no=number, tenant=told["tenant"])
        stage.show("öbür müşteriye yanıt / answer to the other customer", (done.out + done.err)[:1500])
        if done.exit == 0:
            raise NotSo("another customer's question", seen="an answer", wanted="not known")
    return "not known to the other customer"


@step("start", needs=("worker",))
def start(stage: Stage, told: Told) -> str:
    """Let the gateway send."""
    stage.own_gateway.start()
    return "sending"


@step("stop", needs=("worker",))
def stop(stage: Stage, told: Told) -> str:
    """Ask the gateway to stop sending, and wait until it has."""
    return f"exit {stage.own_gateway.stop()}"


@step("kill", needs=("worker",))
def kill(stage: Stage, told: Told) -> str:
    """Kill the sending process."""
    stage.own_gateway.kill()
    return "killed"


@step("kill_submit", "many", "after", "as", needs=("submit",))
def kill_submit(stage: Stage, told: Told) -> str:
    """Kill the gateway while it takes records in, then hand the same file in again."""
    label, many = told.get("as", "a"), int(told["many"])
    records = _records(stage, label, told)
    path = stage.folder / f"{label}.ndjson"
    path.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="utf-8")
    begun = stage.own_gateway.begin("submit", file=path)
    time.sleep(float(told["after"]))
    begun.end(signal.SIGKILL)
    answer = stage.own_gateway.answer("submit", file=path)
    rows = answer["records"]
    check("records known after the second time", len(rows), many)
    check("refused", [each["id"] for each in rows if each["status"] not in ("accepted", "known")], [])
    stage.numbers[label] = [number for each in rows for number in each["sorgu_no"]]
    known = sum(each["status"] == "known" for each in rows)
    return f"{many} records; {known} had survived the kill, {many - known} were taken anew"


@step("attach", "of", "by", "way", "expect", needs=("waiting", "attach"))
def attach(stage: Stage, told: Told) -> str:
    """Sign the frozen bytes outside, in the stated way, and hand the signature in."""
    expect, way = told.get("expect", "accepted"), told.get("way", "right")
    out = stage.folder / "waiting"
    stage.own_gateway.do("waiting", out=out)
    for number in stage.numbers[told.get("of", "a")]:
        content = (out / f"{number}.xml").read_bytes()
        stage.show("imzaya verilen baytlar / bytes handed out for signing", content)
        signer = stage.authority.signer(stage.cast.named(told.get("by", "keyless")), way)
        cms = stage.folder / f"{number}.p7s"
        cms.write_bytes(Container(content, signer, way, stage.at["now"]).octets())
        done = stage.own_gateway.do("attach", sorgu_no=number, cms=cms)
        stage.show("imzaya yanıt / answer to the signature", (done.out + done.err)[:1500])
        check(f"signature ({way}, {told.get('by', 'keyless')})", "accepted" if done.exit == 0 else "refused", expect)
    return f"{way} signature: {expect}"


@step("release", "of", needs=("release",))
def release(stage: Stage, told: Told) -> str:
    """Let the gateway go on with a message that waited for a person."""
    for number in stage.numbers[told.get("of", "a")]:
        done = stage.own_gateway.do("release", sorgu_no=number, reason="conformance")
        if done.exit != 0:
            raise NotSo("release", seen=f"exit {done.exit}: {done.err[-200:]}", wanted="exit 0")
    return "released"


@step("canonical", "record", "version", "bytes", "text", "expect", needs=("canonical",))
def canonical(stage: Stage, told: Told) -> str:
    """Ask for the exact bytes to be signed and compare them with the published ones."""
    path = stage.folder / "canonical.json"
    path.write_text(json.dumps(stage.cast.record(told.get("record", {})), ensure_ascii=False), encoding="utf-8")
    done = stage.own_gateway.do("canonical", file=path, version=told.get("version", "2018-10"))
    stage.show("geçidin baytları / bytes of the gateway", done.out or done.err)
    if told.get("expect") == "refused":
        check("bytes of a record that cannot be signed", (done.exit != 0, done.out), (True, ""))
        return "refused"
    wanted = stage.cast.fill_text(told["text"])
    stage.show("yayımlanan baytlar / bytes of the contract", wanted)
    check("bytes", done.out, wanted)
    if "bytes" in told:
        check("how many bytes", len(done.out.encode()), told["bytes"])
    return f"{len(done.out.encode())} bytes, equal"


@step("audit", needs=("audit",))
def audit(stage: Stage, told: Told) -> str:
    """Ask the gateway to verify its whole log."""
    answer = stage.own_gateway.answer("audit")
    stage.show("denetimin yanıtı / answer of the audit", json.dumps(answer, ensure_ascii=False))
    check("the log verifies", answer.get("audit_ok"), True)
    return "the log verifies"


@step("no_secret_printed", needs=())
def no_secret_printed(stage: Stage, told: Told) -> str:
    """Look through everything the gateway printed and logged for numbers of people and the parola."""
    printed = stage.own_gateway.everything_printed()
    secrets = {stage.cast.calisan(number) for number in range(1, 30)} | {stage.credentials.parola}
    found = sum(secret in printed for secret in secrets)
    if found:
        raise NotSo("secrets in what was printed", seen=f"{found} of them", wanted="none")
    return f"{len(printed)} characters read, nothing found"


@step("pause", "seconds")
def pause(stage: Stage, told: Told) -> str:
    """Wait."""
    time.sleep(float(told["seconds"]))
    return f"{told['seconds']} s"


@step("read_evidence", "of", "opens", needs=("evidence",))
def read_evidence(stage: Stage, told: Told) -> str:
    """Take the evidence of each message and verify it without the gateway's help."""
    proved = 0
    for number in stage.numbers[told.get("of", "a")]:
        evidence = stage.own_gateway.answer("evidence", sorgu_no=number)
        stage.show(f"kanıt / evidence of {number}", json.dumps(evidence, ensure_ascii=False))
        try:
            proved += prove(evidence)
        except (NotProved, KeyError, ValueError, TypeError) as error:
            raise NotSo("evidence", seen=error, wanted="entries with proofs that lead to the signed head") from error
        if told.get("opens"):
            _check_content(stage, number, evidence)
    return f"{proved} entries proved"


def _check_content(stage: Stage, number: int, evidence: Told) -> None:
    """Some entry names SHA-256 of `prefix` (hex, told in the evidence) and the XML rebuilt from what was sent."""
    sent = next((each for each in saves_of(stage) if each.sorgu_no == str(number)), None)
    if sent is None:
        raise NotSo("message on the wire", seen="none", wanted=number)
    prefix = bytes.fromhex(str(evidence.get("prefix", "")))
    digest = hashlib.sha256(prefix + FORMS[stage.metot](sent.fields)).hexdigest()
    if not any(digest in str(entry["leaf"]) for entry in evidence["entries"]):
        raise NotSo("digest of the sent content in the evidence", seen="absent", wanted=digest)


@step("crawl", "allowed", needs=("pages",))
def crawl(stage: Stage, told: Told) -> str:
    """Walk every page of the gateway; nothing may point or load elsewhere, nothing may advertise."""
    start = require(stage.own_gateway.answer("pages"), "address")
    seen = walk(start, lambda address: client.ask("GET", address), told["allowed"])
    stage.show("gezilen sayfalar / pages visited", "\n".join(seen.visited))
    check("pointers elsewhere and advertising", seen.faults, [])
    return f"{len(seen.visited)} page(s)"


@step("announce", "text", needs=("announcements",))
def announce(stage: Stage, told: Told) -> str:
    """Put the ministry's announcement in; it must be shown, and its acknowledgement kept."""
    answer = stage.own_gateway.answer("announcements", text=told["text"])
    stage.show("geçidin yanıtı / answer of the gateway", json.dumps(answer, ensure_ascii=False))
    check("shown", require(answer, "shown"), True)
    check("acknowledgement kept", require(answer, "acknowledged"), True)
    return "shown and acknowledged"


def require(answer: Any, key: str) -> Any:
    """A key the contract promises."""
    if not isinstance(answer, dict) or key not in answer:
        raise GatewayFault(f"the answer has no {key!r}")
    return answer[key]
