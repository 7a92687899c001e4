"""`ibys audit fsck`: storage, log, and every row of evidence against its entries; names the first that differs.

1. The storage checks itself (SQLite's integrity check).
2. The log verifies: entries, nodes, checkpoints, states of messages (``audit/verify.py``).
3. Each sealed value opens, and is what the entries committed to; each other column says what the entries say.

Which columns no entry speaks of and no evidence is made of, and why, stands in ``working.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Column, LargeBinary, Select, String, Table, select
from sqlalchemy.exc import DBAPIError

from integrator.audit.checkpoint import known_log_key
from integrator.audit.trail import stamp_of
from integrator.audit.tree import EMPTY_ROOT
from integrator.audit.verify import Break, Broken, Report, verify
from integrator.domain.errors import Erased, IntegratorError, Misconfigured, Unavailable
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.states import State
from integrator.evidence.registers import check_registers
from integrator.evidence.stories import Facts, Story, read_stories
from integrator.gateway import Gateway
from integrator.protect.seal import Seals, gone, is_gone
from integrator.queue import bodies
from integrator.queue.erasures import place_mark
from integrator.store.dialect import dialect_of
from integrator.store.engine import Tx, reading
from integrator.store.schema import fault_of_schema
from integrator.store.tables import (
    bildirim,
    bildirim_body,
    content_key,
    deneme,
    evidence_copy,
    kayit,
    metadata,
    revocation_answer,
    sonuc,
)

_PAGE = 500
_COMMITTED = frozenset({"canonical", "cms", "indexes", "request", "reply"})


def fsck(gateway: Gateway, outside: list[tuple[Path, str]] | None = None) -> Report:
    """Check everything; the report's `found` is the first place that differs, or None."""
    key = gateway.checkpoint_key
    report = Report(0, 0, 0, EMPTY_ROOT, None)
    with reading(gateway.database) as tx:
        try:
            key = key.as_of(known_log_key(tx))
            gateway = replace(gateway, checkpoint_key=key)  # of these rows: another may follow it while they are read
            report = verify(tx, key.public, key.origin, outside)
            if report.found is None:
                for check in (check_registers, _check_rows, _check_storage):  # keys before what they open
                    check(tx, gateway)
        except Broken as broken:
            report = replace(report, found=broken.place)
        except (AttributeError, TypeError, ValueError, OverflowError, KeyError, OSError) as error:
            words = f"{_odd_place(tx)} a value that its table does not keep ({type(error).__name__}: {error})"
            report = replace(report, found=Break("row", words[:200]))
        except Misconfigured as error:  # the row that names the log's key names another one
            report = replace(report, found=Break("row", f"meta log_key: {error.detail}"))
        except Unavailable as error:  # a master key that is away says nothing about the rows; a spoilt file does
            if not isinstance(error.__cause__, (DBAPIError, UnicodeDecodeError)):
                raise
            report = replace(report, found=Break("storage", f"storage: {error.detail}"))
        except DBAPIError as error:
            report = replace(report, found=Break("storage", f"storage: {dialect_of(tx).words(error)}"))
    return report


def _odd_place(tx: Tx) -> str:
    """The first column in which a value stands that cannot be read as one of its kind."""
    for table in metadata.sorted_tables:
        for column in table.c:
            try:
                odd = any(_is_odd(column, value) for value in tx.execute(select(column)).scalars())
            except (AttributeError, TypeError, ValueError, OverflowError, DBAPIError):
                odd = True
            if odd:
                return f"{table.name}.{column.name} holds"
    return "a row holds"


def _is_odd(column: Column[Any], value: Any) -> bool:
    if value is None:
        return not column.nullable
    kind = bytes if isinstance(column.type, LargeBinary) else str if isinstance(column.type, String) else object
    return not isinstance(value, kind)


def _check_storage(tx: Tx, _gateway: Gateway) -> None:
    fault = dialect_of(tx).fault_of_storage(tx) or fault_of_schema(tx)
    if fault:
        raise Broken("storage", f"storage: {fault}")


def _check_rows(tx: Tx, gateway: Gateway) -> None:
    stories, born, erased = read_stories(tx)
    _check_erased(tx, erased)
    places = {number: mark for each in erased.values() for number, mark in each.get("places", {}).items()}
    for row in tx.execute(_keyed(select(kayit), kayit).execution_options(yield_per=_PAGE)):
        _check_kayit(gateway, row, born.get((row.kurum_id, row.kayit_no), {}))
    same = (bildirim_body.c.kurum_id == bildirim.c.kurum_id) & (bildirim_body.c.sorgu_no == bildirim.c.sorgu_no)
    query = select(bildirim, bildirim_body.c.canonical, bildirim_body.c.cms).outerjoin(bildirim_body, same)
    query, salts = _keyed(query, bildirim), dict[int, bytes]()
    for row in tx.execute(query.order_by(bildirim.c.sorgu_no).execution_options(yield_per=_PAGE)):
        salts[row.sorgu_no] = _check_bildirim(gateway, row, stories[row.sorgu_no], places)
    _check_orphans(tx)
    _check_denemeler(tx, gateway, stories, salts)
    _check_beside(tx, gateway, stories)


def _check_orphans(tx: Tx) -> None:
    """Sealed rows whose message or record does not stand beside them."""
    pairs = ((bildirim_body, bildirim, "sorgu_no"), (content_key, kayit, "kayit_no"))
    for table, owner, name in pairs:
        same = (owner.c.kurum_id == table.c.kurum_id) & (owner.c[name] == table.c[name])
        query = select(table.c[name]).outerjoin_from(table, owner, same).where(owner.c.kurum_id.is_(None))
        for each in tx.execute(query.limit(1)).scalars():
            raise Broken("row", f"{table.name} {each}: it belongs to nothing")


def _check_kayit(gateway: Gateway, row: Any, birth: Mapping[str, Any]) -> None:
    where = f"kayit {row.kayit_no}"
    key = _key(gateway, row, where)
    stored = {
        "veri_seti": row.veri_seti, "version": row.version, "event_date": row.event_date.isoformat(),
        "at": stamp_of(row.received_at),
    }  # fmt: skip
    if key:
        _open(where, "body", lambda: bodies.open_record(key, KurumNo(row.kurum_id), row.kayit_no, row.body))
        stored["fingerprint"] = row.fingerprint.hex()
    elif row.fingerprint != b"":
        raise Broken("row", f"{where}: its content was erased, its fingerprint is not empty")
    _same(where, stored, birth, whole="fingerprint" in birth)


def _check_bildirim(gateway: Gateway, row: Any, story: Story, places: Mapping[str, str]) -> bytes:
    """Returns the message's salt; empty when its content was erased."""
    where, kurum, number = f"bildirim {row.sorgu_no}", KurumNo(row.kurum_id), SorguNo(row.sorgu_no)
    stored = {
        "kayit_no": row.kayit_no, "part": row.part, "form": f"{row.veri_seti} {row.version} {row.metot}",
        "parts": row.parts_total, "at": stamp_of(row.created_at),
    }  # fmt: skip
    birth = {name: story.birth[name] for name in stored if name in story.birth}  # its commitments come below
    _same(where, stored, birth, whole=story.is_whole)
    _same(where, {"last_code": row.last_code, "accepted": row.parts_accepted, "denemeler": row.deneme_no},
          {"last_code": story.code, "accepted": story.accepted, "denemeler": max(story.tries, default=0)},
          whole=story.is_whole)  # fmt: skip
    if row.state == State.PENDING and row.ministry_no != story.ministry_no:
        raise Broken("row", f"{where}: its ministry_no is not what the log says")
    key = _key(gateway, row, where)
    if key is None:
        if row.canonical is None or row.profesyonel_index != "":
            raise Broken("row", f"{where}: its content was erased, but its rows are not what an erasure leaves")
        mark = place_mark(gateway.keyring.sealer(kurum), number, row.isyeri_index)
        _same(where, {"isyeri_index": mark}, {"isyeri_index": places.get(str(number), mark)})
        return b""
    salt, canonical = _open(where, "canonical", lambda: bodies.open_canonical(key, kurum, number, row.canonical))
    cms = _open(where, "cms", lambda: bodies.open_cms(key, kurum, number, row.cms)) if row.cms else b""
    indexes = bodies.index_bytes(row.isyeri_index, row.profesyonel_index)
    told = bodies.commitments(salt, canonical=canonical, cms=cms, indexes=indexes)
    _same(where, told, story.commitments, whole=story.is_whole)
    return bytes(salt)


def _check_denemeler(tx: Tx, gateway: Gateway, stories: dict[int, Story], salts: dict[int, bytes]) -> None:
    left = {(number, each) for number, story in stories.items() for each in story.tries}
    query = _of_message(deneme).order_by(deneme.c.sorgu_no, deneme.c.deneme_no).execution_options(yield_per=_PAGE)
    for row in tx.execute(query):
        where = f"deneme {row.sorgu_no}/{row.deneme_no}"
        story = stories.get(row.sorgu_no)
        if story is None or row.deneme_no not in story.tries:
            raise Broken("row", f"{where}: the log does not speak of it")
        left.discard((row.sorgu_no, row.deneme_no))
        told = {"ended_at": None, "outcome": None, "code": None, "kurum": story.birth["kurum"]}
        told |= story.tries[row.deneme_no]
        if not salts[row.sorgu_no]:
            told = {name: value for name, value in told.items() if name not in _COMMITTED}
        _same(where, _tried(gateway, row, salts[row.sorgu_no], where), told, whole=story.is_whole)
    for number, each in sorted(left):
        raise Broken("row", f"deneme {number}/{each}: the log speaks of it, its row is gone")


def _tried(gateway: Gateway, row: Any, salt: bytes, where: str) -> dict[str, Any]:
    kurum, number, no = KurumNo(row.kurum_id), SorguNo(row.sorgu_no), row.deneme_no
    key = _key(gateway, row, where)
    times = {"started_at": stamp_of(row.started_at), "ended_at": stamp_of(row.ended_at) if row.ended_at else None}
    said = {"kurum": row.kurum_id, "act": row.act, "outcome": row.outcome, "code": row.code}
    if key is None:
        return {**times, **said}

    def exchange() -> tuple[bytes, bytes]:
        return bodies.open_exchange(key, kurum, number, no, request=row.request, reply=row.reply)

    request, reply = _open(where, "request or reply", exchange)
    return {**times, **said, **bodies.commitments(salt, request=request, reply=reply)}


def _check_beside(tx: Tx, gateway: Gateway, stories: dict[int, Story]) -> None:
    owed = {number for number, story in stories.items() if story.level is not None}
    for row in tx.execute(_of_message(evidence_copy).execution_options(yield_per=_PAGE)):
        story = stories.get(row.sorgu_no)
        told = {"level": story.level, "kurum": story.birth["kurum"]} if story else {}
        _same(f"evidence_copy {row.sorgu_no}", {"level": row.level, "kurum": row.kurum_id}, told)
        if row.body is not None or row.level:
            _open_beside(gateway, row, "evidence_copy", bodies.open_evidence, row.body)
        owed.discard(row.sorgu_no)
    for lost in sorted(owed):
        raise Broken("row", f"evidence_copy {lost}: the log speaks of it, its row is gone")
    partial = {number for number, story in stories.items() if story.refused and story.is_whole}
    for row in tx.execute(_of_message(sonuc).execution_options(yield_per=_PAGE)):
        _open_beside(gateway, row, "sonuc", bodies.open_refused, row.refused_parts)
        partial.discard(row.sorgu_no)
    for lost in sorted(partial):
        raise Broken("row", f"sonuc {lost}: the log says that parts were refused, its row is gone")
    _check_answers(tx, {digest for story in stories.values() for digest in story.answers})


def _check_answers(tx: Tx, relied_on: set[str]) -> None:
    for row in tx.execute(select(revocation_answer)):
        relied_on.discard(row.digest)
        if sha256(row.response).hexdigest() != row.digest or row.source not in ("ocsp", "crl"):
            raise Broken("row", f"revocation_answer {row.digest[:16]}: it is not what its digest says")
    for digest in sorted(relied_on):
        raise Broken("row", f"revocation_answer {digest[:16]}: a decision relied on it, its row is gone")


def _open_beside(gateway: Gateway, row: Any, table: str, act: Callable[..., Any], sealed: bytes) -> None:
    where, kurum = f"{table} {row.sorgu_no}", KurumNo(row.kurum_id)
    key = _key(gateway, row, where)
    if key:
        _open(where, "sealed value", lambda: act(key, kurum, SorguNo(row.sorgu_no), sealed))


def _same(where: str, stored: Mapping[str, Any], told: Mapping[str, Any], *, whole: bool = True) -> None:
    """Raise Broken for a value that the log does not tell so. Entries of the first release tell less: not `whole`."""
    for name, value in stored.items():
        if (name in told or (whole and value)) and told.get(name) != value:
            raise Broken("row", f"{where}: its {name} is not what the log says")
    missing = [name for name in told if name in _COMMITTED and name not in stored]
    if missing:
        raise Broken("row", f"{where}: its {missing[0]} is gone")


def _keyed(query: Select[Any], table: Table) -> Select[Any]:
    """With the sealed content key of the record that each row belongs to."""
    same = (content_key.c.kurum_id == table.c.kurum_id) & (content_key.c.kayit_no == table.c.kayit_no)
    return query.add_columns(content_key.c.sealed.label("content_key")).outerjoin(content_key, same)


def _of_message(table: Table) -> Select[Any]:
    """Rows that belong to a message, each with its record and that record's content key."""
    same = (bildirim.c.kurum_id == table.c.kurum_id) & (bildirim.c.sorgu_no == table.c.sorgu_no)
    return _keyed(select(table, bildirim.c.kayit_no).outerjoin(bildirim, same), bildirim)


def _key(gateway: Gateway, row: Any, where: str) -> Seals | None:
    """What opens the row's content; None when it was erased, which the log must tell as well (`_check_erased`)."""
    try:
        return gateway.content(KurumNo(row.kurum_id), row.kayit_no, row.content_key)
    except Erased:
        return None
    except Unavailable:  # away is not altered
        raise
    except IntegratorError as error:
        raise Broken("row", f"{where}: {error.detail}") from error


def _check_erased(tx: Tx, erased: Facts) -> None:
    """A content key that is gone was destroyed under a class, and the log says so; else it is there."""
    left = set(erased)
    for row in tx.execute(select(content_key).execution_options(yield_per=_PAGE)):
        told = erased.get((row.kurum_id, row.kayit_no))
        left.discard((row.kurum_id, row.kayit_no))
        if is_gone(row.sealed) != (told is not None):
            words = "it is gone, and the log tells of no erasure" if told is None else "the log says it was erased"
            raise Broken("row", f"content_key {row.kayit_no}: {words}")
        if told and "class" in told and row.sealed != gone(told.get("on", told["at"][:10]), told["class"]):
            raise Broken("row", f"content_key {row.kayit_no}: its day or class is not what the log says")
    for _, name in sorted(left):
        raise Broken("row", f"content_key {name}: the log says that it was erased, its row is gone")


def _open(where: str, what: str, opened: Callable[[], Any]) -> Any:
    try:
        return opened()
    except Unavailable:  # away is not altered
        raise
    except (IntegratorError, TypeError, ValueError) as error:
        told = error.detail if isinstance(error, IntegratorError) else type(error).__name__
        raise Broken("row", f"{where}: its {what} does not open ({told})") from error
