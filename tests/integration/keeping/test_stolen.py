"""Somebody carries the database away without the master key: no identity number, workplace or health fact is in it.

Looked for as text, as UTF-16, as hexadecimal and in the three ways base64 can fall.
"""

import base64
import io
import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import LargeBinary, String, Text

from integrator import access, acts, hands, pipeline
from integrator.domain.hands import Hand
from integrator.domain.identifiers import SgkTescilNo, Tckn
from integrator.domain.roles import Role
from integrator.keeping import erasing
from integrator.keeping.backup import make_backup, read_lines
from integrator.keeping.rotating import replace_data_keys, reseal
from integrator.parties import mirror
from integrator.registering import set_card
from integrator.sign.keys import KeyCupboard
from integrator.store.dialect import overwriting, wipe
from integrator.store.engine import reading, writing
from integrator.store.tables import Told, metadata
from tests.factories import FORM, KURUM, PROFESSIONAL, REPO, SGK, WORKER, record, submitted, workers
from tests.fakes import START
from tests.integration.pipeline.exports import NEW, OTHER_SGK, PHYSICIAN, ROSTER, contract, import_rows, worker

WHY = {"reason": "letter 12", "by": "ayse"}

EXAMINATION = json.loads(
    (REPO / "datasets/muayene/2023-03/ornekler/diagnosis_is_cut_off/record.json").read_text(encoding="utf-8")
)
FACTS = ("Hipertansiyon", "9.1 g/dL", "bel ağrısı")
"""Planted in that record, beside its identity numbers."""
PEOPLE = ("Deneme Kişisi", "Çalışan Kişi", "İrtibat Kişisi", "5550000000", "kisi@ornek.example", "İGU-4711")
"""Names and reaches of professionals, workers and contact persons in the registers."""
NEVER_HELD = {
    "checkpoint_holder", "kod", "kod_history", "revocation_answer", "tick_lease",
    # of the doors, which nobody opens here: what names somebody is sealed (tests of their own), or a digest
    "api_call", "kullanici", "oturum", "recovery_code", "login_brake", "broken_glass", "webhook", "webhook_delivery",
    "call_rate", "quota_use", "kurum_limit", "kayit_trace", "pack_job", "duyuru", "duyuru_alindi", "usage_certificate",
    "coverage", "coverage_count", "coverage_cursor", "coverage_depth", "coverage_message", "coverage_month",
    "coverage_worker", "registry_entry",
}  # fmt: skip
"""Public data, or written by duties that do not run here; none has a plain column for anybody's number."""


def secrets():
    numbers = [WORKER, PROFESSIONAL, PHYSICIAN, SGK, OTHER_SGK, *workers(4), *PEOPLE]
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


def hear_of_parties(gateway, tmp_path):
    """Every export of İSG-KATİP that names somebody, and what an operator adds."""
    exports = {
        "contracts": (NEW, [contract("1"), contract("2", sgk=OTHER_SGK, person=PHYSICIAN, tur="101")]),
        "roster": (
            [*ROSTER, "Ad", "Soyad"],
            [
                [*worker(WORKER), "Çalışan", "Kişi"],
                *([*worker(each, left="31.12.2025"), "", ""] for each in workers(4)),
            ],
        ),
        "professionals": (["TC", "Ad Soyad", "Sertifika No"], [[PROFESSIONAL, "Deneme Kişisi", "İGU-4711"]]),
        "workplaces": (["SGK No", "İşyeri Unvanı", "Telefon"], [[SGK, "DENEME İŞYERİ", "5550000000"]]),
    }
    for kind, (headings, rows) in exports.items():
        days = {"refreshed_on": gateway.clock.now().date()} if kind in ("contracts", "roster") else {}
        report = import_rows(gateway, tmp_path / f"{kind}.xlsx", kind, headings, rows, **days)
        assert report.counts["new"] + report.counts["changed"] > 0, (kind, report.findings)
    facts = {"contact_name": "İrtibat Kişisi", "contact_email": "kisi@ornek.example", "otomatik_by": "İrtibat Kişisi"}
    set_card(gateway, KURUM, SgkTescilNo(SGK), facts, Hand("op", "phone"))


@pytest.fixture
def lived_in(gateway, clock, ministry, pki, tmp_path):
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
    hear_of_parties(gateway, tmp_path)
    refused = replace(gateway, cupboard=KeyCupboard([pki.signer()]))
    ministry.faults.append("210")
    [answer] = pipeline.accept(refused, KURUM, submitted(record("wrong", egitimYer=0)))
    pipeline.dispatch(refused)
    acts.correct(gateway, KURUM, answer.sorgu_no[0], submitted(record("right", egitimTarihi="2025-10-24"))[0], **WHY)
    hands.quarantine_form(gateway, FORM, **WHY)
    erasing.tell_event(gateway, KURUM, Tckn(WORKER), "leaving", date(2026, 1, 1))
    erasing.erase_person(gateway, KURUM, Tckn(PHYSICIAN), "parties", reason="letter 12", early=True)
    erasing.place_hold(gateway, KURUM, ["K-0"], reason="court")
    acts.stop_line(gateway, **WHY)
    acts.checkpoint(gateway)
    replace_data_keys(gateway, reason="yearly")
    reseal(gateway)
    return gateway


def test_a_stolen_database_or_backup_shows_nobody_and_opens_no_door(lived_in, tmp_path):
    token = access.make_api_key(lived_in, KURUM, Role.SYSTEM, "test", lives=timedelta(days=1))[1]
    content = everything(lived_in, tmp_path)

    assert len(content) > 50_000
    assert b"osgb-1" in content  # it is that database: what is not secret is there
    assert found(content) == []
    assert not any(each in content for each in shapes(token.rpartition(".")[2]))

    path = make_backup(lived_in, b"k" * 32, tmp_path / "stolen", tmp_path / "staged").path
    opened = b"\n".join(read_lines(path, b"k" * 32))  # the thief has the backup key, too
    assert b"osgb-1" in opened and b"osgb-1" not in path.read_bytes()
    assert found(opened) == found(path.read_bytes()) == []


FORMS = {
    "plain": f"kod {WORKER} gibi".encode(),
    "utf-16": WORKER.encode("utf-16-le"),
    "hex": WORKER.encode().hex().encode(),
    "base64": base64.b64encode(b"xy" + WORKER.encode() + b"z"),
    "sealed_beside": json.dumps({"calisan": WORKER}).encode(),
}


def plant_forms(lived_in, tmp_path):
    """Each form of one number in one value, and what the scan finds of it."""
    answers = metadata.tables["revocation_answer"]
    for form, told in FORMS.items():
        with writing(lived_in.database) as tx:
            overwriting(tx)
            tx.execute(answers.delete())
            tx.execute(answers.insert().values(digest=form, source="ocsp", response=told, seen_at=START))
        wipe(lived_in.database, "revocation_answer")
        yield found(everything(lived_in, tmp_path))


def test_every_table_is_looked_into_and_what_is_planted_in_any_and_in_whatever_form_is_found(lived_in, tmp_path):
    assert list(plant_forms(lived_in, tmp_path)) == [[WORKER]] * len(FORMS)
    access.make_api_key(lived_in, KURUM, Role.SYSTEM, "test", lives=timedelta(days=1))
    with reading(lived_in.database) as tx:
        filled = [each for each in metadata.sorted_tables if tx.execute(each.select().limit(1)).first()]
    assert {each.name for each in metadata.sorted_tables} - {each.name for each in filled} == NEVER_HELD - {
        "revocation_answer"
    }
    planted = dict(zip((each.name for each in filled), workers(len(filled) + 4)[4:], strict=True))
    with writing(lived_in.database) as tx:
        for table in filled:
            if (column := wide_column(table)) is not None:
                value = planted[table.name]
                tx.execute(table.update().values({column: value.encode() if is_binary(column) else value}))
            else:
                del planted[table.name]
    content = everything(lived_in, tmp_path)

    assert {name for name, number in planted.items() if not any(each in content for each in shapes(number))} == set()
    assert len(planted) > 20


def is_binary(column):
    return isinstance(column.type, LargeBinary)


def wide_column(table):
    """A column that takes eleven signs and is no key."""
    for column in table.columns:
        length = getattr(column.type, "length", None) or getattr(column.type, "impl", column.type).__dict__.get(
            "length"
        )
        text = isinstance(column.type, (String, Text, Told)) and (length is None or length >= 11)
        if not column.primary_key and not column.index and (is_binary(column) or text):
            return column
    return None
