import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from integrator import acts, lookups, wiring
from integrator.audit.trail import EVENTS
from integrator.catalogue.catalogue import read_catalogue
from integrator.domain.errors import Misconfigured
from integrator.domain.parties import Isyeri
from integrator.evidence_job import pay_debt
from integrator.hands import lift_form, quarantine_form
from integrator.looks import OPEN, PACK, looking
from integrator.noticing import in_use, notice
from integrator.pipeline import dispatch, inquire
from integrator.protect.files import write_secret
from integrator.queue.backoff import Backoff
from integrator.queue.line import Rules
from integrator.settings import GatewaySettings, LogSettings, MinistrySettings, Settings
from integrator.sign.evidence import Stamp
from integrator.sign.keys import KeyCupboard
from integrator.store.engine import reading
from integrator.store.keyring import KeyRing
from integrator.store.tables import audit_entry
from tests.conftest import MASTER
from tests.factories import FORM, KURUM, SGK, record, submitted
from tests.fakes import START, FakeMinistry

WHY = {"reason": "deneme", "by": "ayse"}
TOUCHY = Rules(breaker=Backoff(timedelta(seconds=1), timedelta(seconds=1), 1))
NAMES = ("lives", "hands", "line", "looks", "party", "settings", "lists")


class Register(FakeMinistry):
    """A ministry that also knows workplaces."""

    def look_up_workplace(self, sgk_tescil_no):
        return Isyeri(sgk_tescil_no, "41.00.01", "Çok Tehlikeli", 12)


class Authority:
    """Stamps whatever it is given; nobody looks at the token here."""

    def stamp(self, signature):
        return Stamp(b"\x30\x00", START, "1.2.3")


@pytest.fixture
def ministry():
    return Register()


def lives(gateway, accept, clock):
    """Accepted, sent, lost, asked about, stamped."""
    made = wiring._record_key(gateway.trail, "test:1")
    noted = replace(gateway, keyring=KeyRing(gateway.database, MASTER, made=made))
    accept(record("K-1"), noted)
    gateway.ministry().faults.append("lost_reply")
    dispatch(gateway)
    gateway.ministry().ask_faults.append("timeout")
    for _ in range(2):
        clock.advance(hours=1)
        inquire(gateway)
    pay_debt(gateway, Authority(), complete_after=timedelta(hours=1))


def hands(gateway, accept, clock):
    """What people do to messages."""
    number = accept(record("K-2"))[0]
    gateway.ministry().faults.append("busy")
    dispatch(gateway)
    acts.retry(gateway, KURUM, number, **WHY)
    dispatch(gateway)
    refused = accept(record("K-3", egitimYer=0))[0]
    gateway.ministry().faults.append("210")
    dispatch(gateway)
    acts.correct(gateway, KURUM, refused, submitted(record("K-4", egitimTarihi="2025-10-24"))[0], **WHY)
    quarantine_form(gateway, FORM, **WHY)
    lift_form(gateway, FORM, **WHY)
    dispatch(gateway)


def line(gateway, accept, clock):
    """The line stops, goes on, breaks and mends."""
    acts.stop_line(gateway, **WHY)
    acts.resume_line(gateway, **WHY)
    accept(record("K-5", egitimTarihi="2025-10-25"))
    gateway.ministry().faults.append("connect")
    touchy = replace(gateway, rules=TOUCHY)
    dispatch(touchy)
    clock.advance(hours=2)
    dispatch(touchy)


def looks(gateway, accept, clock):
    """Content is written out, shown and packed, and each of it fails once."""
    number = accept(record("K-6"), replace(gateway, cupboard=KeyCupboard([])))[0]
    arounds = [lambda: acts.exporting(gateway, KURUM, [number], by="ayse")]
    arounds += [lambda events=events: looking(gateway, KURUM, events, [number], by="ayse") for events in (OPEN, PACK)]
    for around in arounds:
        with around():
            pass
        with pytest.raises(OSError, match="disk"), around():
            raise OSError("disk")


def party(gateway, accept, clock):
    """A workplace is looked up."""
    lookups.look_up(gateway, KURUM, Isyeri(SGK))


def settings(gateway, accept, clock):
    """Settings, keys and versions are first seen."""
    seen = {"settings": {"log.level": "1"}, "keys": {"ministry.parola_file": "2"}, "versions": {"program": "3"}}
    notice(gateway.database, gateway.trail, gateway.actor, seen, now=clock.now())


def lists(gateway, accept, clock):
    """A code list is fetched."""
    acts.refresh_codes(gateway)


def test_every_act_writes_the_entry_that_is_listed_for_it(gateway, accept, clock, entries):
    for name in NAMES:
        globals()[name](gateway, accept, clock)
    written = {each["event"] for each in entries()}

    born_with_the_home = {"gateway.created", "schema.migrated"}
    assert EVENTS - written == born_with_the_home | set(ELSEWHERE)
    assert written <= EVENTS


_KEEPING = (
    "api_key.made", "api_key.rotated", "api_key.revoked", "party.changed", "data_key.replaced", "data_key.retired",
    "master_key.replaced", "backup.made", "gateway.restored", "gateway.opened", "retention.told", "hold.placed",
    "hold.lifted", "content.erased", "content.erased_again", "pack.sealed",
)  # fmt: skip
_PEOPLE = (
    "person.made", "person.set_up", "person.entered", "person.totp_taken", "person.codes_renewed", "person.locked",
    "person.rehashed", "person.totp_begun", "person.code_used",
    "person.password_changed", "person.unlocked", "person.reset", "person.role_changed",
)  # fmt: skip
ELSEWHERE = {
    "limits.changed": "web/test_web_limits.py",
    "party.imported": "pipeline/test_pipeline_parties.py",
    **dict.fromkeys(("glass.broken", "glass.looked", "glass.ended"), "web/test_web_glass.py"),
    "person.linked": "web/test_web_oidc.py",
    **dict.fromkeys(_PEOPLE, "web/test_web_sessions.py"),
    "announcement.made": "web/test_web_announcements.py",
    "announcement.shown": "web/test_web_announcements.py",
    "announcement.acknowledged": "web/test_web_announcements.py",
    **{
        f"webhook.{each}": "webhooks/test_hands.py"
        for each in ("made", "changed", "rotated", "disabled", "enabled", "replayed", "deleted")
    },
    "registry.recorded": "registry/test_registry_recording.py",
    "content.withheld": "desk/test_desk_timeline.py",
    "rows.bound": "evidence/test_evidence_fsck.py",
    **dict.fromkeys(("usage.issued", "usage.revoked"), "paper/test_usage.py"),
    "log_key.replaced": "keeping/test_log_key.py",
    "gateway.claimed": "wiring/test_wiring_claim.py",
    **dict.fromkeys(_KEEPING, "evidence/test_evidence_keeping.py"),
}
"""Acts whose entries the tests of their own capability see in the log; the test below looks that they name them."""


@pytest.mark.parametrize(("event", "file"), ELSEWHERE.items())
def test_an_act_that_is_tried_elsewhere_is_named_there(event, file):
    assert event in (Path(__file__).parents[1] / file).read_text()


def test_every_attempt_has_an_intent_and_an_outcome_with_commitments_to_what_went_and_came(
    gateway, accept, clock, ministry, entries
):
    number = accept(record())[0]
    ministry.faults.append("lost_reply")
    dispatch(gateway)
    clock.advance(hours=1)
    inquire(gateway)
    mine = [each for each in entries() if each.get("sorgu_no") == number and "deneme_no" in each]

    assert [(each["deneme_no"], each["event"], each.get("outcome")) for each in mine] == [
        (1, "bildirim.moved", None), (1, "bildirim.moved", "uncertain"),
        (2, "bildirim.asking", None), (2, "bildirim.moved", "accepted"),
    ]  # fmt: skip
    assert ["request" in each for each in mine] == [False, True, False, True]
    assert ["reply" in each for each in mine] == [False, False, False, True]


@pytest.fixture
def home(tmp_path):
    made = Settings(home=tmp_path / "home", gateway=GatewaySettings(name="gw"))
    wiring.create_home(made)
    return made


def told(settings):
    gateway = wiring.open_gateway(settings, sending=False)
    with reading(gateway.database) as tx:
        leaves = [json.loads(leaf) for leaf in tx.execute(select(audit_entry.c.leaf)).scalars()]
    gateway.database.dispose()
    return [(each["event"], each["names"]) for each in leaves if "names" in each and "first" not in each]


def test_a_changed_setting_is_written_down_once_by_name_and_without_its_value(home):
    changed = replace(home, log=LogSettings("DEBUG"), ministry=MinistrySettings(concurrency=7))

    assert told(home) == []
    assert told(changed) == told(changed) == [("settings.changed", ["log.level", "ministry.concurrency"])]
    assert b"DEBUG" not in (home.home / wiring.DATABASE_FILE).read_bytes()


def test_a_key_that_was_put_in_its_file_or_replaced_is_written_down_and_its_value_is_not(home):
    parola = home.path(home.ministry.parola_file)
    parola.write_text("kirmizi-balik")
    told(home)
    parola.write_text("mavi-balik")

    assert told(home) == [("keys.changed", ["ministry.parola_file"])] * 2
    assert b"balik" not in (home.home / wiring.DATABASE_FILE).read_bytes()


def test_a_version_that_came_or_went_is_written_down():
    catalogue = read_catalogue()
    settings = Settings(home=None)  # type: ignore[arg-type]  # nothing is read from it here
    settings = replace(settings, keys=replace(settings.keys, master_key_file="", checkpoint_key_file=""))
    settings = replace(settings, ministry=replace(settings.ministry, firma_kodu_file="", parola_file=""))

    names = in_use(settings, catalogue, key=b"k")["versions"]
    assert {"program", "egitim/2018-10"} <= names.keys()


def test_another_gateways_log_key_is_refused_and_nothing_is_written(home, tmp_path):
    other = replace(home, home=tmp_path / "other")
    wiring.create_home(other)
    stolen = other.path(other.keys.checkpoint_key_file)
    stolen.unlink()
    write_secret(stolen, home.path(home.keys.checkpoint_key_file).read_bytes())
    before = (other.home / wiring.DATABASE_FILE).read_bytes()

    with pytest.raises(Misconfigured, match="one log has one key"):
        wiring.open_gateway(other, sending=False)
    assert (other.home / wiring.DATABASE_FILE).read_bytes() == before
