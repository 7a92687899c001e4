"""All that a person needs to decide about a message, or about a cause that keeps many, as plain values.

For the command line, the API and the desk alike. Nothing sealed is in it but the refused
parts, whose workers are masked, and the explanation of a 214.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from integrator import acts
from integrator.audit.trail import read_about
from integrator.catalogue.catalogue import ResultCode
from integrator.domain.advice import advice_for, told_verb
from integrator.domain.findings import seen
from integrator.domain.hands import Verb
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.states import State
from integrator.domain.texts import LANGUAGES
from integrator.gateway import Gateway
from integrator.looks import OPEN, looking
from integrator.protect.seal import erased_of
from integrator.queue import corrections, readings, standing
from integrator.queue.bodies import open_explanation, open_refused
from integrator.queue.groups import Cause, Group
from integrator.queue.hands import version_of
from integrator.queue.verbs import verbs_open
from integrator.receipt.explain_214 import CODE
from integrator.sign.canonical import signer_of
from integrator.store.engine import reading

_HIDDEN = ("request", "reply")
_OURS = ("isyeri_index", "profesyonel_index", "fence")
_TOLD = ("at", "event", "from", "to", "by", "reason")


def tell_message(
    gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, *, by: str = "", health: bool = True, signer: str | None = None
) -> dict[str, Any]:
    """The message's row, attempts, advice, links, hands and refused parts; raises NotFound.

    Of an erased record it tells when and under which class, and nothing that was sealed. What is opened is audited as
    a look of `by`. Of a set whose records hold health facts nothing is opened without `health`, nor, with
    `signer`, of a message that is not theirs; then it says so.
    """
    with reading(gateway.database) as tx:
        found = readings.read_one(tx, kurum, sorgu_no)
        corrects, corrected_by = corrections.links_of(tx, kurum, found["row"]["kayit_no"])
        told = [entry for entry in read_about(tx, sorgu_no) if "by" in entry]
        kept_back = standing.keeps_back(tx, kurum, needs_form=gateway.needs_form)
    row, sealed = found["row"], found["refused_parts"]
    facts = {
        **{name: value for name, value in row.items() if name not in _OURS},
        "denemeler": [{k: v for k, v in each.items() if k not in _HIDDEN} for each in found["denemeler"]],
        **_advice(row, gateway.catalogue.result_codes, kept_back),
        "standing": version_of(row),
        "corrects": corrects,
        "corrected_by": corrected_by,
        "by_hand": [{name: entry.get(name) for name in _TOLD} for entry in told],
        "refused_parts": [],
        "erased": erased_of(found["content_key"]),
    }
    is_theirs = health and (signer is None or row["profesyonel_index"] == signer)
    facts["withheld"] = sealed is not None and not is_theirs and gateway.catalogue.is_health(row["veri_seti"])
    if sealed is not None and not facts["erased"] and not facts["withheld"]:
        with looking(gateway, kurum, OPEN, [sorgu_no], by=by, facts={"what": "refused_parts"}):
            key = gateway.content(kurum, row["kayit_no"], found["content_key"])
            parts = open_refused(key, kurum, sorgu_no, sealed)
        facts["refused_parts"] = [
            {"calisan": seen(part.pair[0]), "egitim": part.pair[1], "code": part.code} for part in parts
        ]
        explanation = open_explanation(key, kurum, sorgu_no, sealed) if row["last_code"] == CODE else None
        facts |= {"explanation": explanation} if explanation else {}
    return facts


def _advice(row: Mapping[str, Any], codes: Mapping[str, ResultCode], kept_back: str) -> dict[str, Any]:
    state = State(row["state"])
    told = advice_for(state, row["last_code"], row["reason"])
    if kept_back and state is State.QUEUED:
        told = advice_for(state, "", kept_back)
    known = codes.get(row["last_code"])
    verbs = verbs_open(state, row["reason"])
    return {
        "happened": dict(told.happened),
        "who": dict(told.who),
        "where": dict(told.where),
        "code_means": {"tr": known.tr, "en": known.en} if known and not told.tells_code else None,
        "can": {
            verb.value: {each: told_verb(verb, end, row["sorgu_no"], each) for each in LANGUAGES}
            for verb, end in verbs.items()
        },
    }


def tell_cause(gateway: Gateway, kurum: KurumNo, group: Group) -> dict[str, Any]:
    """One thing to mend: how many wait for it, what happened, who must act, where to click, what can be done."""
    cause = group.cause
    told = advice_for(cause.state, cause.code, cause.reason)
    facts: dict[str, Any] = {
        "cause": cause.cause_id,
        "state": str(cause.state),
        "code": cause.code,
        "reason": cause.reason,
        "count": group.count,
        "since": group.since.isoformat(),
        "examples": sorted({group.first, group.last}),
        "happened": dict(told.happened),
        "who": dict(told.who),
        "where": dict(told.where),
        "can": _can(cause),
    }
    if cause.isyeri_index or cause.profesyonel_index:
        canonical = acts.read_canonical(gateway, kurum, group.first)
        workplace = canonical.decode().partition("<sgkTescilNo>")[2].partition("<")[0]
        facts |= {"workplace": workplace} if cause.isyeri_index and workplace else {}
        signer = signer_of(canonical, gateway.catalogue.signers)
        facts |= {"professional": seen(signer)} if cause.profesyonel_index else {}
    return facts


def _can(cause: Cause) -> dict[str, dict[str, str]]:
    verbs = [verb for verb in (Verb.RELEASE, Verb.CANCEL) if verb in verbs_open(cause.state, cause.reason)]
    return {verb.value: {each: told_verb(verb, None, cause.cause_id, each) for each in LANGUAGES} for verb in verbs}


def waiting_by_professional(found: Sequence[acts.Waiting], now: datetime) -> list[dict[str, Any]]:
    """One row per person, masked, longest waiting first; two people may look alike and stay two rows."""
    rows: dict[str, dict[str, Any]] = {}
    for each in found:  # oldest first
        start = {
            "professional": seen(each.professional),
            "count": 0,
            "oldest_at": each.since.isoformat(),
            "oldest_age_hours": round((now - each.since).total_seconds() / 3600, 2),
        }
        rows.setdefault(each.professional, start)["count"] += 1
    return list(rows.values())
