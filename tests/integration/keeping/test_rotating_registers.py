"""New data keys for the registers of parties: exports came in under the old ones."""

import pytest
from sqlalchemy import LargeBinary, select

from integrator.keeping.rotating import replace_data_keys, reseal
from integrator.parties.register import ISYERI, PROFESYONEL, SEALED, SOZLESME, read_all
from integrator.protect.seal import naming
from integrator.store.engine import reading
from integrator.store.tables import data_key, metadata
from tests.factories import KURUM, PROFESSIONAL, SGK
from tests.integration.pipeline.exports import NEW, contract, import_rows

PROFESSIONALS = ["TC", "Ad Soyad", "Personel Kategorisi", "Sertifika No"]
WORKPLACES = ["SGK No", "İşyeri Unvanı", "Telefon"]
EXPORTS = {
    "contracts": (NEW, [contract()]),
    "professionals": (PROFESSIONALS, [[PROFESSIONAL, "Deneme Kişisi", "İGU", "İGU-1"]]),
    "workplaces": (WORKPLACES, [[SGK, "DENEME İŞYERİ", "5550000000"]]),
}


@pytest.fixture
def told(gateway, tmp_path):
    """The gateway after one import of each kind."""
    for kind, (headings, rows) in EXPORTS.items():
        import_rows(gateway, tmp_path / f"{kind}.xlsx", kind, headings, rows)
    return gateway


def rotated(gateway, clock):
    """What the second run did: the first seals anew, the second finds the old keys unnamed."""
    replace_data_keys(gateway, reason="yearly")
    reseal(gateway)
    clock.advance(minutes=5)
    return reseal(gateway)


def opened(gateway):
    """Every sealed register of the customer, read with its present keys."""
    with reading(gateway.database) as tx:
        sealer = gateway.keyring.sealer(KURUM)
        return {each: read_all(tx, sealer, KURUM, each) for each in SEALED}


def key_numbers(gateway):
    with reading(gateway.database) as tx:
        return sorted(tx.execute(select(data_key.c.key_no)).scalars())


def named(gateway):
    """The data keys that the values of any table but the keys' own name, whatever their column is called."""
    binary = [c for t in metadata.sorted_tables if t is not data_key for c in t.c if isinstance(c.type, LargeBinary)]
    with reading(gateway.database) as tx:
        values = [value for column in binary for value in tx.execute(select(column)).scalars() if value]
    return {n for n in range(1, 5) if any(value.startswith(naming(n)) for value in values)}


def test_registers_follow_new_data_keys_and_the_old_ones_are_destroyed(told, clock, another_worker):
    before, named_before = opened(told), named(told)
    done = rotated(told, clock)
    after = opened(another_worker())

    assert [len(after[each]) for each in (ISYERI, PROFESYONEL, SOZLESME)] == [1, 1, 1]
    assert (after, named_before, named(told)) == (before, {1}, {3})
    assert (done.retired, done.left, key_numbers(told)) == (2, 0, [0, 3, 4])


def test_an_export_after_a_rotation_finds_the_rows_that_are_there(told, clock, tmp_path):
    rotated(told, clock)
    for kind, (headings, rows) in EXPORTS.items():
        report = import_rows(told, tmp_path / f"{kind}-again.xlsx", kind, headings, rows)
        assert (kind, report.counts, report.changes) == (kind, {"same": 1}, [])
    assert named(told) == {3}
