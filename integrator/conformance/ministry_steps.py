"""Steps that speak to a ministry address as a gateway would, rightly and wrongly, with the suite's own client."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from datetime import timedelta
from itertools import count
from typing import Any
from zlib import crc32

from integrator.conformance import client
from integrator.conformance.canonical import FORMS
from integrator.conformance.signer import Container
from integrator.conformance.soap import (
    ENVELOPES,
    Answer,
    Credentials,
    Unreadable,
    envelope,
    is_fault,
    lookup_operation,
    query_operation,
    read_answers,
    save_operation,
)
from integrator.conformance.stage import NotSo, Stage, check, step

Told = Mapping[str, Any]
_numbers = count(
    int(time.time()) % 90_000_000 * 1000 + 10_000_000_000
)  # up to 11 digits, unique for a firm (contract 6)
_PATHS = {
    "egitim": "/egitimBilgisiIslemleri/egitimBilgisiBildir",
    "sigortali": "/calisanSigortalilikIslemleri/calisanSigortalilikKontrolu",
    "profesyonel": "/isgProfesyoneliIslemleri/isgProfesyoneliDogrula",
    "isyeri": "/hizmetVerilenIsyeriIslemleri/hizmetVerilenIsyeriBildir",
}


@step(
    "save", "record", "as", "by", "way", "number", "soap", "parola", "firma_kodu", "unsigned", "signed_record", "code",
    "pairs", "ends_with_xml",
)  # fmt: skip
def save(stage: Stage, told: Told) -> str:
    """Send one training notification and read the code."""
    fields = _fields(stage, told.get("record", {}))
    number = _number(stage, told)
    signed = FORMS[stage.metot](_fields(stage, told["signed_record"]) if "signed_record" in told else fields)
    imzali_deger = "" if told.get("unsigned") else _signature(stage, signed, told)
    wire = {name: value for name, value in fields.items() if value != "-"}
    operation = save_operation(stage.metot, wire, number, imzali_deger, _credentials(stage, told))
    answer = _one(_call(stage, operation, told.get("soap", "1.1")))
    stage.numbers[told.get("as", "a")] = [int(number)] if str(number).isdecimal() else []
    stage.at[f"told {told.get('as', 'a')}"] = answer.fields.get("sorguNo", "")
    check("result code", answer.status, int(told["code"]))
    if "pairs" in told:
        check("codes of the pairs", sorted(status for _, _, status in answer.pairs), sorted(told["pairs"]))
    if told.get("ends_with_xml"):
        _check_ending(stage, answer, FORMS[stage.metot](fields).decode())
    return f"{answer.status}: {answer.fields.get('message', '')[:200]}"


def _fields(stage: Stage, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A record as a message: trainings as (code, minutes)."""
    record = stage.cast.record(dict(changes))
    return {**record, "egitim": [(each["egitimKoduId"], each["egitimSuresi"]) for each in record["egitim"]]}


def _number(stage: Stage, told: Told) -> Any:
    """A new number, the one of an earlier save (``"=a"``), or the one that is told."""
    wanted = told.get("number")
    if isinstance(wanted, str) and wanted.startswith("="):
        return stage.numbers[wanted[1:]][0]
    return next(_numbers) if wanted is None else wanted


def _signature(stage: Stage, content: bytes, told: Told) -> str:
    way = told.get("way", "right")
    stage.show("imzalanan XML / XML that is signed", content)
    signer = stage.authority.signer(stage.cast.named(told.get("by", "uzman")), way)
    return base64.b64encode(Container(content, signer, way, stage.at["now"]).octets()).decode()


def _credentials(stage: Stage, told: Told) -> Credentials:
    right = stage.credentials
    return Credentials(told.get("firma_kodu", right.firma_kodu), told.get("parola", right.parola))


def _check_ending(stage: Stage, answer: Answer, ours: str) -> None:
    message = answer.fields.get("message", "")
    stage.show("yanıtın metni / text of the answer", message)
    if not message.endswith(ours):
        raise NotSo("end of the message", seen=message[-120:], wanted=f"the XML the ministry built: {ours[-120:]}")


def _call(stage: Stage, operation: str, version: str = "1.1") -> list[Answer]:
    content_type = ENVELOPES[version][1]
    headers = {"Content-Type": content_type, "SOAPAction": '""'}
    reply = client.ask("POST", stage.addresses[stage.metot], envelope(operation, version), headers)
    stage.show(f"bakanlığın yanıtı / reply of the ministry, HTTP {reply.status}", reply.body)
    if version == "1.2" and "soap+xml" not in reply.content_type:
        raise NotSo("media type of the reply", seen=reply.content_type, wanted="application/soap+xml")
    try:
        return read_answers(reply.body)
    except Unreadable as error:
        raise NotSo("reply", seen=error, wanted="an answer of the operation") from error


def _one(answers: list[Answer]) -> Answer:
    if len(answers) != 1:
        raise NotSo("answers", seen=len(answers), wanted=1)
    return answers[0]


@step("query", "of", "numbers", "codes", "soap", "parola", "within")
def query(stage: Stage, told: Told) -> str:
    """Ask what became of numbers; the codes of all rows are compared."""
    numbers = told.get("numbers") or stage.numbers[told.get("of", "a")]
    if stage.metot == "soap-g3" and "numbers" not in told:
        numbers = [stage.at[f"told {told.get('of', 'a')}"]]
    wanted, ends = sorted(told["codes"]), time.monotonic() + float(told.get("within", 0))
    while True:
        rows = _call(stage, query_operation(stage.metot, numbers, _credentials(stage, told)), told.get("soap", "1.1"))
        seen = sorted(each.status for each in rows)
        if seen == wanted or time.monotonic() > ends:
            break
        time.sleep(0.1)
    check("codes of the rows", seen, wanted)
    return f"{len(rows)} row(s): {seen}"


@step("lookup", "name", "dvo", "code", "has", "soap", "parola")
def lookup(stage: Stage, told: Told) -> str:
    """Ask one of the look-ups and read its answer."""
    operation = lookup_operation(
        stage.metot, told["name"], stage.cast.fill(told.get("dvo", {})), _credentials(stage, told)
    )
    answer = _one(_call(stage, operation, told.get("soap", "1.1")))
    check("result code", answer.status, int(told["code"]))
    for name, value in stage.cast.fill(told.get("has", {})).items():
        check(name, answer.fields.get(name), str(value))
    return f"{answer.status}: {dict(answer.fields)}"[:300]


@step("post", "body", "body_file", "times", "content_type", "status", "is", "pad")
def post(stage: Stage, told: Told) -> str:
    """Send octets as they stand; what comes back must be a proper answer of its kind."""
    body = stage.cast.fill_text(told.get("body", "")).replace("{pad}", "x" * int(told.get("pad", 0))).encode()
    body *= int(told.get("times", 1))
    url = stage.addresses[stage.metot]
    if len(body) < 4000:
        stage.show("gönderilen / what was sent", body)
    headers = {"Content-Type": told.get("content_type", ENVELOPES["1.1"][1]), "SOAPAction": '""'}
    try:
        reply = client.ask("POST", url, body, headers)
        seen, status = ("fault" if is_fault(reply.body) else "other"), reply.status
        stage.show(f"bakanlığın yanıtı / reply of the ministry, HTTP {status}", reply.body)
    except client.NoReply as error:  # a cap may end the connection before the whole body was sent
        seen, status = "no_reply", 0
        stage.show("yanıt yok / no reply", str(error))
    if "is" in told and seen not in told["is"].split("|"):
        raise NotSo("kind of reply", seen=f"{seen}, HTTP {status}", wanted=told["is"])
    if "status" in told and status not in told["status"]:
        raise NotSo("HTTP status", seen=status, wanted=told["status"])
    _still_there(stage)
    return f"{seen}, HTTP {status}; the ministry still answers"


def _still_there(stage: Stage) -> None:
    """After bad input an honest question is still answered."""
    nobody = Credentials("", "")
    if stage.metot != "json-g4":
        _one(_call(stage, lookup_operation(stage.metot, "EgitimKoduBilgisi", {}, nobody)))


@step("describe", "path", "has")
def describe(stage: Stage, told: Told) -> str:
    """Fetch the description of the service."""
    reply = client.ask("GET", stage.addresses[stage.metot] + told["path"])
    check("HTTP status", reply.status, 200)
    missing = [each for each in told["has"] if each.encode() not in reply.body]
    check("not in the description", missing, [])
    return f"{len(reply.body)} bytes, {', '.join(told['has'])}"


@step("notify", "what", "body", "code", "http", "parola", "authorised")
def notify(stage: Stage, told: Told) -> str:
    """Send one JSON body of generation 4 and read `sonuc`."""
    what = told.get("what", "egitim")
    body = (
        {**_json_training(stage), **stage.cast.fill(told.get("body", {}))}
        if what == "egitim"
        else stage.cast.fill(told["body"])
    )
    told_body = {name: _numeric(name, value) for name, value in body.items() if value != "-"}
    content = json.dumps(told_body).encode()
    pair = _credentials(stage, told)
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if told.get("authorised", True):
        token = base64.b64encode(f"{pair.firma_kodu}:{pair.parola}".encode()).decode()
        headers["Authorization"] = f"Basic {token}"
    reply = client.ask("POST", stage.addresses["json-g4"] + _PATHS[what], content, headers)
    stage.show("gönderilen gövde / body that was sent", content)
    stage.show(f"bakanlığın yanıtı / reply of the ministry, HTTP {reply.status}", reply.body)
    check("HTTP status", reply.status, told.get("http", 200))
    sonuc = json.loads(reply.body).get("sonuc")
    check("sonuc", sonuc, str(told["code"]))
    return f"sonuc {sonuc}, HTTP {reply.status}"


def _numeric(name: str, value: Any) -> Any:
    """Identity numbers are JSON numbers in generation 4 (contract 2.4)."""
    return int(value) if name.endswith(("TcKNo", "KimlikNo")) and isinstance(value, str) else value


def _json_training(stage: Stage) -> dict[str, Any]:
    """The body of one training (contract 2.4).

    It has no number: worker, training and day tell it from another. Where the ministry cannot be made to forget, the
    day must be one that no earlier scenario and hardly any earlier run took.
    """
    fields = stage.cast.record({})
    days_ago = 1 + crc32(f"{stage.at['now']} {stage.cast.serial}".encode()) % 900
    return {
        "sertifikaTipi": 2,
        "isgProfTcKNo": int(fields["isgProfTckNo"]),
        "egitimKodu": "240",
        "egitimSuresi": 40,
        "egitimTarihi": f"{stage.at['now'] - timedelta(days_ago):%d.%m.%Y}",
        "egitimYeri": 1,
        "egitimYontemi": 1,
        "egiticiTcKNo": int(fields["egiticiTckNo"]),
        "isyeriSgkSicilNo": fields["sgkTescilNo"],
        "calisanTcKNo": int(fields["calisan"][0]),
        "zamanDamgasi": f"{stage.at['now']:%Y-%m-%dT%H:%M:%S}.000",
        "imzalayanKimlikNo": int(fields["isgProfTckNo"]),
    }
