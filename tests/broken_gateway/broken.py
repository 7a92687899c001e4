"""Our gateway with one fault planted: `BROKEN` names it. The conformance suite must find exactly what it breaks.

Run by the suite's warm runner in place of `ibys`; each command is a fork, so a fault lives as long as one command.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import select, update

from integrator import acts, settling
from integrator.audit import prove
from integrator.cli import main as ibys
from integrator.cli import records
from integrator.deliver.wire import Wire
from integrator.domain import identifiers
from integrator.domain.outcomes import Kind
from integrator.domain.states import State
from integrator.queue import readings
from integrator.receipt import judge
from integrator.sign import canonical
from integrator.store.engine import writing
from integrator.store.tables import bildirim

_SAVE = b"BildirimKaydet"


def everywhere(real: Any, broken: Any) -> None:
    """Put `broken` wherever `real` was imported to."""
    for module in [each for name, each in sys.modules.items() if name.startswith("integrator")]:
        for name, value in list(vars(module).items()):
            if value is real:
                setattr(module, name, broken)


def _on_the_wire(change: Callable[[Wire, Callable[..., Any], bytes, Any], Any]) -> None:
    real = Wire.post
    Wire.post = lambda self, body, headers: (  # type: ignore[method-assign]
        change(self, real, body, headers) if _SAVE in body else real(self, body, headers)
    )


def sends_twice() -> None:
    def post(wire: Wire, real: Callable[..., Any], body: bytes, headers: Any) -> Any:
        again = re.sub(rb"<sorguNo>(\d+)<", lambda match: b"<sorguNo>%d<" % (int(match[1]) + 5_000_000), body)
        real(wire, again, headers)
        return real(wire, body, headers)

    _on_the_wire(post)


def sends_unsigned() -> None:
    _on_the_wire(
        lambda wire, real, body, headers: real(wire, re.sub(rb"<imzaliDeger>[^<]*</imzaliDeger>", b"", body), headers)
    )


def talks_too_much() -> None:
    def post(wire: Wire, real: Callable[..., Any], body: bytes, headers: Any) -> Any:
        sys.stderr.write(repr(body))
        return real(wire, body, headers)

    _on_the_wire(post)


def writes_wrong_bytes() -> None:
    real = canonical.canonical
    everywhere(real, lambda *told: real(*told).replace(b'encoding="UTF-8"?>', b'encoding="UTF-8" standalone="no"?>'))


def sorts_nothing() -> None:
    everywhere(canonical._in_order, lambda values, definition: dict(values))


def splits_wrongly() -> None:
    real = canonical._slices
    everywhere(real, lambda entries, size: real(entries, size + 1))


def takes_unknown_codes_for_success() -> None:
    real = judge.judge_reply

    def judge_reply(reply: Any, sorgu_no: Any, pairs: Any, codes: Any) -> Any:
        return real(reply, sorgu_no, pairs, codes) if reply.code in codes else judge._all_stored(pairs)

    everywhere(real, judge_reply)


def ignores_401() -> None:
    real = judge.judge_reply

    def judge_reply(*told: Any) -> Any:
        outcome = real(*told)
        return replace(outcome, kind=Kind.REFUSED) if outcome.kind is Kind.PASSIVE else outcome

    everywhere(real, judge_reply)


def repeats_blindly() -> None:
    real = settling.next_step

    def next_step(claimed: Any, outcome: Any, *told: Any, **more: Any) -> Any:
        then = real(claimed, outcome, *told, **more)
        blind = then.end is State.UNCERTAIN and claimed.state is State.SENDING
        return replace(then, end=State.QUEUED) if blind else then

    everywhere(real, next_step)


def believes_after_a_kill() -> None:
    def recover(gateway: Any, *told: Any) -> int:
        with writing(gateway.database) as tx:
            tx.execute(update(bildirim).where(bildirim.c.state == "sending").values(state="accepted"))
        return 0

    everywhere(acts.recover, recover)


def forgets_ids() -> None:
    real = records.read_records

    def read_records(*told: Any) -> Iterator[Any]:
        for each in real(*told):
            yield replace(each, kayit_no=f"{each.kayit_no}.{secrets.token_hex(3)}")

    everywhere(real, read_records)


def shows_everybody_everything() -> None:
    real = readings.read_one

    def read_one(tx: Any, kurum: Any, sorgu_no: Any) -> Any:
        owner = tx.execute(select(bildirim.c.kurum_id).where(bildirim.c.sorgu_no == sorgu_no)).scalar()
        return real(tx, owner or kurum, sorgu_no)

    readings.read_one = read_one


def takes_any_number() -> None:
    everywhere(identifiers.is_tckn, lambda value: True)


def takes_any_signature() -> None:
    everywhere(acts.require_valid, lambda signature: None)


def forges_evidence() -> None:
    real = prove.prove_bildirim

    def prove_bildirim(*told: Any) -> Any:
        proof = real(*told)
        proof["entries"][0]["leaf"] = proof["entries"][0]["leaf"].replace('"v":1', '"v":2')
        return proof

    everywhere(real, prove_bildirim)


def nothing() -> None:
    """No fault at all: what a run with this one finds is the wrapper's own."""


FAULTS = (
    nothing, sends_twice, sends_unsigned, talks_too_much, writes_wrong_bytes, sorts_nothing, splits_wrongly,
    takes_unknown_codes_for_success, ignores_401, repeats_blindly, believes_after_a_kill, forgets_ids,
    shows_everybody_everything, takes_any_number, takes_any_signature, forges_evidence,
)  # fmt: skip


def main() -> Any:
    """`ibys`, with the fault that the environment names."""
    {fault.__name__: fault for fault in FAULTS}[os.environ["BROKEN"]]()
    return ibys()
