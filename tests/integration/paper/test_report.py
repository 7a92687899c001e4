from datetime import date

import pytest

from integrator.domain.errors import Malformed, UnknownParty
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo, SgkTescilNo
from integrator.paper import usage
from integrator.paper.report import read_report
from integrator.paper.report_pdf import render_report
from integrator.trial.people import sgk_tescil_no
from tests.factories import KURUM, PROFESSIONAL, SGK
from tests.integration.paper.conftest import TITLE
from tests.integration.paper.pdf import words_of

OCTOBER, HERE = date(2025, 10, 15), SgkTescilNo(SGK)


def test_a_month_is_counted_by_its_events_and_each_cause_once(gateway, place, send):
    send("2025-09-30", "2025-10-01", "2025-10-23", "2025-10-31", faults=[None, "213", "213"])
    found = read_report(gateway, KURUM, OCTOBER, HERE)

    assert [(each.veri_seti, each.notified, each.accepted, each.stopped) for each in found.tallies] == [
        ("egitim", 3, 1, 2)
    ]
    assert [(each.code, each.count) for each in found.causes] == [("213", 2)]
    assert len(found.months) == 12
    assert [(each.month, each.accepted, each.stopped) for each in found.months[-2:]] == [
        ("2025-09", 1, 0),
        ("2025-10", 1, 2),
    ]
    assert found.months[0].month == "2024-11"


def test_the_report_of_all_workplaces_tells_each_the_worst_first(gateway, place, send):
    send("2025-10-23")
    found = read_report(gateway, KURUM, OCTOBER)

    assert found.place is None
    assert [(each.place.ad_unvan, each.roster, each.covered["egitim"]) for each in found.coverages] == [(TITLE, 3, 1)]


def test_the_pdf_says_it_in_turkish_and_in_english_with_page_numbers_and_names_nobody(gateway, place, send):
    send("2025-10-01", "2025-10-23", faults=["213"])
    found = read_report(gateway, KURUM, OCTOBER, HERE)
    turkish, english = (render_report(found, language) for language in ("tr", "en"))

    assert turkish.startswith(b"%PDF-") and turkish == render_report(found, "tr")
    for text in ("Aylık rapor 10.2025", TITLE, SGK, "Bakanlık, profesyonelin", "eğitim", "1 / 1", "Ç*** Ş***"):
        assert text in words_of(turkish), text
    assert "Monthly report 10.2025" in words_of(english)
    assert PROFESSIONAL not in words_of(turkish)
    assert "Çağla" not in words_of(turkish)


def test_a_month_without_anything_says_so(gateway, place):
    text = words_of(render_report(read_report(gateway, KURUM, OCTOBER, HERE), "tr"))

    assert "Duran bildirim yok." in text
    assert "Yok." in text


def test_months_to_come_and_workplaces_of_others_are_refused(gateway, place):
    with pytest.raises(Malformed, match="2012-01"):
        read_report(gateway, KURUM, date(2990, 1, 1), HERE)
    with pytest.raises(UnknownParty):
        read_report(gateway, KURUM, OCTOBER, SgkTescilNo(sgk_tescil_no(4711)))
    with pytest.raises(UnknownParty):
        read_report(gateway, KurumNo("osgb-2"), OCTOBER)


def test_a_certificate_is_found_by_its_code_until_it_is_taken_back(gateway, place, send):
    send("2025-10-23")
    asked = usage.Asked(HERE, date(2025, 10, 1), date(2025, 10, 31))
    issued = usage.issue(gateway, KURUM, asked, by="ayse")
    before = usage.verify_code(gateway, issued.code)
    usage.revoke(gateway, KURUM, issued.certificate.usage_no, Hand("ayse", "test"))

    assert before.certificate == issued.certificate
    assert usage.verify_code(gateway, issued.code).validity is usage.Validity.REVOKED
