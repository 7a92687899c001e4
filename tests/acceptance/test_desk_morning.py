"""A compliance officer's morning, in a real browser: five causes are five rows, and what each row says solves it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from tests.acceptance.conftest import wait_until
from tests.acceptance.planted import (
    CAUSES,
    E_BILDIRGE,
    STOPPED,
    UNKNOWN_CODE,
    Planted,
)
from tests.acceptance.test_api import Served
from tests.browser import Person, Screens, open_browser, require_chromium
from tests.desk_browser import DeskReader, follow, read_causes, release_first
from tests.sizes import size

RECORDS = size("MORNING_RECORDS", 240, 10_000, "records on the desk")
LOGIN = "uyum@osgb.test"
UNSETTLED = ("queued", "sending", "uncertain", "pending")


def settled(ibys):
    states = ibys.json("status")["states"]
    return not any(states.get(each) for each in UNSETTLED)


@pytest.fixture
def night(ibys, trial_with, tmp_path):
    """What happened since yesterday: everything handed over and sent, five causes met. Ends the worker, too."""
    require_chromium()
    trial, ministry = trial_with(ibys.home, records=RECORDS, seed=5, faults="none")
    today = (datetime.now(UTC) + timedelta(hours=3)).date().isoformat()
    planted = Planted(trial.town, today, RECORDS)
    ministry.control("PUT", "/parties", planted.at_ministry())
    planted.write_contracts(tmp_path / "contracts.xlsx")
    planted.write_records(tmp_path / "records.ndjson")
    planted.write_last(tmp_path / "last.ndjson")
    ibys.json("codes", "refresh")
    ibys.json("parties", "import", str(tmp_path / "contracts.xlsx"), "--kind", "contracts")
    taken = ibys.json("submit", str(tmp_path / "records.ndjson"))
    assert taken.get("accepted") == RECORDS - STOPPED, taken
    numbers = [each["sorgu_no"][0] for each in taken["records"]]
    script = [
        {"fault": "unknown_code_after_storing", "operation": "save", "sorgu_no": each}
        for each in numbers[-UNKNOWN_CODE:]
    ]
    ministry.control("PUT", "/faults", {"scripts": script})
    worker = ibys.start("worker")
    wait_until(lambda: settled(ibys), 600)
    ibys.run("quarantine", "--form", *form_of(ibys, numbers[0]), "--reason", "yeni sürüm deneniyor")
    assert ibys.json("submit", str(tmp_path / "last.ndjson"))["accepted"] == STOPPED
    wait_until(lambda: settled(ibys))
    yield ibys, ministry
    assert ibys.stop(worker) == 0


def form_of(ibys, number):
    told = ibys.json("status", str(number))
    return told["veri_seti"], told["version"], told["metot"]


@pytest.fixture
def desk(night, tmp_path):
    ibys, _ = night
    ibys.environment["IBYS_PEOPLE_SECURE_COOKIES"] = "false"  # the loopback has no TLS
    served = Served(ibys)
    yield served
    assert served.stop() == 0


def mend(browser, screens, site, row):
    """What the row names is done by whom it names, and nothing else."""
    for number, (party, steps) in enumerate(row.ways):
        name = row.professional if party == "Profesyonel" else E_BILDIRGE
        person = Person(browser, screens, site, name, f"isgkatip-{number + 1}")
        follow(person, steps, row.sgk)
        person.page.context.close()


def by_the_integrator(ibys, ministry, row):
    """What no page of the desk does: the operator lifts a stop, and asks the ministry what a code means."""
    if "durdurdu" in row.happened:
        form = form_of(ibys, ibys.json("causes")["causes"][0]["examples"][0])
        ibys.run("quarantine", "--form", *form, "--lift", "--reason", "yeni sürüm denendi")
    else:
        assert ministry.control("GET", "/ledger/summary")["faults"] == {"unknown_code_after_storing": UNKNOWN_CODE}


@pytest.mark.acceptance
@pytest.mark.timeout(1_800)
def test_each_of_five_causes_is_solved_by_what_its_row_says(night, desk):
    ibys, ministry = night
    screens, site = Screens("desk"), ministry.greeting["isg_katip"]
    code = ibys.json("person", "make", LOGIN, "--role", "compliance")["setup_code"]

    with open_browser() as browser:
        officer = DeskReader(browser, screens, desk.address)
        officer.come_in(LOGIN, code)
        page = officer.page
        officer.keep_everywhere("sabah")
        rows = read_causes(page)
        assert [each.count for each in rows] == sorted(CAUSES, reverse=True)
        assert officer.figure("Kabul edilen") == RECORDS - sum(CAUSES)
        assert officer.figure("Birini bekleyen") == sum(CAUSES)

        for done, row in enumerate(rows, start=1):
            mend(browser, screens, site, row) if row.ways else by_the_integrator(ibys, ministry, row)
            if row.has_button:
                release_first(page, row.happened, row.sgk, "düzeltildi")
                assert f"{row.count} bildirim" in page.get_by_role("status").inner_text()
            before = RECORDS - sum(CAUSES) + sum(each.count for each in rows[:done])
            wait_until(lambda: accepted(officer) == before)  # noqa: B023 - called before the loop goes on
            assert [each.count for each in read_causes(page)] == [each.count for each in rows[done:]]
        officer.keep_everywhere("bitti")

    told = ministry.control("GET", "/ledger/summary")
    assert (told["effects"], told["duplicate_pairs"], told["numbers_with_two_effects"]) == (RECORDS, 0, 0)
    assert ibys.json("status")["states"] == {"accepted": RECORDS}
    hosts = {urlsplit(desk.address).netloc, urlsplit(site).netloc}
    assert (screens.complaints, screens.hosts) == ([], hosts)


def accepted(officer):
    """The count on the page, looked at again as a person would."""
    time.sleep(0.5)
    officer.page.goto(f"{officer.address}/desk/morning")
    return officer.figure("Kabul edilen")
