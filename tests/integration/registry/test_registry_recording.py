import json
from dataclasses import replace

import pytest
from sqlalchemy import delete, insert, select, update

from integrator.domain.errors import BadReason
from integrator.domain.hands import Hand
from integrator.evidence.fsck import fsck
from integrator.registry import rows
from integrator.registry.recording import Told, record
from integrator.store.engine import reading, writing
from integrator.store.registry_tables import registry_entry
from integrator.store.tables import audit_entry
from tests.factories import WORKER

FINDING = {"severity": "other", "opened_on": "2026-03-01", "subject": "Açık kapı: İŞLETME ğüşöç"}


def all_rows(gateway):
    with reading(gateway.database) as tx:
        return rows.read_all(tx)


def told(gateway):
    with reading(gateway.database) as tx:
        leaves = tx.execute(select(audit_entry.c.leaf).order_by(audit_entry.c.i)).scalars()
        return [fact for fact in map(json.loads, leaves) if fact["event"] == "registry.recorded"]


def test_an_entry_is_kept_as_it_was_told_and_the_log_says_who_and_why(gateway, put):
    done = put("finding", "2026-3", **FINDING)

    assert (done.changed, done.findings, done.kept.state) == (True, (), "open")
    assert all_rows(gateway) == [done.kept]
    assert done.kept.facts == FINDING
    [fact] = told(gateway)
    assert (fact["register"], fact["entry_no"], fact["to"], fact["by"], fact["reason"]) == (
        "finding", "2026-3", "open", "ayse", "letter 12",
    )  # fmt: skip
    assert fact["mark"] == done.kept.mark
    assert "kapı" not in json.dumps(fact, ensure_ascii=False)


def test_the_same_again_changes_nothing_and_more_is_added_to_what_stood_there(gateway, put):
    put("finding", "2026-3", **FINDING)

    again = put("finding", "2026-3", **FINDING)
    closed = put("finding", "2026-3", "closed", closed_on="2026-03-02", evidence="Rapor 7")

    assert (again.changed, len(told(gateway))) == (False, 2)
    assert closed.kept.facts == {**FINDING, "closed_on": "2026-03-02", "evidence": "Rapor 7"}
    assert closed.kept.due_on is None


def test_an_empty_value_takes_a_field_out(put):
    put("iso27001", "TR-1", valid_until="2027-01-01", issuer="X")

    assert put("iso27001", "TR-1", issuer=" ").kept.facts == {"valid_until": "2027-01-01"}


AT_FAULT = [
    ("nothing", "1", "", {}, {"INT-REG-001"}),
    ("finding", "1", "mended", FINDING, {"INT-REG-001"}),
    ("finding", "1", "", FINDING | {"colour": "red"}, {"INT-REG-001"}),
    ("finding", "1", "", FINDING | {"severity": "huge"}, {"INT-REG-001"}),
    ("finding", "1", "", FINDING | {"opened_on": "01.03.2026"}, {"INT-REG-002"}),
    ("finding", "1", "", FINDING | {"opened_on": "2026-02-30"}, {"INT-REG-002"}),
    ("finding", "1", "", FINDING | {"opened_on": "٢٠٢٦-٠٣-٠١"}, {"INT-REG-002"}),
    ("finding", "1", "", FINDING | {"opened_on": "2026-03-03"}, {"INT-REG-004"}),
    ("finding", "1", "", FINDING | {"subject": "x" * 501}, {"INT-REG-002"}),
    ("finding", "1", "", FINDING | {"subject": "a\0b"}, {"INT-REG-002"}),
    ("finding", "1", "", FINDING | {"subject": "\ud800"}, {"INT-REG-002"}),
    ("finding", "1", "", FINDING | {"subject": f"kişi {WORKER}"}, {"INT-REG-005"}),
    ("finding", "1", "closed", FINDING, {"INT-REG-003"}),
    ("finding", "1", "closed", FINDING | {"closed_on": "2026-02-01", "evidence": "e"}, {"INT-REG-004"}),
    ("finding", "", "", FINDING, {"INT-REG-002"}),
    ("finding", "a/b", "", FINDING, {"INT-REG-002"}),
    ("finding", "x" * 65, "", FINDING, {"INT-REG-002"}),
    ("finding", WORKER, "", FINDING, {"INT-REG-002"}),
    ("firma", "other", "", {}, {"INT-REG-002"}),
    ("firma", "firma", "active", {"since": "2026-03-01"}, {"INT-REG-003"}),
    ("hizmet_alim_formu", "osgb-1", "delivered", {}, {"INT-REG-003"}),
    (
        "gizlilik_sozlesmesi",
        "2",
        "",
        {"published_on": "2026-03-01", "effective_from": "2026-03-30"},
        {"INT-REG-004"},
    ),
]


def test_what_is_at_fault_is_told_and_nothing_is_written(gateway, put):
    for register, no, state, facts, codes in AT_FAULT:
        done = put(register, no, state, **facts)
        assert ({each.code for each in done.findings}, done.changed) == (codes, False), (register, no, facts)
        assert all(each.sentence("tr") != each.sentence("en") for each in done.findings)
        assert all(WORKER not in each.sentence("tr") for each in done.findings)

    assert (all_rows(gateway), told(gateway)) == ([], [])


def test_all_faults_are_told_at_once(put):
    done = put("finding", "1", "closed", severity="huge", opened_on="x")

    assert [each.path for each in done.findings] == ["severity", "opened_on", "subject", "closed_on", "evidence"]


def test_text_that_is_code_elsewhere_is_only_text_here(put):
    text = "'; DROP TABLE kurum; -- <script>alert(1)</script> {{7*7}}"

    assert put("kep", "'; --", direction="in", dated_on="2026-03-01", subject=text).kept.facts["subject"] == text


def test_an_act_without_a_reason_is_refused(gateway):
    with pytest.raises(BadReason):
        record(gateway, Told("finding", "1", "", FINDING), Hand("ayse", " "))


def test_two_hands_on_one_entry_are_both_in_the_log_and_the_row_is_the_latters(gateway, another_worker, put):
    put("finding", "1", **FINDING)
    put("finding", "1", on=another_worker(), **(FINDING | {"subject": "ikinci"}))

    assert [each.facts["subject"] for each in all_rows(gateway)] == ["ikinci"]
    assert fsck_of(gateway) is None


def fsck_of(gateway):
    return fsck(replace(gateway)).found


SPOILED = [
    update(registry_entry).values(state="delivered"),
    update(registry_entry).values(facts='{"drafted_on": "2025-01-01"}'),
    update(registry_entry).values(entry_no="osgb-2"),
    update(registry_entry).values(due_on=None),
    update(registry_entry).values(reason="another"),
    update(registry_entry).values(salt=bytes(16)),
    delete(registry_entry),
]


def test_fsck_names_an_entry_that_was_changed_or_taken_out(gateway, put):
    put("change", "D-1", announced_on="2026-03-01", subject="Yeni sürüm")
    with reading(gateway.database) as tx:
        kept = dict(tx.execute(select(registry_entry)).mappings().one())
    assert fsck_of(gateway) is None

    for spoil in SPOILED:
        with writing(gateway.database) as tx:
            tx.execute(spoil)
        assert "registry_entry change/" in fsck_of(gateway).words, str(spoil)
        with writing(gateway.database) as tx:
            tx.execute(delete(registry_entry))
            tx.execute(insert(registry_entry).values(kept))
    assert fsck_of(gateway) is None


def test_fsck_names_an_entry_that_was_put_in(gateway, put):
    put("change", "D-1", announced_on="2026-03-01", subject="Yeni sürüm")
    with writing(gateway.database) as tx:
        row = tx.execute(select(registry_entry)).mappings().one()
        tx.execute(insert(registry_entry).values({**row, "register": "hizmet_alim_formu", "entry_no": "osgb-1"}))

    assert "the log does not speak of it" in fsck_of(gateway).words
