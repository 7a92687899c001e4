"""Values that name a data key which was replaced: found and sealed anew, a small group in each transaction.

Usually only content keys and answers to look-ups stand under a data key. Records from before there were content keys,
and what a worker wrote that had claimed one of them, are brought under a content key on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, insert, literal, select, update

from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.parties import mirror, register
from integrator.protect.seal import BY_DATA_KEY, Sealer, Seals, key_no_of, naming
from integrator.queue import bodies
from integrator.store.paper_tables import usage_certificate
from integrator.store.people_tables import kullanici
from integrator.store.rows import update_rows
from integrator.store.tables import bildirim, bildirim_body, content_key, deneme, evidence_copy, kayit, sonuc
from integrator.store.tables_of_doors import pack_job
from integrator.store.webhook_tables import webhook

Choose = Callable[[int], Sealer]
"""The sealer that follows a key of this number; its purpose is the same."""

_OF_MESSAGE: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (bildirim_body, ("canonical", "cms")),
    (deneme, ("request", "reply")),
    (sonuc, ("refused_parts",)),
    (evidence_copy, ("body",)),
)
_OF_PARTIES = (
    *((table, table.c.blind_index) for table in mirror.TABLES),
    *((each.table, each.table.c[each.key]) for each in register.SEALED),
    (kullanici, kullanici.c.kullanici_no),
    (pack_job, pack_job.c.pack_no),
    (usage_certificate, usage_certificate.c.usage_no),
    (webhook, webhook.c.webhook_no),
)
_PARTS = {"refused_parts": "sonuc", "body": "evidence"}


def content_keys_under(tx: Connection, kurum: KurumNo, old: Sequence[int], *, limit: int) -> list[tuple[str, bytes]]:
    """(kayit_no, sealed content key) of records whose content key names one of the keys `old`; locked."""
    query = select(content_key.c.kayit_no, content_key.c.sealed).where(content_key.c.kurum_id == kurum)
    rows = tx.execute(query.where(_names(content_key.c.sealed, old)).limit(limit).with_for_update())
    return [(row.kayit_no, row.sealed) for row in rows]


def reseal_content_keys(tx: Connection, kurum: KurumNo, rows: Sequence[tuple[str, bytes]], choose: Choose) -> None:
    """Seal the content keys of `rows` with what follows the key that each names; nothing under them is touched."""
    anew = []
    for kayit_no, sealed in rows:
        place, sealer = bodies.content_place(kurum, kayit_no), choose(key_no_of(sealed))
        anew.append({"sealed": sealer.seal(sealer.open(sealed, place), place), "kurum_id": kurum, "kayit_no": kayit_no})
    update_rows(tx, content_key, ("kurum_id", "kayit_no"), anew)


def reseal_parties(tx: Connection, kurum: KurumNo, old: Sequence[int], choose: Choose, *, limit: int) -> int:
    """The same for answers to look-ups and for registers of parties; returns how many were done."""
    done = 0
    for table, index in _OF_PARTIES:
        mine = (table.c.kurum_id == kurum, _names(table.c.body, old))
        for row in tx.execute(select(index.label("key"), table.c.body).where(*mine).limit(limit).with_for_update()):
            place, sealer = mirror.place_of(table, kurum, row.key), choose(key_no_of(row.body))
            this = (table.c.kurum_id == kurum, index == row.key)
            tx.execute(update(table).where(*this).values(body=sealer.seal(sealer.open(row.body, place), place)))
            done += 1
    return done


def records_under_data_key(tx: Connection, kurum: KurumNo, *, limit: int) -> list[tuple[str, str]]:
    """(kayit_no, veri_seti) of records of which some value stands under a data key and not under a content key."""
    found = select(kayit.c.kayit_no).where(kayit.c.kurum_id == kurum, _by_data_key(kayit.c.body))
    names = set(tx.execute(found.limit(limit)).scalars())
    for table, columns in _OF_MESSAGE:
        for name in columns:
            same = (bildirim.c.kurum_id == table.c.kurum_id) & (bildirim.c.sorgu_no == table.c.sorgu_no)
            query = select(bildirim.c.kayit_no).join_from(table, bildirim, same)
            mine = query.where(table.c.kurum_id == kurum, _by_data_key(table.c[name]))
            names.update(tx.execute(mine.limit(limit)).scalars())
    query = select(kayit.c.kayit_no, kayit.c.veri_seti).where(kayit.c.kurum_id == kurum)
    wanted = sorted(names)[:limit]
    return [(row.kayit_no, row.veri_seti) for row in tx.execute(query.where(kayit.c.kayit_no.in_(wanted)))]


def give_content_key(tx: Connection, kurum: KurumNo, kayit_no: str, sealer: Sealer) -> None:
    """Bring everything of one record under its content key, which is made when it has none."""
    mine = (kayit.c.kurum_id == kurum, kayit.c.kayit_no == kayit_no)
    row = tx.execute(select(kayit.c.body).where(*mine).with_for_update()).one()
    key = _key_of(tx, kurum, kayit_no, sealer)
    if _is_by_data_key(row.body):
        body = bodies.seal_record(key, kurum, kayit_no, bodies.open_record(key, kurum, kayit_no, row.body))
        tx.execute(update(kayit).where(*mine).values(body=body))
    messages = select(bildirim.c.sorgu_no).where(bildirim.c.kurum_id == kurum, bildirim.c.kayit_no == kayit_no)
    for number in tx.execute(messages.order_by(bildirim.c.sorgu_no).with_for_update()).scalars().all():
        for table, columns in _OF_MESSAGE:
            _reseal_rows(tx, table, columns, (kurum, SorguNo(number)), key)


def _key_of(tx: Connection, kurum: KurumNo, kayit_no: str, sealer: Sealer) -> Seals:
    place = bodies.content_place(kurum, kayit_no)
    mine = select(content_key.c.sealed).where(content_key.c.kurum_id == kurum, content_key.c.kayit_no == kayit_no)
    stored = tx.execute(mine).scalar_one_or_none()
    if stored is not None:
        return sealer.content(stored, place)
    made, key = sealer.new_content(place)
    tx.execute(insert(content_key).values(kurum_id=kurum, kayit_no=kayit_no, sealed=made))
    return key


def _reseal_rows(tx: Connection, table: Table, columns: Sequence[str], of: tuple[KurumNo, SorguNo], key: Seals) -> None:
    mine = [table.c.kurum_id == of[0], table.c.sorgu_no == of[1]]
    for row in tx.execute(select(table).where(*mine)).mappings().all():
        anew = {name: _anew(key, row[name], _place(of, name, row)) for name in columns if _is_by_data_key(row[name])}
        if anew:
            which = [*mine, table.c.deneme_no == row["deneme_no"]] if "deneme_no" in row else mine
            tx.execute(update(table).where(*which).values(**anew))


def _anew(key: Seals, sealed: bytes, place: bytes) -> bytes:
    return key.seal(key.open(sealed, place), place)


def _place(of: tuple[KurumNo, SorguNo], name: str, row: Any) -> bytes:
    if "deneme_no" in row:
        return bodies.deneme_place(*of, row["deneme_no"], name)
    return bodies.place_of(*of, _PARTS.get(name, name))


def is_named(tx: Connection, kurum: KurumNo, key_no: int) -> bool:
    """Whether anything at all still names this data key."""
    of_tables = [(content_key, "sealed"), (kayit, "body"), *((table, "body") for table, _ in _OF_PARTIES)]
    of_messages = [(table, name) for table, names in _OF_MESSAGE for name in names]
    return any(_holds(tx, kurum, table, name, key_no) for table, name in (*of_tables, *of_messages))


def _holds(tx: Connection, kurum: KurumNo, table: Table, name: str, key_no: int) -> bool:
    query = select(literal(1)).select_from(table)
    mine = query.where(table.c.kurum_id == kurum, _names(table.c[name], [key_no]))
    return tx.execute(mine.limit(1)).first() is not None


def _names(column: ColumnElement[Any], key_nos: Sequence[int]) -> ColumnElement[bool]:
    return func.substr(column, 1, 3).in_([naming(each) for each in key_nos])


def _by_data_key(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return func.substr(column, 1, 1) == BY_DATA_KEY


def _is_by_data_key(value: bytes | None) -> bool:
    return bool(value) and value is not None and value[:1] == BY_DATA_KEY
