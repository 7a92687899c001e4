"""The gateway: its parts, put together once by wiring and handed to every walk. Holds no state of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from integrator.audit.checkpoint import CheckpointKey
from integrator.audit.trail import LOOKS, Entry, Trail, moved_entry
from integrator.catalogue.catalogue import Catalogue
from integrator.catalogue.definitions import STATUSES
from integrator.deliver.generation import Generation
from integrator.domain.clock import Clock, Jitter
from integrator.domain.errors import Misconfigured
from integrator.domain.identifiers import KurumNo
from integrator.domain.records import Moved, Submitted
from integrator.domain.workplaces import Known
from integrator.metrics import stage
from integrator.parties.calls import note_act
from integrator.parties.known import read_known
from integrator.protect.seal import Sealer, Seals
from integrator.queue.bodies import content_place
from integrator.queue.line import Rules
from integrator.queue.patience import Patience
from integrator.sign.certificates import TrustStore
from integrator.sign.keys import KeyCupboard
from integrator.sign.revocation import Revocation
from integrator.sign.verify import TRIAL, Policy, Signature
from integrator.store.engine import Database, Tx
from integrator.store.keyring import KeyRing

KnownOf = Callable[[Tx, Sealer, KurumNo, Sequence[Submitted], datetime], Known]
"""What one kurum's registers say beside some of its records."""


@dataclass(frozen=True)
class Pace:
    """How much the gateway does at once."""

    group: int = 128  # records in one accepting transaction
    window: int = 128  # messages one worker holds claimed at most; less while the ministry is slow
    concurrency: int = 4  # calls under way
    lease: timedelta = timedelta(minutes=2)
    gather: timedelta = timedelta(milliseconds=30)  # an answer waits this long for company in its transaction


@dataclass(frozen=True)
class Gateway:
    """The parts, put together by wiring. Holds no state of its own: what is true stands in the database."""

    database: Database
    clock: Clock
    jitter: Jitter
    catalogue: Catalogue
    keyring: KeyRing
    cupboard: KeyCupboard
    trust: TrustStore | None
    generation: Generation | None
    metot: str
    trail: Trail
    checkpoint_key: CheckpointKey
    actor: str
    address: str = ""  # the ministry's, as its row is kept under
    pace: Pace = field(default_factory=Pace)
    rules: Rules = field(default_factory=Rules)
    patience: Patience = field(default_factory=Patience)
    policy: Policy = TRIAL
    revocation: Revocation | None = None
    leaving: frozenset[str] = frozenset(STATUSES)  # of definitions whose records may be sent from here
    known_of: KnownOf = read_known  # about the workplaces and people of some records
    needs_form: bool = False  # nothing is sent for a customer before its form was delivered by KEP

    def signature(self, cms: bytes, canonical: bytes, professional: str, now: datetime) -> Signature:
        """A signature under this gateway's policy; `judge` and `require_valid` take it."""
        return Signature(cms, canonical, now, self.trust, professional, self.policy, self.revocation)

    def content(self, kurum: KurumNo, kayit_no: str, stored: bytes | None) -> Seals:
        """What opens and seals all that belongs to a record, by its stored content key; raises Erased, Tampered."""
        return self.keyring.sealer(kurum).content(stored, content_place(kurum, kayit_no))

    def record(self, tx: Tx, entries: Iterable[Entry], now: datetime) -> None:
        """Step 7, in the transaction of whatever happened."""
        several = list(entries)
        with stage("audit"):
            self.trail.append(tx, several, now=now)
        if not LOOKS.issuperset(each.event for each in several):
            note_act(tx)

    def record_moves(self, tx: Tx, moves: Iterable[Moved], now: datetime) -> None:
        """Step 7 for moves of messages."""
        self.record(tx, (moved_entry(move, self.actor) for move in moves), now)

    def ministry(self) -> Generation:
        """The ministry's service; raises Misconfigured when no address is set."""
        if self.generation is None:
            raise Misconfigured("no ministry is set: ministry.address, firma_kodu_file and parola_file are wanted")
        return self.generation
