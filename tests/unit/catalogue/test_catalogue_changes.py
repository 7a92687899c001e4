from datetime import date

import pytest

from integrator.catalogue.catalogue import read_catalogue
from integrator.catalogue.changes import Change, read_changes
from integrator.domain.errors import Misconfigured


def announced(**facts):
    told = {
        "no": "1",
        "kind": "veri_seti",
        "announced": True,
        "published_on": date(2026, 4, 1),
        "effective_from": date(2026, 4, 1),
    }
    return Change(**{**told, "tr": "a", "en": "b", "source": "c", **facts})


@pytest.mark.parametrize(
    ("day", "state", "left"),
    [
        ("2026-04-01", "open", 30), ("2026-04-16", "open", 15), ("2026-04-17", "T-14", 14), ("2026-04-23", "T-14", 8),
        ("2026-04-24", "T-7", 7), ("2026-04-29", "T-7", 2), ("2026-04-30", "T-1", 1), ("2026-05-01", "T-1", 0),
        ("2026-05-02", "overdue", -1),
    ],
)  # fmt: skip
def test_thirty_calendar_days_are_counted_from_publication(day, state, left):
    change, today = announced(), date.fromisoformat(day)

    assert (change.due, change.state(today), change.days_left(today)) == (date(2026, 5, 1), state, left)


def test_what_is_done_has_no_clock_from_the_day_it_was_done():
    change = announced(done_on=date(2026, 4, 10))

    assert change.state(date(2026, 4, 9)) == "open"
    assert (change.state(date(2026, 4, 10)), change.days_left(date(2026, 4, 10))) == ("done", None)


def test_what_nobody_announced_runs_no_clock():
    change = announced(announced=False)

    assert (change.state(date(2030, 1, 1)), change.days_left(date(2030, 1, 1))) == ("seen", None)


ROW = """
[[degisiklik]]
no = "1"
kind = "{kind}"
announced = true
published_on = {published_on}
effective_from = {effective_from}
tr = "a"
en = "b"
source = "c"
"""


def read(tmp_path, *rows, **facts):
    (tmp_path / "r.toml").write_text("".join(rows) or ROW.format(**facts), encoding="utf-8")
    return read_changes(tmp_path / "r.toml")


def test_an_agreement_takes_effect_thirty_days_after_its_notice(tmp_path):
    [row] = read(tmp_path, kind="sozlesme", published_on="2026-01-01", effective_from="2026-01-31")
    assert row.effective_from == row.due

    with pytest.raises(Misconfigured, match="3b-3"):
        read(tmp_path, kind="sozlesme", published_on="2026-01-01", effective_from="2026-01-30")


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": "haber", "published_on": "2026-01-01", "effective_from": "2026-01-31"},
        {"kind": "metot", "published_on": "2026-01-02", "effective_from": "2026-01-01"},
        {"kind": "metot", "published_on": '"soon"', "effective_from": "2026-01-01"},
        {"kind": "metot", "published_on": "2026-01-01T00:00:00", "effective_from": "2026-01-01"},
        {"kind": 'metot"\nyear = "1', "published_on": "2026-01-01", "effective_from": "2026-01-01"},
    ],
)
def test_a_wrong_row_is_told_with_its_file(tmp_path, facts):
    with pytest.raises(Misconfigured, match=r"r\.toml"):
        read(tmp_path, **facts)


def test_a_number_stands_once(tmp_path):
    row = ROW.format(kind="metot", published_on="2026-01-01", effective_from="2026-01-01")

    with pytest.raises(Misconfigured, match="twice"):
        read(tmp_path, row, row)


def test_every_version_but_a_draft_has_its_row_in_the_register():
    versions = {f"{each.veri_seti}/{each.version}" for each in read_catalogue().definitions if each.status != "draft"}

    assert versions == {each.veri_seti for each in read_changes() if each.veri_seti}


def test_the_register_says_what_was_announced_and_is_done_by_now():
    assert [each.no for each in read_changes() if each.state(date(2026, 11, 21)) not in ("done", "seen")] == []
