from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, inspect, select, text

from integrator import acts
from integrator.deliver.dvo import cut_dvo
from integrator.domain.errors import BadSignature, IllegalMove, NotFound
from integrator.domain.identifiers import KurumNo
from integrator.domain.states import State
from integrator.gateway import Pace
from integrator.pipeline import accept
from integrator.sign.keys import KeyCupboard
from integrator.sign.trial_pki import issue_signer
from integrator.store.engine import reading
from integrator.store.tables import audit_entry, bildirim, bildirim_body, kayit, sorgu_no_counter
from tests.factories import FIRST_NUMBER, KURUM, PROFESSIONAL, SINGLE, WORKER, codes_of, record, submitted, workers
from tests.fakes import START

BAD = record("BAD", calisan=["80000000131"])


def count(home, table):
    with reading(home.gateway.database) as tx:
        return tx.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.fixture
def keyless(gateway):
    """The same home in a process that has no professional's key."""
    return replace(gateway, cupboard=KeyCupboard([]))


def test_a_good_record_is_accepted_and_queued(home):
    [answer] = home.accept(record("K-1"))

    assert (answer.status, answer.kayit_no, answer.sorgu_no) == ("accepted", "K-1", (FIRST_NUMBER,))
    assert home.states() == {"queued": 1}
    assert home.broken() is None


def test_answers_come_in_the_order_of_the_records(home):
    answers = home.accept(record("A"), BAD, record("C"), [])

    assert [(each.where, each.status) for each in answers] == [
        ("line 1", "accepted"), ("line 2", "rejected"), ("line 3", "accepted"), ("line 4", "rejected"),
    ]  # fmt: skip


def test_nothing_of_a_rejected_record_is_stored(home):
    [answer] = home.accept(BAD)

    assert codes_of(answer.findings) == ["INT-VAL-010"]
    assert [count(home, table) for table in (kayit, bildirim, bildirim_body, audit_entry)] == [0, 0, 0, 0]


def test_a_rejected_record_takes_no_number(home):
    home.accept(BAD)
    with reading(home.gateway.database) as tx:
        assert tx.execute(select(sorgu_no_counter.c.next)).scalar_one() == FIRST_NUMBER


def test_the_same_record_again_gets_the_same_numbers(home):
    [first] = home.accept(record())
    [again] = home.accept(record())

    assert (again.status, again.sorgu_no) == ("known", first.sorgu_no)
    assert count(home, bildirim) == 1


def test_the_same_id_with_other_content_is_refused(home):
    home.accept(record())
    [answer] = home.accept(record(egitimYer=0))

    assert (answer.status, codes_of(answer.findings), answer.sorgu_no) == ("rejected", ["INT-INT-002"], ())
    assert count(home, bildirim) == 1


def test_a_record_twice_in_one_group_is_stored_once(home):
    first, again, other = home.accept(record(), record(), record(egitimYer=0))

    assert [first.status, again.status, other.status] == ["accepted", "known", "rejected"]
    assert first.sorgu_no == again.sorgu_no
    assert count(home, kayit) == 1


def test_an_id_whose_record_was_rejected_is_free(home):
    home.accept(record("K", calisan=["80000000131"]))

    assert home.accept(record("K"))[0].status == "accepted"


def test_a_rejected_and_a_mended_record_in_one_group_do_not_disturb_each_other(home):
    bad, good = home.accept(record("K", egitimYer=9), record("K"))

    assert (bad.status, good.status) == ("rejected", "accepted")


def test_a_record_without_an_id_is_known_by_its_content(home):
    [first] = home.accept(record(None))
    [again] = home.accept(record(None))

    assert first.kayit_no.startswith("icerik:")
    assert (again.status, again.sorgu_no) == ("known", first.sorgu_no)


def test_two_customers_may_use_the_same_id(home, gateway):
    home.accept(record())
    [answer] = accept(gateway, KurumNo("other"), submitted(record(egitimYer=0)))

    assert answer.status == "accepted"


def test_a_long_record_becomes_several_messages_with_every_pair_once(home):
    [answer] = home.accept(
        record(calisan=workers(205), egitim=[{"egitimKoduId": c, "egitimSuresi": 5} for c in (24, 240)])
    )
    cut = [cut_dvo(acts.read_canonical(home.gateway, KURUM, number)) for number in answer.sorgu_no]

    assert len(answer.sorgu_no) == 3
    assert len({pair for dvo in cut for pair in dvo.pairs}) == sum(len(dvo.pairs) for dvo in cut) == 410


def test_a_long_record_is_rejected_when_it_may_not_be_split(home):
    [answer] = home.accept(record(calisan=workers(101)), may_split=False)

    assert (answer.status, codes_of(answer.findings)) == ("rejected", ["INT-VAL-022"])


def test_a_warning_is_told_beside_the_acceptance(home):
    [answer] = home.accept(record(sgkTescilNo="29999010100001230069995000"))

    assert (answer.status, codes_of(answer.findings)) == ("accepted", ["INT-VAL-031"])


def test_groups_are_accepted_one_after_another(home, gateway):
    answers = home.accept(*(record(f"K-{n}") for n in range(7)), gateway=replace(gateway, pace=Pace(group=3)))

    assert [each.sorgu_no[0] for each in answers] == list(range(FIRST_NUMBER, FIRST_NUMBER + 7))
    assert home.broken() is None


def test_an_answer_is_given_before_the_next_group_is_read(gateway):
    read = []

    def stream():
        for each in submitted(*(record(f"K-{n}") for n in range(4))):
            read.append(each.kayit_no)
            yield each

    first = next(accept(replace(gateway, pace=Pace(group=2)), KURUM, stream()))

    assert (first.status, read) == ("accepted", ["K-0", "K-1"])


def test_racing_acceptors_of_the_same_records_store_each_once(home, another_worker):
    records = [record(f"K-{n}") for n in range(12)]
    gateways = [another_worker(actor=f"w{n}", pace=Pace(group=1 + n)) for n in range(4)]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda gateway: home.accept(*records, gateway=gateway), gateways))

    assert sorted(each.status for some in answers for each in some) == ["accepted"] * 12 + ["known"] * 36
    assert len({tuple(each.sorgu_no for each in some) for some in answers}) == 1
    assert (count(home, kayit), count(home, bildirim), home.broken()) == (12, 12, None)


def test_a_group_that_loses_every_race_is_answered_all_the_same(home, gateway, another_worker):
    rival, left = another_worker(), ["A", "B", "C"]

    class Interrupted:
        """The catalogue, with a rival who takes one more id each time while our group is being judged."""

        def __getattr__(self, name):
            if name == "newest" and left:
                home.accept(record(left.pop(0)), gateway=rival)
            return getattr(gateway.catalogue, name)

    answers = home.accept(*map(record, "ABC"), gateway=replace(gateway, catalogue=Interrupted(), pace=Pace(group=3)))

    assert {each.status for each in answers} <= {"known", "accepted"}
    assert count(home, bildirim) == 3


def test_a_message_without_a_key_awaits_its_signature(home, keyless):
    [answer] = home.accept(record(), gateway=keyless)

    assert answer.status == "accepted"
    assert home.states() == {"awaiting_signature": 1}


def test_a_message_whose_signature_would_be_refused_awaits_another(home, gateway, pki):
    expired = issue_signer(pki.root, PROFESSIONAL, now=START, key="p-256", valid=(-9, -1))
    [answer] = home.accept(record(), gateway=replace(gateway, cupboard=KeyCupboard([pki.signer(expired)])))

    assert (answer.status, codes_of(answer.findings)) == ("accepted", ["INT-SGN-001"])
    assert home.states() == {"awaiting_signature": 1}


def test_the_bytes_shown_to_the_signer_are_those_of_the_record(home, keyless):
    [answer] = home.accept(record(), gateway=keyless)
    shown = acts.read_canonical(keyless, KURUM, answer.sorgu_no[0])

    assert cut_dvo(shown).pairs == [(WORKER, "240")]


def test_the_professionals_own_signature_queues_the_message(home, keyless, pki):
    [number] = home.accept(record(), gateway=keyless)[0].sorgu_no
    shown = acts.read_canonical(keyless, KURUM, number)
    acts.attach(keyless, KURUM, number, pki.signer().sign(shown, at=START))

    assert home.states() == {"queued": 1}
    assert home.broken() is None


def test_the_signature_of_another_person_is_refused(home, keyless, pki):
    [number] = home.accept(record(), gateway=keyless)[0].sorgu_no
    shown = acts.read_canonical(keyless, KURUM, number)
    with pytest.raises(BadSignature, match="professional"):
        acts.attach(keyless, KURUM, number, pki.signer(pki.stranger).sign(shown, at=START))

    assert home.states() == {"awaiting_signature": 1}


@pytest.mark.parametrize("cms", [b"", b"x", b"\x30\x00"])
def test_what_is_no_signature_is_refused(home, keyless, cms):
    [number] = home.accept(record(), gateway=keyless)[0].sorgu_no

    with pytest.raises(BadSignature):
        acts.attach(keyless, KURUM, number, cms)


def test_a_signature_over_other_bytes_is_refused(home, keyless, pki):
    [number] = home.accept(record(), gateway=keyless)[0].sorgu_no

    with pytest.raises(BadSignature, match="message_digest"):
        acts.attach(keyless, KURUM, number, pki.signer().sign(SINGLE, at=START))


def test_a_second_signature_is_refused(home, keyless, pki):
    [number] = home.accept(record(), gateway=keyless)[0].sorgu_no
    cms = pki.signer().sign(acts.read_canonical(keyless, KURUM, number), at=START)
    acts.attach(keyless, KURUM, number, cms)

    another = pki.signer().sign(acts.read_canonical(keyless, KURUM, number), at=START + timedelta(seconds=1))
    with pytest.raises((NotFound, IllegalMove)):
        acts.attach(keyless, KURUM, number, another)


def test_the_same_signature_again_gets_the_same_answer(home, keyless, pki):
    [number] = home.accept(record(), gateway=keyless)[0].sorgu_no
    cms = pki.signer().sign(acts.read_canonical(keyless, KURUM, number), at=START)

    assert [acts.attach(keyless, KURUM, number, cms) for _ in range(2)] == [State.QUEUED, State.QUEUED]


def test_a_customer_neither_reads_nor_signs_the_message_of_another(home, keyless, pki):
    [number] = home.accept(record(), gateway=keyless)[0].sorgu_no
    cms = pki.signer().sign(acts.read_canonical(keyless, KURUM, number), at=START)

    with pytest.raises(NotFound):
        acts.read_canonical(keyless, KurumNo("other"), number)
    with pytest.raises(NotFound):
        acts.attach(keyless, KurumNo("other"), number, cms)


def test_an_unsigned_message_is_not_queued_by_hand(home, keyless):
    [number] = home.accept(record(), gateway=keyless)[0].sorgu_no
    with pytest.raises((IllegalMove, NotFound)):
        acts.release(keyless, KURUM, number, reason="hurry")

    assert home.states() == {"awaiting_signature": 1}


def test_no_plain_column_holds_an_identity_number(home, tmp_path):
    home.accept(record())
    with reading(home.gateway.database) as tx:
        tables = inspect(tx).get_table_names()
        rows = [row for name in tables for row in tx.execute(text(f"SELECT * FROM {name}"))]
    home.gateway.database.dispose()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("ibys.sqlite3*"))
    stored += b"".join(v if isinstance(v, bytes) else str(v).encode() for row in rows for v in row)

    assert WORKER.encode() not in stored and PROFESSIONAL.encode() not in stored
    assert b"K-1" in stored
