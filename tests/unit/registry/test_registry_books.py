from datetime import date

import pytest

from integrator.registry.books import BOOKS, Kind
from integrator.registry.words import called


@pytest.mark.parametrize(
    ("register", "state", "facts", "due"),
    [
        ("finding", "open", {"severity": "breach", "opened_on": "2026-03-02"}, date(2026, 3, 2)),
        ("finding", "open", {"severity": "other", "opened_on": "2026-03-02"}, date(2026, 4, 1)),
        ("finding", "closed", {"severity": "other", "opened_on": "2026-03-02"}, None),
        ("change", "open", {"announced_on": "2026-02-27"}, date(2026, 3, 29)),
        ("change", "done", {"announced_on": "2026-02-27"}, None),
        ("gizlilik_sozlesmesi", "published", {"published_on": "2026-03-02"}, date(2026, 4, 1)),
        (
            "gizlilik_sozlesmesi",
            "signed",
            {"published_on": "2026-03-02", "valid_until": "2027-03-02"},
            date(2027, 3, 2),
        ),
        ("gizlilik_sozlesmesi", "signed", {"published_on": "2026-03-02"}, None),
        ("iso27001", "valid", {"valid_until": "2028-01-01", "surveillance_on": "2026-12-01"}, date(2026, 12, 1)),
        ("security_test", "done", {"kind": "static", "done_on": "2026-03-02"}, date(2027, 3, 2)),
        ("kep", "open", {"answer_by": "2026-03-09"}, date(2026, 3, 9)),
        ("kep", "answered", {"answer_by": "2026-03-09"}, None),
        ("hizmet_alim_formu", "sent", {"sent_on": "2026-03-02"}, None),
    ],
)
def test_the_clock_of_an_entry_ends_on_the_day_that_its_clause_says(register, state, facts, due):
    assert BOOKS[register].due(state, facts) == due


def test_every_code_has_a_word_for_people():
    codes = {("register", each) for each in BOOKS}
    codes |= {("state", state) for book in BOOKS.values() for state in book.states}
    codes |= {("field", field.name) for book in BOOKS.values() for field in book.fields}
    codes |= {("choice", choice) for book in BOOKS.values() for field in book.fields for choice in field.choices}
    codes |= {("within", each) for each in ("missing", "overdue", "7", "30", "60", "90", "later")}

    assert [(kind, code) for kind, code in codes if called(kind, code, "tr") == code] == []
    assert all(called(kind, code, "en") for kind, code in codes)


def test_what_a_state_wants_and_what_is_ordered_are_fields_of_their_register():
    for book in BOOKS.values():
        days = {field.name for field in book.fields if field.kind in (Kind.DAY, Kind.PAST)}

        assert set(book.in_order) <= days
        assert {state for field in book.fields for state in field.wanted_in} <= set(book.states)
        assert all(field.choices for field in book.fields if field.kind is Kind.CHOICE)
