"""Checkpoints reach a second party, are tried again when it is away, and never overwrite another truth."""

from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from sqlalchemy import select

from integrator import acts
from integrator.audit.checkpoint import write_checkpoint_file
from integrator.audit.trail import Trail
from integrator.domain.errors import Tampered, Unavailable
from integrator.evidence.handing import CommandHolder, FolderHolder, PushHolder, hand_out, stamp_newest
from integrator.settings import CheckpointSettings, Settings, check_settings
from integrator.sign.evidence import Stamp
from integrator.store.engine import open_engine, reading, sqlite_url
from integrator.store.schema import create_schema
from integrator.store.tables import audit_checkpoint
from integrator.wiring import open_holders
from tests.factories import record
from tests.fakes import START


@pytest.fixture
def folder(gateway, tmp_path):
    return FolderHolder(tmp_path / "theirs", gateway.checkpoint_key)


@pytest.fixture
def grow(gateway, accept):
    """Something happens, and a checkpoint is made over it."""
    made = []

    def once():
        made.append(accept(record(f"K-{len(made)}", egitimTarihi=f"2025-10-{10 + len(made)}")))
        return acts.checkpoint(gateway)

    return once


@pytest.fixture
def party():
    """A second party's address: keeps what it is given, or is away for as many times as told."""

    class Party(BaseHTTPRequestHandler):
        kept, away = [], 0

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if Party.away:
                Party.away -= 1
                self.send_error(503)
                return
            Party.kept.append((self.headers["X-Who"], body.decode()))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Party)
    Thread(target=server.serve_forever, daemon=True).start()
    Party.address = f"http://127.0.0.1:{server.server_port}/checkpoints"
    yield Party
    server.shutdown()
    server.server_close()


def test_every_holder_gets_the_newest_checkpoint_once(gateway, grow, folder, party, tmp_path):
    size, note = grow()
    out = tmp_path / "printed"
    holders = [folder, PushHolder(party.address, {"X-Who": "us"}), CommandHolder(f"tee {out}")]
    first, again = hand_out(gateway, holders), hand_out(gateway, holders)

    assert [(each.size, each.told) for each in first] == [(size, "")] * 3 == [(each.size, each.told) for each in again]
    assert [path.read_text() for path in folder.folder.iterdir()] == [note]
    assert party.kept == [("us", note)]
    assert out.read_text() == note


def test_a_mail_has_a_head_and_the_note_as_its_body(gateway, grow, tmp_path):
    size, note = grow()
    out = tmp_path / "mail"
    hand_out(gateway, [CommandHolder(f"tee {out}", "denetci@example.com")])

    head, _, body = out.read_text().partition("\n\n")
    assert head.startswith(f"To: denetci@example.com\nSubject: checkpoint {size}\n")
    assert body == note


def test_one_that_is_away_is_tried_again_with_growing_gaps_and_then_has_the_newest(gateway, grow, party, clock):
    grow()
    party.away = 2
    holder = PushHolder(party.address, {})
    assert hand_out(gateway, [holder])[0].failures == 1
    assert hand_out(gateway, [holder])[0].failures == 1  # not due yet: nobody is asked
    clock.advance(minutes=2)
    assert hand_out(gateway, [holder])[0].failures == 2
    size, note = grow()
    clock.advance(hours=1)
    [handed] = hand_out(gateway, [holder])

    assert (handed.size, handed.failures, handed.told) == (size, 0, "")
    assert [told for _, told in party.kept] == [note]


@pytest.mark.parametrize("command", ["false", "no-such-program", "sh -c 'exit 3'", "'"])
def test_a_command_that_fails_is_told_and_tried_again(gateway, grow, command):
    grow()

    [handed] = hand_out(gateway, [CommandHolder(command)])
    assert (handed.size, handed.failures) == (0, 1)
    assert handed.told.startswith("command: ")


@pytest.fixture
def twin(gateway, tmp_path):
    """A second gateway that signs another log with the same key."""
    database = open_engine(sqlite_url(tmp_path / "twin.sqlite3"))
    create_schema(database, gateway_name="test", sorgu_no_start=90_000_000_001)
    yield replace(gateway, database=database, trail=Trail())
    database.dispose()


def test_two_gateways_with_one_log_key_are_told_apart_and_nothing_is_overwritten(gateway, twin, grow, folder):
    from integrator import pipeline
    from integrator.store.keyring import KeyRing
    from tests.conftest import MASTER
    from tests.factories import KURUM, submitted

    hand_out(gateway, [folder]) or grow()
    hand_out(gateway, [folder])
    before = {path.name: path.read_bytes() for path in folder.folder.iterdir()}
    twin = replace(twin, keyring=KeyRing(twin.database, MASTER))
    list(pipeline.accept(twin, KURUM, submitted(record("T-1"), record("T-2", egitimTarihi="2025-11-01"))))
    acts.checkpoint(twin)
    [told] = hand_out(twin, [folder])

    assert "another log has this key" in told.told
    assert {path.name: path.read_bytes() for path in folder.folder.iterdir()} == before


def test_an_older_copy_that_was_put_back_is_told_by_the_folder(gateway, grow, folder, another_worker, tmp_path):
    import shutil

    grow()
    gateway.database.dispose()
    old = tmp_path / "old.sqlite3"
    shutil.copyfile(gateway.database.url.database, old)
    grow()
    hand_out(gateway, [folder])
    restored = replace(gateway, database=open_engine(sqlite_url(old)), trail=Trail())
    [told] = hand_out(restored, [folder])
    restored.database.dispose()

    assert "an older copy of this one was put back" in told.told


def test_a_checkpoint_file_that_says_something_else_is_never_overwritten(gateway, grow, tmp_path):
    size, note = grow()
    path = write_checkpoint_file(tmp_path / "checkpoints", size, note)
    write_checkpoint_file(tmp_path / "checkpoints", size, note)  # the same again is no fork
    other = gateway.checkpoint_key.sign(size, bytes(32))

    with pytest.raises(Tampered, match="nothing was overwritten"):
        write_checkpoint_file(tmp_path / "checkpoints", size, other)
    assert path.read_text() == note


def test_a_checkpoint_is_due_by_time_or_by_number_of_entries_and_never_without_news(gateway, grow, accept, clock):
    def due(entries=1000):
        return acts.checkpoint_is_due(gateway, every=timedelta(minutes=1), entries=entries)

    assert not due()
    grow()
    assert not due()
    accept(record("K-new", egitimTarihi="2025-11-11"))
    assert (due(), due(entries=2)) == (False, True)
    clock.advance(minutes=1)
    assert due()


class Authority:
    """Stamps, or is away."""

    def __init__(self):
        self.asked = []
        self.is_away = False

    def stamp(self, content):
        self.asked.append(content)
        if self.is_away:
            raise Unavailable("time-stamp authority: silent")
        return Stamp(b"token", START, "1.2.3")


def test_the_newest_checkpoint_is_stamped_once_and_an_outage_leaves_it_for_later(gateway, grow):
    _, note = grow()
    authority = Authority()
    authority.is_away = True
    with pytest.raises(Unavailable):
        stamp_newest(gateway, authority)
    authority.is_away = False

    assert [stamp_newest(gateway, authority), stamp_newest(gateway, authority)] == [True, False]
    assert authority.asked == [note.encode()] * 2
    with reading(gateway.database) as tx:
        assert tx.execute(select(audit_checkpoint.c.token)).scalar_one() == b"token"


def test_settings_name_the_holders_and_half_of_them_is_refused(tmp_path, gateway):
    def problems(**changes):
        return check_settings(Settings(tmp_path, checkpoint=CheckpointSettings(**changes)))

    assert problems(mail_to="a@example.com") == [
        "checkpoint.mail_to: checkpoint.command is wanted beside it, such as `sendmail -t`"
    ]
    assert len(problems(push_address="ftp://x", stamp=True)) == 2
    assert problems(mail_to="a@example.com\nBcc: b@example.com", command="sendmail -t") == [
        "checkpoint.mail_to: one line is wanted"
    ]
    assert open_holders(Settings(tmp_path)) == []
