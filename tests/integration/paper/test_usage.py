import shutil
from dataclasses import replace
from datetime import date
from hashlib import sha256

import pytest
from sqlalchemy import select

from integrator.domain.errors import BadReason, Malformed, NotFound, UnknownParty
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo, SgkTescilNo
from integrator.keeping.rotating import replace_data_keys, reseal
from integrator.paper.usage import (
    Asked,
    Validity,
    issue,
    read_certificates,
    revoke,
    verify_code,
)
from integrator.paper.usage_codes import write_code
from integrator.sign.verify import PRODUCTION
from integrator.store.engine import reading, sqlite_url
from integrator.store.paper_tables import usage_certificate
from integrator.trial.people import sgk_tescil_no
from tests.factories import KURUM, PROFESSIONAL, SGK
from tests.integration.paper.conftest import TITLE
from tests.integration.paper.pdf import pages_of, words_of

ASKED = Asked(SgkTescilNo(SGK), date(2025, 10, 1), date(2025, 10, 31))
WHY = Hand("ayse", "wrong period")


@pytest.fixture
def database_url(migrated_file, tmp_path):
    """SQLite only: what differs between the engines is tried where it is read."""
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


@pytest.fixture
def lived(gateway, place, send):
    send("2025-10-01", "2025-10-23", "2025-10-30", "2025-11-02", faults=["213"])


@pytest.fixture
def issued(gateway, lived):
    return issue(gateway, KURUM, ASKED, by="ayse")


def test_a_certificate_says_what_was_counted_and_its_code_verifies_it(gateway, issued):
    found = verify_code(gateway, issued.code.lower())

    assert (found.validity, found.gateway) == (Validity.VALID, "test")
    assert found.certificate == issued.certificate
    assert [(each.veri_seti, each.notified, each.accepted) for each in found.certificate.counts] == [("egitim", 3, 2)]
    assert found.certificate.title == "I*** D*** Ç*** İ*** v*** Ğ*** Ş*** A***"
    assert found.certificate.sha256 == sha256(issued.pdf).hexdigest()


def test_the_paper_names_place_professionals_and_period_and_nothing_secret(issued):
    text = words_of(issued.pdf)

    told_once = (issued.code, issued.certificate.usage_no)
    said = ("Bakanlığın düzenlediği bir belge değildir", "DENEME", "2018-1", "01.10.2025 - 31.10.2025", "eğitim 3 2")
    for told in (TITLE, SGK, "Çağla Şen", "iş güvenliği uzmanı", *told_once, *said):
        assert told in text, told
    assert PROFESSIONAL not in text
    assert len(pages_of(issued.pdf)) == 1


def test_it_is_told_in_english_and_masks_the_number_for_whoever_asks_so(gateway, lived):
    text = words_of(issue(gateway, KURUM, replace(ASKED, language="en", hides_sgk=True), by="ayse").pdf)

    assert "Usage certificate" in text and "TRIAL" in text
    assert SGK not in text


def test_a_production_gateway_calls_nothing_a_trial(gateway, lived):
    text = words_of(issue(replace(gateway, policy=PRODUCTION), KURUM, ASKED, by="ayse").pdf)

    assert "DENEME" not in text


def test_a_revoked_one_says_so_and_the_first_time_counts(gateway, issued, clock, entries):
    revoke(gateway, KURUM, issued.certificate.usage_no, WHY)
    at = clock.now()
    clock.advance(hours=1)
    again = revoke(gateway, KURUM, issued.certificate.usage_no, WHY)
    found = verify_code(gateway, issued.code)

    assert (found.validity, found.certificate.revoked_at, again.revoked_at) == (Validity.REVOKED, at, at)
    assert entries("usage.issued", "usage.revoked") == [("usage.issued", "ayse"), ("usage.revoked", "ayse")]


def test_a_code_that_was_never_given_is_unknown_and_a_mistyped_one_is_told(gateway, issued):
    assert verify_code(gateway, write_code(7)).validity is Validity.UNKNOWN
    assert verify_code(gateway, write_code(7)).certificate is None
    with pytest.raises(Malformed):
        verify_code(gateway, issued.code[:-1])


def test_the_code_and_the_title_stand_nowhere_in_the_rows(gateway, issued):
    with reading(gateway.database) as tx:
        [row] = tx.execute(select(usage_certificate)).all()
    told = repr(tuple(row))

    assert issued.code not in told and issued.code.replace("-", "") not in told
    assert "Döküm" not in told and "D***" not in told


def test_where_nothing_was_accepted_there_is_nothing_to_certify(gateway, lived):
    with pytest.raises(NotFound, match="nothing was accepted"):
        issue(gateway, KURUM, replace(ASKED, since=date(2024, 1, 1), until=date(2024, 12, 31)), by="ayse")
    with pytest.raises(UnknownParty):
        issue(gateway, KURUM, replace(ASKED, sgk=SgkTescilNo(sgk_tescil_no(4711))), by="ayse")
    with pytest.raises(UnknownParty):
        issue(gateway, KurumNo("osgb-2"), ASKED, by="ayse")
    assert read_certificates(gateway, KURUM) == []


def test_days_that_are_none_and_names_that_the_log_must_not_keep_are_refused(gateway, lived):
    with pytest.raises(Malformed):
        replace(ASKED, since=date(2025, 11, 1))
    with pytest.raises(Malformed):
        replace(ASKED, since=date(2000, 1, 1))
    with pytest.raises(Malformed, match="to come"):
        issue(gateway, KURUM, replace(ASKED, since=date(2990, 1, 1), until=date(2990, 1, 2)), by="ayse")
    with pytest.raises(BadReason):
        issue(gateway, KURUM, ASKED, by=PROFESSIONAL)


def test_another_customer_neither_sees_nor_revokes_it(gateway, issued):
    other = KurumNo("osgb-2")
    gateway.keyring.sealer(other, now=gateway.clock.now())

    assert read_certificates(gateway, other) == []
    with pytest.raises(NotFound):
        revoke(gateway, other, issued.certificate.usage_no, WHY)
    assert verify_code(gateway, issued.code).validity is Validity.VALID


def test_new_data_keys_leave_a_certificate_readable(gateway, issued, clock):
    replace_data_keys(gateway, reason="yearly")
    reseal(gateway)
    clock.advance(minutes=10)

    assert reseal(gateway).left == 0
    assert verify_code(gateway, issued.code).certificate == issued.certificate
