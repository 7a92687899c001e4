from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from integrator import pipeline
from integrator.domain.errors import BadReason, Malformed, UnknownParty
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo, SgkTescilNo
from integrator.domain.parties import Isyeri as LookedUp
from integrator.domain.workplaces import TehlikeSinifi
from integrator.parties import mirror
from integrator.parties.known import read_known
from integrator.registering import change_number, read_card, read_cards, read_kurum, set_card, set_kurum
from integrator.store.engine import reading, writing
from integrator.store.tables import audit_entry, kurum
from tests.factories import KURUM, PROFESSIONAL, SGK, WORKER, record, submitted
from tests.integration.pipeline.exports import NEW, OTHER_SGK, PHYSICIAN, ROSTER, contract, import_rows, worker

DAY = date(2025, 10, 23)
PLACE, OTHER = SgkTescilNo(SGK), SgkTescilNo(OTHER_SGK)
HAND = Hand("sekreter", "SGK nakil")
WORKPLACES = [
    "SGK No", "İşyeri Unvanı", "NACE Kodu", "Tehlike Sınıfı", "Çalışan Sayısı", "Kamu", "Otomatik Güncelleme",
    "E-Bildirge Kullanıcısı", "Telefon", "Eski SGK No",
]  # fmt: skip


def known(gateway, *records, kurum=KURUM):
    sealer = gateway.keyring.sealer(kurum, now=gateway.clock.now())
    with reading(gateway.database) as tx:
        return read_known(tx, sealer, kurum, submitted(*records), gateway.clock.now())


def place(sgk=SGK, *, workers="35", auto="HAYIR", before=""):
    """One row under the headings `WORKPLACES`."""
    return [sgk, "DENEME", "41.00.01", "Çok Tehlikeli", workers, "HAYIR", auto, "Deneme Yetkili", "5550000000", before]


def codes(report):
    return [finding.code for _, finding in report.findings]


def audited(gateway):
    with reading(gateway.database) as tx:
        return b"\n".join(tx.execute(select(audit_entry.c.leaf)).scalars()).decode()


def test_a_workplaces_card_is_known_to_rules_and_its_contact_is_sealed(gateway, tmp_path):
    import_rows(gateway, tmp_path / "w.xlsx", "workplaces", WORKPLACES, [place()])

    told, card = known(gateway, record()).isyeri(SGK), read_card(gateway, KURUM, PLACE)
    assert (told.tehlike_sinifi, told.calisan_sayisi, told.kamu, told.nace_kodu) == (
        TehlikeSinifi.COK,
        35,
        False,
        "41.00.01",
    )
    assert (card.facts["contact_name"], card.facts["contact_phone"]) == ("Deneme Yetkili", "5550000000")


def test_what_a_file_does_not_tell_stays_as_it_was(gateway, tmp_path):
    import_rows(gateway, tmp_path / "1.xlsx", "workplaces", WORKPLACES, [place()])
    import_rows(gateway, tmp_path / "2.xlsx", "workplaces", WORKPLACES[:2], [[SGK, "YENİ AD"]])
    import_rows(gateway, tmp_path / "3.xlsx", "workplaces", WORKPLACES, [[SGK, *[""] * 9]])

    facts = read_card(gateway, KURUM, PLACE).facts
    assert (facts["ad_unvan"], facts["calisan_sayisi"], facts["contact_phone"]) == ("YENİ AD", 35, "5550000000")


def test_a_former_number_in_a_file_is_replaced_even_when_it_stands_there_itself(gateway, tmp_path):
    report = import_rows(
        gateway, tmp_path / "w.xlsx", "workplaces", WORKPLACES, [place(OTHER_SGK, before=SGK), place()]
    )

    told = known(gateway, record(), record("K-2", sgkTescilNo=OTHER_SGK))
    assert (told.new_number(SGK), told.new_number(OTHER_SGK)) == (OTHER_SGK, None)
    assert (codes(report), report.counts["new"]) == (["INT-PTY-016"], 2)


def test_a_contract_that_moved_to_another_number_is_told_with_the_command_that_says_so(gateway, tmp_path):
    import_rows(gateway, tmp_path / "1.xlsx", "contracts", NEW, [contract()])
    report = import_rows(gateway, tmp_path / "2.xlsx", "contracts", NEW, [contract(sgk=OTHER_SGK)])

    ((_, finding),) = report.findings
    assert finding.code == "INT-PTY-010"
    assert f"ibys parties number-changed {SGK} {OTHER_SGK}" in finding.sentence("tr")
    assert known(gateway, record()).new_number(SGK) is None


def test_another_number_of_workers_is_told_where_times_do_not_follow_it(gateway, tmp_path):
    import_rows(gateway, tmp_path / "1.xlsx", "workplaces", WORKPLACES, [place(), place(OTHER_SGK, auto="EVET")])
    rows = [place(workers="60"), place(OTHER_SGK, auto="EVET", workers="60")]
    report = import_rows(gateway, tmp_path / "2.xlsx", "workplaces", WORKPLACES, rows)

    assert [(f.code, f.seen, f.wanted) for _, f in report.findings] == [("INT-PTY-017", SGK, "35 -> 60")]


def test_an_operator_says_that_a_number_changed_once(gateway, tmp_path):
    import_rows(gateway, tmp_path / "s.xlsx", "contracts", NEW, [contract()])

    assert change_number(gateway, KURUM, PLACE, OTHER, HAND)
    assert not change_number(gateway, KURUM, PLACE, OTHER, HAND)
    assert known(gateway, record()).new_number(SGK) == OTHER_SGK
    assert audited(gateway).count("SGK nakil") == 1


def test_numbers_never_replace_one_another_in_a_circle(gateway):
    change_number(gateway, KURUM, PLACE, OTHER, HAND)

    for old, new in ((OTHER, PLACE), (PLACE, PLACE)):
        with pytest.raises(Malformed):
            change_number(gateway, KURUM, old, new, HAND)


def test_what_an_operator_sets_is_known_and_audited_by_name_only(gateway):
    change = set_card(gateway, KURUM, PLACE, {"contact_phone": "5551112233", "provided_by_employer": 1}, HAND)

    assert change.words() == "sgk_tescil_no: - -> " + SGK + ", contact_phone: - -> 5***, provided_by_employer: - -> 1"
    assert read_card(gateway, KURUM, PLACE).facts["contact_phone"] == "5551112233"
    assert '"set":["contact_phone","provided_by_employer"]' in audited(gateway)
    assert "5551112233" not in audited(gateway)


def test_a_hand_without_a_reason_sets_nothing(gateway):
    with pytest.raises(BadReason):
        set_kurum(gateway, KURUM, {"tur": "OSGB"}, Hand("sekreter", " "))

    assert read_kurum(gateway, KURUM) == {}


def test_a_kurum_says_what_it_is(gateway):
    set_kurum(gateway, KURUM, {"tur": "OSGB"}, HAND)

    assert set_kurum(gateway, KURUM, {"follows_served": 1}, HAND) == {"tur": "OSGB", "follows_served": 1}
    assert read_kurum(gateway, KurumNo("osgb-2")) == {}


def test_to_ask_about_a_kurum_that_is_not_here_makes_none(gateway, tmp_path):
    stranger = KurumNo("yabanci")
    report = import_rows(gateway, tmp_path / "s.xlsx", "contracts", NEW, [contract()], kurum=stranger, preview=True)

    assert (read_cards(gateway, stranger), report.counts["new"]) == ([], 1)
    with pytest.raises(UnknownParty):
        read_card(gateway, stranger, PLACE)
    with reading(gateway.database) as tx:
        assert tx.execute(select(kurum)).all() == []


def test_one_customers_parties_are_nothing_to_another(gateway, tmp_path):
    other = KurumNo("osgb-2")
    import_rows(gateway, tmp_path / "1.xlsx", "contracts", NEW, [contract()])
    report = import_rows(gateway, tmp_path / "2.xlsx", "contracts", NEW, [contract(person=PHYSICIAN)], kurum=other)
    change_number(gateway, other, PLACE, OTHER, HAND)

    ours, theirs = known(gateway, record()), known(gateway, record(), kurum=other)
    assert (report.counts["new"], report.counts["absent"]) == (1, 0)
    assert (len(ours.sozlesmeler(PROFESSIONAL, SGK)), theirs.sozlesmeler(PROFESSIONAL, SGK)) == (1, [])
    assert (ours.new_number(SGK), theirs.new_number(SGK)) == (None, OTHER_SGK)


def test_a_contract_kind_that_is_not_known_asks_for_its_role(gateway, tmp_path):
    rows = [contract(tur="150")]
    unsaid = import_rows(gateway, tmp_path / "1.xlsx", "contracts", NEW, rows)
    before = known(gateway, record()).sozlesmeler(PROFESSIONAL, SGK)[0].belge_tipi
    said = import_rows(gateway, tmp_path / "1.xlsx", "contracts", NEW, rows, roles={"150": "3"})

    assert (codes(unsaid), codes(said), before) == (["INT-PTY-007"], [], "")
    assert known(gateway, record()).sozlesmeler(PROFESSIONAL, SGK)[0].belge_tipi == "3"


def test_professionals_are_known_by_their_certificates(gateway, tmp_path):
    headings = ["TC", "Ad", "Soyad", "Sertifika No", "Sınıfı", "Geçerlilik Tarihi"]
    rows = [
        [PROFESSIONAL, "Deneme", "Uzman", "İGU-100", "B Sınıfı", "01.01.2027"],
        [PHYSICIAN, "Deneme", "Hekim", "İH-7", "", ""],
    ]
    import_rows(gateway, tmp_path / "p.xlsx", "professionals", headings, rows)

    told = known(gateway, record(), record("K-2", isgProfTckNo=PHYSICIAN))
    assert [told.belge_tipi(each) for each in (PROFESSIONAL, PHYSICIAN, WORKER)] == ["2", "1", None]


def test_served_workplaces_are_followed_where_that_is_wanted(gateway):
    def answers(day=DAY):
        told = known(gateway, record(), record("K-2", sgkTescilNo=OTHER_SGK))
        return told.hizmet_bildirildi(SGK, day), told.hizmet_bildirildi(OTHER_SGK, day)

    before = answers()
    set_card(gateway, KURUM, PLACE, {"served_from": date(2025, 10, 23), "served_until": date(2025, 10, 31)}, HAND)
    one = answers()
    set_kurum(gateway, KURUM, {"follows_served": 1}, HAND)

    assert (before, one, answers()) == ((None, None), (True, None), (True, False))
    assert (answers(date(2025, 10, 22))[0], answers(date(2025, 11, 1))[0]) == (False, False)


def test_a_served_workplace_message_of_ours_counts_once_it_is_accepted(gateway, database):
    gateway = replace(gateway, metot="json-g4")
    notification = {
        "id": "H-1", "veriSeti": "hizmet_verilen_isyeri", "isgProfTckNo": PROFESSIONAL, "sgkTescilNo": SGK,
        "hizmetBaslangicTarihi": "2025-01-01",
    }  # fmt: skip
    (answer,) = pipeline.accept(gateway, KURUM, submitted(notification))
    set_kurum(gateway, KURUM, {"follows_served": 1}, HAND)
    waiting = known(gateway, record()).hizmet_bildirildi(SGK, DAY)
    with database.begin() as tx:
        tx.exec_driver_sql(f"UPDATE bildirim SET state = 'accepted' WHERE sorgu_no = {answer.sorgu_no[0]}")

    told = known(gateway, record())
    assert (waiting, told.hizmet_bildirildi(SGK, DAY)) == (False, True)
    assert told.hizmet_bildirildi(SGK, date(2024, 12, 31)) is False


def test_what_was_imported_is_at_hand_when_a_record_is_judged(gateway, tmp_path):
    import_rows(gateway, tmp_path / "p.xlsx", "professionals", ["TC", "Belge Tipi"], [[PROFESSIONAL, "İşyeri Hekimi"]])
    (ours,) = pipeline.accept(gateway, KURUM, submitted(record()))
    (theirs,) = pipeline.accept(gateway, KurumNo("osgb-2"), submitted(record()))

    assert [finding.code for finding in ours.findings] == ["INT-VAL-042"]
    assert theirs.findings == ()


def test_the_log_verifies_after_imports_and_hands(gateway, tmp_path, home):
    import_rows(gateway, tmp_path / "s.xlsx", "contracts", NEW, [contract()])
    import_rows(gateway, tmp_path / "r.xlsx", "roster", ROSTER, [worker(WORKER)], refreshed_on=DAY)
    set_kurum(gateway, KURUM, {"tur": "OSGB"}, HAND)

    assert audited(gateway).count('"event":"party.') == 5
    assert home.broken() is None


def test_what_the_ministry_said_within_a_day_outweighs_the_card(gateway, tmp_path, clock):
    import_rows(gateway, tmp_path / "w.xlsx", "workplaces", WORKPLACES, [place()])
    told = LookedUp(SGK, nace_kodu="62.10.00", tehlike_sinifi="Az Tehlikeli", calisan_sayisi=9)
    with writing(gateway.database) as tx:
        mirror.put(tx, gateway.keyring.sealer(KURUM), KURUM, mirror.Seen(told, True, "soap-g2", clock.now()))
    fresh = known(gateway, record()).isyeri(SGK)
    clock.advance(hours=25)
    stale = known(gateway, record()).isyeri(SGK)

    assert (fresh.tehlike_sinifi, fresh.calisan_sayisi, fresh.nace_kodu) == (TehlikeSinifi.AZ, 9, "62.10.00")
    assert (stale.tehlike_sinifi, stale.calisan_sayisi, stale.nace_kodu) == (TehlikeSinifi.COK, 35, "41.00.01")
    assert fresh.kamu is stale.kamu is False
