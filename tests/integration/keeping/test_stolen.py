"""Somebody carries the database away without the master key: no identity number, workplace or health fact is in it.

Looked for as text, as UTF-16, as hexadecimal and in the three ways base64 can fall.
"""

import base64
import io
import json
from dataclasses import replace
from datetime import date

import pytest

from integrator import acts, pipeline
from integrator.domain.identifiers import Tckn
from integrator.keeping import erasing
from integrator.keeping.rotating import replace_data_keys, reseal
from integrator.parties import mirror
from integrator.sign.keys import KeyCupboard
from integrator.store.engine import reading, writing
from integrator.store.tables import metadata
from tests.factories import KURUM, PROFESSIONAL, REPO, SGK, WORKER, record, submitted, workers
from tests.fakes import START

EXAMINATION = json.loads(
    (REPO / "datasets/muayene/2023-03/ornekler/diagnosis_is_cut_off/record.json").read_text(encoding="utf-8")
)
FACTS = ("Hipertansiyon", "9.1 g/dL", "bel ağrısı")
"""Planted in that record, beside its identity numbers."""


def secrets():
    numbers = [WORKER, PROFESSIONAL, SGK, *workers(4)]
    numbers += [str(each) for each in EXAMINATION.values() if isinstance(each, str) and len(each) in (11, 26)]
    return [*numbers, *FACTS, "isgProfTckNo", "calisanTcKimlikNo", "<EgitimDVO"]


def shapes(secret):
    """The bytes by which `secret` may stand in a file."""
    plain, wide = secret.encode(), secret.encode("utf-16-le")
    yield from (plain, wide, wide[:-1], secret.encode("utf-16-be"))
    for each in (plain, wide):
        yield from (each.hex().encode(), each.hex().upper().encode())
        for ahead in range(3):  # base64 falls in one of three ways; what its neighbours decide is cut off
            coded = base64.b64encode(b"\0" * ahead + each)
            yield coded[(0, 2, 3)[ahead] : len(coded) - (4 if (ahead + len(each)) % 3 else 0)]


def found(content):
    return sorted({each for each in secrets() for shape in shapes(each) if len(shape) > 5 and shape in content})


def everything(gateway, tmp_path):
    """All bytes of the home's files; of PostgreSQL, each table by COPY, as text and as binary."""
    if gateway.database.dialect.name == "sqlite":
        return b"\n".join(each.read_bytes() for each in sorted(tmp_path.glob("ibys.sqlite3*")))
    out = io.BytesIO()
    with gateway.database.connect() as connection:
        driver = connection.connection.driver_connection
        for table in metadata.sorted_tables:
            for form in ("text", "binary"):
                with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} TO STDOUT (FORMAT {form})") as copy:
                    for block in copy:
                        out.write(bytes(block))
    return out.getvalue()


@pytest.fixture
def lived_in(gateway, clock, ministry, pki):
    """A home in which everything happened that writes a row about somebody."""
    keyless, by_json = replace(gateway, cupboard=KeyCupboard([])), replace(gateway, metot="json-g4")
    several = [record(f"K-{n}", calisan=[each, WORKER]) for n, each in enumerate(workers(4))]
    ministry.faults.extend([None, "lost_reply", "213", "210", "busy"])
    ministry.off_roster.add(WORKER)
    list(pipeline.accept(gateway, KURUM, submitted(*several, record("bad", calisan=["11111111111"]))))
    [answer] = pipeline.accept(keyless, KURUM, submitted(record("waits")))
    signed = pki.signer().sign(acts.read_canonical(gateway, KURUM, answer.sorgu_no[0]), at=clock.now())
    acts.attach(gateway, KURUM, answer.sorgu_no[0], signed)
    assert [each.status for each in pipeline.accept(by_json, KURUM, submitted(EXAMINATION))] == ["accepted"]
    for _ in range(5):
        pipeline.dispatch(gateway)
        pipeline.inquire(gateway)
        clock.advance(minutes=10)
    sealer = gateway.keyring.sealer(KURUM)
    with writing(gateway.database) as tx:
        for subject in (
            mirror.Isyeri(SGK, "71.12", "2", 40),
            mirror.Sigorta(WORKER, SGK),
            mirror.Yetki(PROFESSIONAL, SGK, "2"),
        ):
            mirror.put(tx, sealer, KURUM, mirror.Seen(subject, False, "soap-g2", START))
    erasing.tell_event(gateway, KURUM, Tckn(WORKER), "leaving", date(2026, 1, 1))
    erasing.place_hold(gateway, KURUM, ["K-0"], reason="court")
    acts.checkpoint(gateway)
    replace_data_keys(gateway, reason="yearly")
    reseal(gateway)
    return gateway


def test_a_stolen_database_shows_nobody(lived_in, tmp_path):
    content = everything(lived_in, tmp_path)

    assert len(content) > 50_000
    assert b"osgb-1" in content  # it is that database: what is not secret is there
    assert found(content) == []


@pytest.mark.parametrize("form", ["plain", "utf-16", "hex", "base64", "sealed_beside"])
def test_the_scan_finds_what_is_planted(lived_in, tmp_path, form):
    told = {
        "plain": f"kod {WORKER} gibi".encode(),
        "utf-16": WORKER.encode("utf-16-le"),
        "hex": WORKER.encode().hex().encode(),
        "base64": base64.b64encode(b"xy" + WORKER.encode() + b"z"),
        "sealed_beside": json.dumps({"calisan": WORKER}).encode(),
    }[form]
    with writing(lived_in.database) as tx:
        tx.execute(
            metadata.tables["revocation_answer"]
            .insert()
            .values(digest=form, source="ocsp", response=told, seen_at=START)
        )

    assert WORKER in found(everything(lived_in, tmp_path))


def test_every_table_is_looked_into(lived_in):
    with reading(lived_in.database) as tx:
        filled = {each.name for each in metadata.sorted_tables if tx.execute(each.select().limit(1)).first()}

    assert {
        "kayit",
        "bildirim",
        "bildirim_body",
        "deneme",
        "sonuc",
        "content_key",
        "data_key",
        "isyeri",
        "calisan_sigorta",
        "profesyonel_yetki",
        "audit_entry",
        "retention_event",
    } <= filled
