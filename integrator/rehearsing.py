"""What accepting would say: records are judged as they would be, and nothing is stored, signed or numbered.

The same judgement is asked again about a record that is stored: what the rules, the code lists and the registers say
about it now. Findings show values masked, so to read them is no look at content.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice

from sqlalchemy import select

from integrator.accepting import Answer, Group
from integrator.domain.errors import NotFound
from integrator.domain.identifiers import KurumNo
from integrator.domain.records import Submitted
from integrator.gateway import Gateway
from integrator.queue import bodies, records
from integrator.store.engine import reading
from integrator.store.tables import kayit


def rehearse(gateway: Gateway, kurum: KurumNo, several: Iterable[Submitted]) -> Iterator[Answer]:
    """The answers that `pipeline.accept` would give, without numbers; `accepted` means that it would be."""
    stream = iter(several)
    while group := list(islice(stream, gateway.pace.group)):
        yield from Group(gateway, kurum, group, may_split=True).rehearse()


def judge_stored(gateway: Gateway, kurum: KurumNo, kayit_no: str) -> Answer:
    """What is found in a stored record as things stand today; raises NotFound, Erased, Tampered."""
    submitted = _read_stored(gateway, kurum, kayit_no)
    return Group(gateway, kurum, [submitted], may_split=True).rehearse(anew=True)[0]


def _read_stored(gateway: Gateway, kurum: KurumNo, kayit_no: str) -> Submitted:
    mine = select(kayit.c.body).where(kayit.c.kurum_id == kurum, kayit.c.kayit_no == kayit_no)
    with reading(gateway.database) as tx:
        sealed = tx.execute(mine).scalar_one_or_none()
        stored = records.content_key_of(tx, kurum, kayit_no)
    if sealed is None:
        raise NotFound("no such record of this customer")
    content = bodies.open_record(gateway.content(kurum, kayit_no, stored), kurum, kayit_no, sealed)
    veri_seti, version, text = content.decode("utf-8", "surrogatepass").split("/", 2)
    chosen = None if version == "None" else version
    return Submitted(kayit_no, veri_seti, chosen, json.loads(text), content, where="record")
