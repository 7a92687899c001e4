"""Steps that look at what really happened: on the wire, in the ministry's ledger, in the signatures."""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from integrator.conformance.canonical import FORMS, wire_day
from integrator.conformance.signature import read_signature
from integrator.conformance.soap import ENVELOPES, Save, Unreadable, read_save, says
from integrator.conformance.stage import NotSo, Stage, check, step, until
from integrator.conformance.tap import OTHER, QUERY, SAVE, Call, Rule, http_reply

WITHIN = 20.0
AFTER_ALL = 2.0
"""Effects are looked for when the gateway says that all is done: they must be there."""
Told = Mapping[str, Any]


@step("ministry_fault", "fault", "operation", "times", needs=("control",))
def ministry_fault(stage: Stage, told: Told) -> str:
    """Have the ministry commit a fault at the next calls."""
    script = {"fault": told["fault"], "operation": told.get("operation", "save"), "times": told.get("times", 1)}
    stage.own_control.ask("PUT", "/faults", {"scripts": [script]})
    return f"{told['fault']} at the next {script['times']} {script['operation']}"


@step("ministry_says", "code", "message", "pairs", "times", needs=("tap",))
def ministry_says(stage: Stage, told: Told) -> str:
    """Answer the next saves with this code; they do not reach the ministry."""
    code = int(told["code"])
    message = stage.cast.fill_text(told.get("message", f"Uyumluluk denemesi {code}"))

    def reply(call: Call) -> bytes:
        version = "1.2" if "soap+xml" in call.content_type else "1.1"
        body = says(stage.metot, call.body, code, message=message, with_pairs=told.get("pairs", True))
        return http_reply(body, ENVELOPES[version][1])

    stage.own_tap.add(Rule(SAVE, int(told.get("times", 1)), reply))
    return f"the next {told.get('times', 1)} save(s): {code}"


@step("ministry_storm", "set", needs=("control",))
def ministry_storm(stage: Stage, told: Told) -> str:
    """Have the ministry commit a whole set of faults at its rates from now on: none, usual or hostile."""
    stage.own_control.ask("PUT", "/faults", {"set": told["set"], "slow_seconds": 1.5})
    return str(told["set"])


@step("ministry_personality", "traits", needs=("control",))
def ministry_personality(stage: Stage, told: Told) -> str:
    """Choose how the ministry behaves where the published text is silent."""
    stage.own_control.ask("PUT", "/personality", dict(told["traits"]))
    return ", ".join(f"{name} = {value}" for name, value in told["traits"].items())


@step("wire_lacks", "texts", needs=("tap",))
def wire_lacks(stage: Stage, told: Told) -> str:
    """Look for texts that must never leave the gateway in everything it sent."""
    sent = b"".join(call.raw for call in stage.own_tap.calls).decode("utf-8", "replace")
    found = [text for text in told["texts"] if text in sent]
    check("texts that left the gateway", found, [])
    return f"{len(sent)} characters sent, none of {len(told['texts'])} texts in them"


@step("hold", "as", "passes", needs=("tap",))
def hold(stage: Stage, told: Told) -> str:
    """Hold the next save back on the wire, until `let_go`."""
    stage.at[told.get("as", "held")] = stage.own_tap.add(Rule(SAVE, passes=told.get("passes", True)))
    return "the next save will be held"


@step("wait_held", "as", needs=("tap",))
def wait_held(stage: Stage, told: Told) -> str:
    """Wait until a save has left the gateway and is held."""
    if not stage.at[told.get("as", "held")].arrived.wait(WITHIN):
        raise NotSo("a save on the wire", seen="none", wanted="one")
    return "a save is under way"


@step("let_go", "as", needs=("tap",))
def let_go(stage: Stage, told: Told) -> str:
    """Let the held save reach the ministry, or be lost, as `hold` said."""
    stage.at[told.get("as", "held")].go.set()
    return "let go"


@step("ministry_firm", "active", needs=("control",))
def ministry_firm(stage: Stage, told: Told) -> str:
    """Make the firm passive or active at the ministry."""
    firma = {"firma_kodu": stage.credentials.firma_kodu, "aktif": bool(told["active"])}
    stage.own_control.ask("PUT", "/firma", firma)
    return f"aktif = {firma['aktif']}"


@step("ministry_knows", "parties", needs=("control",))
def ministry_knows(stage: Stage, told: Told) -> str:
    """Change what the ministry knows of contracts, rosters and codes."""
    stage.own_control.ask("PUT", "/parties", stage.cast.fill(told["parties"]))
    return ", ".join(told["parties"])


@step("compare_effects", "pairs", "at_least_accepted", "within", needs=("control",))
def compare_effects(stage: Stage, told: Told) -> str:
    """Ask the ministry's ledger what it holds of this scenario's workplaces: each pair once, no more and no fewer."""
    accepted = stage.at.get(f"accepted {told.get('at_least_accepted')}", 0)
    wanted, found = int(told.get("pairs", accepted)), Counter[tuple[str, ...]]()

    def arrived() -> bool:
        found.clear()
        found.update(_effects(stage))
        return found.total() >= wanted

    until(arrived, float(told.get("within", AFTER_ALL)) if wanted else 0)
    stage.show(
        "bakanlığın defteri / ledger of the ministry (worker, code, workplace, day)",
        "\n".join(" ".join(each) for each in found),
    )
    check("pairs stored twice", sum(1 for count in found.values() if count > 1), 0)
    if "at_least_accepted" in told:
        check("are all accepted ones stored", (found.total() >= wanted, wanted > 0), (True, True))
    else:
        check("pairs stored", found.total(), wanted)
    return f"{found.total()} pair(s), each once"


def _effects(stage: Stage) -> list[tuple[str, ...]]:
    ours = {stage.cast.isyeri, stage.cast.unapproved}
    effects = stage.own_control.ask("GET", "/ledger")["effects"]
    names = ("calisan_tck_no", "egitim_kodu_id", "sgk_tescil_no", "egitim_tarihi")
    return [tuple(str(each.get(name, "-")) for name in names) for each in effects if each.get("sgk_tescil_no") in ours]


@step("compare_wire", "saves", "at_most", "same_bytes", "messages", "within", needs=("tap",))
def compare_wire(stage: Stage, told: Told) -> str:
    """Count what the gateway sent, and hold repeats of one number against each other byte by byte."""
    if told.get("saves"):
        until(lambda: len(saves_of(stage)) >= told["saves"], float(told.get("within", WITHIN)))
    saves = saves_of(stage)
    if "saves" in told:
        check("saves sent", len(saves), told["saves"])
    if "at_most" in told and len(saves) > told["at_most"]:
        raise NotSo("saves sent", seen=len(saves), wanted=f"at most {told['at_most']}")
    bodies: dict[str, set[str]] = {}
    for each in saves:
        bodies.setdefault(each.sorgu_no, set()).add(json.dumps([each.fields, each.imzali_deger], sort_keys=True))
    if "messages" in told:
        check("different numbers sent", len(bodies), told["messages"])
    if told.get("same_bytes"):
        check("numbers sent with two contents", sorted(n for n, each in bodies.items() if len(each) > 1), [])
    kinds = Counter(call.kind for call in stage.own_tap.calls)
    return f"{kinds[SAVE]} save(s), {kinds[QUERY]} question(s), {kinds[OTHER]} other"


@step("asked_before_repeating", needs=("tap",))
def asked_before_repeating(stage: Stage, told: Told) -> str:
    """Between two saves of one number there must be a question about it."""
    seen_kinds: dict[str, list[str]] = {}
    for call in stage.own_tap.calls:
        if call.kind == SAVE:
            seen_kinds.setdefault(read_save(call.body).sorgu_no, []).append(SAVE)
        elif call.kind == QUERY:
            for kinds in seen_kinds.values():
                kinds.append(QUERY)
    for number, kinds in seen_kinds.items():
        if any(a == b == SAVE for a, b in pairwise(kinds)):
            raise NotSo(f"calls about {number}", seen=" ".join(kinds), wanted="a question before each repeat")
    return "; ".join(" ".join(kinds) for kinds in seen_kinds.values())


@step("compare_bytes", "of", "by", "bytes", needs=("tap",))
def compare_bytes(stage: Stage, told: Told) -> str:
    """Rebuild the XML from what stood on the wire, and hold the signature and the submitted values against it."""
    label = told.get("of", "a")
    saves = {each.sorgu_no: each for each in saves_of(stage)}
    wanted = [saves.get(str(number)) for number in stage.numbers[label]]
    if not all(wanted):
        raise NotSo("messages seen on the wire", seen=sorted(saves), wanted=stage.numbers[label])
    total = 0
    for save in filter(None, wanted):
        content = FORMS[stage.metot](save.fields)
        total = len(content)
        stage.show(f"XML / XML of {save.sorgu_no} as the ministry rebuilds it", content)
        _check_signature(stage, save, content, stage.cast.named(told.get("by", "uzman")))
    if "bytes" in told:
        check("length of the XML", total, told["bytes"])
    _check_values(stage, label, [each for each in wanted if each])
    return f"{len(wanted)} message(s): digest, signature and values agree"


def _check_signature(stage: Stage, save: Save, content: bytes, owner: str) -> None:
    try:
        cms = base64.b64decode(save.imzali_deger, validate=True)
    except (binascii.Error, ValueError):
        cms = b""
    seen = read_signature(cms, content, owner) if cms else None
    if seen is None:
        raise NotSo("signature", seen="none that can be decoded", wanted="base64 of a CMS")
    stage.show(
        f"signature of {save.sorgu_no}", f"{len(cms)} bytes, {seen.digest}, message digest {seen.message_digest}"
    )
    check(f"faults of the signature of {save.sorgu_no}", list(seen.problems), [])


def _check_values(stage: Stage, label: str, saves: list[Save]) -> None:
    """All pairs of the submitted records, each once, and the other fields as they were submitted."""
    records = stage.records_of(label)
    expected = Counter(
        _pair(r, w, t["egitimKoduId"], t["egitimSuresi"]) for r in records for w in r["calisan"] for t in r["egitim"]
    )
    sent = Counter(
        _pair(s.fields, w, kod, sure) for s in saves for w in s.fields["calisan"] for kod, sure in s.fields["egitim"]
    )
    check(
        "pairs on the wire that were not submitted, or are missing",
        sorted(((expected - sent) + (sent - expected)).elements()),
        [],
    )


def _pair(fields: Mapping[str, Any], worker: str, kod: Any, sure: Any) -> tuple[str, ...]:
    same = ("belgeTipi", "isgProfTckNo", "egitimYer", "egitimTur", "sgkTescilNo", "egiticiTckNo")
    return (worker, str(kod), str(float(sure)), wire_day(fields["egitimTarihi"]), *(str(fields[name]) for name in same))


def saves_of(stage: Stage) -> list[Save]:
    """The saves about this scenario's workplaces; what cannot be read is shown, and counts as none."""
    found, ours = [], (stage.cast.isyeri, stage.cast.unapproved)
    for call in stage.own_tap.calls:
        if call.kind == SAVE and "json" not in call.content_type:
            try:
                found.append(read_save(call.body))
            except Unreadable as error:
                stage.show(f"a save that cannot be read ({error})", call.body)
    return [each for each in found if each.fields.get("sgkTescilNo") in ours]
