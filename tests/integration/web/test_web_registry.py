"""Pages of the integrator's registers: who may, what is written, and what is told of what is not right."""

import re
import shutil
from dataclasses import replace

import pytest

from integrator import pipeline
from integrator.domain.roles import Role
from integrator.registry import rows
from integrator.store.engine import reading, sqlite_url
from tests.factories import KURUM, WORKER, record, submitted
from tests.integration.web.browsing import browser_of

FINDING = {
    "no": "2026-1",
    "severity": "other",
    "opened_on": "2026-03-01",
    "subject": "Açık kapı: İŞLETME",
    "reason": "rapor",
}
EVIL = "\"><script>alert(1)</script>'; DROP TABLE kurum; -- {{7*7}}"


@pytest.fixture
def database_url(migrated_file, tmp_path):
    """SQLite only: what a page is made of does not hang on the database."""
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


@pytest.fixture
def operator(door, house):
    return browser_of(door, house, Role.OPERATOR)


def kept(gateway, register="finding"):
    with reading(gateway.database) as tx:
        return rows.read_all(tx, register)


def test_an_operator_begins_at_the_registers_and_is_told_what_is_missing(operator):
    assert operator.go("").headers["location"] == "/desk/registry"
    page = operator.go("/registry").text

    assert page.count("hiç kaydedilmemiş") == 4
    assert "deneme (bakanlıkça ilan edilmedi)" in page
    operator.go("/language/en?next=/desk/registry")
    assert operator.go("/registry").text.count("never recorded") == 4


def test_nobody_of_a_customer_sees_a_register(door, house):
    for role in (Role.SECRETARY, Role.PROFESSIONAL, Role.MANAGER, Role.COMPLIANCE, Role.AUDITOR):
        person = browser_of(door, house, role)
        answers = [person.go(f"/registry{each}") for each in ("", "/finding", "/finding/1", "/duyuru", "/duyuru/1")]
        answers.append(person.send("/registry/finding", **FINDING))

        assert {each.status_code for each in answers} == {403}, role
        assert "/desk/registry" not in person.go("/duyuru").text


def test_an_entry_is_written_read_changed_and_named_in_the_list(operator, gateway):
    made = operator.send("/registry/finding", **FINDING)
    assert made.headers["location"] == "/desk/registry/finding/2026-1?saved=1"
    page = operator.go("/registry/finding/2026-1?saved=1").text
    assert all(
        each in page for each in ("Kaydedildi.", "Açık kapı: İŞLETME", "diğer: 30 gün", "30 gün içinde", "rapor")
    )
    seen = re.search(r'name="seen" value="(\w+)"', page)[1]

    told = FINDING | {"state": "closed", "closed_on": "2026-03-02", "evidence": "Rapor 7", "seen": seen}
    operator.send("/registry/finding/2026-1", **told)

    [entry] = kept(gateway)
    assert (entry.state, entry.facts["evidence"], entry.due_on) == ("closed", "Rapor 7", None)
    assert entry.changed_by.startswith("person ")
    assert "2026-1" in operator.go("/registry/finding").text


def test_what_is_not_right_is_told_in_words_with_what_was_typed_and_nothing_is_written(operator, gateway):
    bad = operator.send("/registry/finding", **(FINDING | {"opened_on": "", "state": "closed"}))

    assert bad.status_code == 422
    assert "Hiçbir şey kaydedilmedi" in bad.text
    assert "Bildirildiği gün boş" in bad.text
    assert "Kapanışın kanıtı boş" in bad.text
    assert "Açık kapı: İŞLETME" in bad.text
    assert kept(gateway) == []


BAD = [
    ({"no": EVIL}, 422),
    ({"subject": EVIL}, 303),
    ({"subject": "x" * 1_999}, 422),
    ({"subject": "x" * 9_000}, 400),
    ({"subject": f"kişi {WORKER}"}, 422),
    ({"reason": ""}, 422),
    ({"reason": f"{WORKER}"}, 422),
    ({"no": ""}, 422),
    ({"no": "ŞÇĞ İı/ö"}, 422),
    ({"no": "ŞÇĞ İıö"}, 303),
    ({"severity": "'; --"}, 422),
    ({"state": "<b>"}, 422),
    ({"opened_on": "2026-02-31"}, 422),
]


def test_bad_input_is_escaped_told_or_kept_as_text(operator, gateway):
    written = 0
    for place, (changed, status) in enumerate(BAD):
        answer = operator.send("/registry/finding", **(FINDING | {"no": f"B-{place}"} | changed))
        after = operator.go(answer.headers["location"].removeprefix("/desk")) if status == 303 else answer
        written += status == 303
        assert answer.status_code == status, changed
        assert not any(each in after.text for each in ("<script>alert", "<b>", "'; --", WORKER)), changed

    assert len(kept(gateway)) == written


def test_a_new_entry_is_not_written_over_an_old_one_nor_over_somebody_elses(operator, gateway):
    operator.send("/registry/finding", **FINDING)
    again = operator.send("/registry/finding", **(FINDING | {"subject": "başka"}))
    stale = operator.send("/registry/finding/2026-1", **(FINDING | {"subject": "başka", "seen": "0" * 64}))

    assert (again.status_code, stale.status_code) == (422, 422)
    assert "başkası tarafından yazıldı" in stale.text
    assert [each.facts["subject"] for each in kept(gateway)] == ["Açık kapı: İŞLETME"]


def test_a_form_without_the_token_of_its_session_writes_nothing(operator, gateway):
    operator.go("/registry")

    assert operator.send("/registry/finding", csrf="x" * 64, **FINDING).status_code == 403
    assert kept(gateway) == []


def test_a_browser_may_say_where_our_forms_come_from(operator):
    assert operator.go("/registry").headers["referrer-policy"] == "same-origin"  # of no-referrer Chromium says null


def test_what_is_not_there_is_a_page_that_says_so(operator):
    for path in ("/registry/nothing", "/registry/finding/9", "/registry/duyuru/9", "/registry/finding/%00"):
        answer = operator.go(path)
        assert answer.status_code == 404 and "<html" in answer.text, path


def test_a_customers_form_is_recorded_where_it_is_listed(operator, gateway, app):
    app.state.gateway = replace(gateway, needs_form=True)
    list(pipeline.accept(app.state.gateway, KURUM, submitted(record("K-1"))))
    assert "1 bildirim bu yüzden bekliyor" in operator.go("/registry").text
    page = operator.go("/registry/hizmet_alim_formu")
    assert "form yok" in page.text and f"/desk/registry/hizmet_alim_formu/{KURUM}" in page.text
    operator.go(f"/registry/hizmet_alim_formu/{KURUM}")
    told = {"state": "delivered", "delivered_on": "2026-03-01", "kep_reference": "KEP-4711", "reason": "yazı 12"}

    answer = operator.send(f"/registry/hizmet_alim_formu/{KURUM}", seen="", **told)

    assert answer.status_code == 303
    pipeline.dispatch(app.state.gateway)
    assert len(gateway.ministry().effects) == 1


def test_whoever_works_for_a_customer_sees_their_own_forms_state(door, house, gateway, app):
    app.state.gateway = replace(gateway, needs_form=True)
    [answer] = pipeline.accept(app.state.gateway, KURUM, submitted(record("K-1")))
    person = browser_of(door, house, Role.COMPLIANCE)
    page, morning = person.go("/duyuru").text, person.go("/morning").text

    assert "form yok" in page and "teslim belgesini entegratörünüze iletin" in page
    assert "KEP ile bakanlığa ulaştığı kaydedilmedi" in morning
    cause = re.search(r"/desk/bildirim\?cause=(form_not_delivered-\w+)", morning)[1]
    assert str(answer.sorgu_no[0]) in person.go(f"/bildirim?cause={cause}").text
    assert "KEP ile bakanlığa ulaştığı kaydedilmedi" in person.go(f"/bildirim/{answer.sorgu_no[0]}").text


def test_a_passive_firm_is_told_with_what_still_works(operator, door, house):
    operator.send("/registry/firma/firma", state="passive", since="2026-03-01", reason="yazı", seen="")
    page = operator.go("/registry/firma/firma").text

    assert "pasif" in page and "Durum, kanıt, müşteri çıkışı" in page
    assert operator.go("/registry/firma").headers["location"] == "/desk/registry/firma/firma"


def test_a_closed_firm_answers_a_new_record_with_a_problem_in_both_languages(operator, call):
    operator.send("/registry/firma/firma", state="closed", since="2026-03-01", reason="yazı", seen="")
    answer = call("POST", "/kayit", json=record("K-1"))

    assert (answer.status_code, answer.json()["code"]) == (503, "INT-REG-014")
    assert "pasif" in answer.json()["tr"] and "Retry-After" in answer.headers
    assert call("GET", "/line").json()["state"] == "PASSIVE"


def test_an_announcement_is_put_in_heard_acknowledged_and_its_receipt_shown(operator, door, house):
    told = {"no": "2026/7", "title": "Yeni sürüm <b>", "text": "Birinci satır\nİkinci", "must_acknowledge": "yes"}
    wrong = operator.send("/registry/duyuru", **told)
    right = operator.send("/registry/duyuru", **(told | {"no": "2026-7", "role": "compliance", "iller": ""}))
    assert (wrong.status_code, right.status_code) == (400, 303)
    assert "Yeni sürüm &lt;b&gt;" in wrong.text
    person = browser_of(door, house, Role.COMPLIANCE)
    person.go("/duyuru")
    person.send("/duyuru/2026-7/acknowledge")

    assert "uyum sorumlusu" in operator.go("/registry/duyuru").text
    page = operator.go("/registry/duyuru/2026-7").text
    assert KURUM in page and "Evet" in page and "İkinci" in page


def test_a_target_that_is_none_is_told(operator):
    for changed in (
        {"role": "king"},
        {"iller": "82"},
        {"iller": "٣"},
        {"iller": "x"},
        {"title": ""},
        {"title": WORKER},
    ):
        answer = operator.send("/registry/duyuru", **({"no": "1", "title": "t", "text": "x"} | changed))
        assert answer.status_code == 400 and 'role="alert"' in answer.text, changed
        assert WORKER not in answer.text
