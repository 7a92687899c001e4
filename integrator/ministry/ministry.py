"""The ministry in memory: parties, ledger, trust, fault plan and personality, and the clock they share."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from cryptography import x509

from integrator.ministry.acceptances import Acceptances
from integrator.ministry.answers import FIRMA_YOK, Answer
from integrator.ministry.clock import Clock
from integrator.ministry.fault_plan import SAVE, FaultPlan
from integrator.ministry.firm.firms import Firms
from integrator.ministry.ledger import Ledger
from integrator.ministry.register import Register
from integrator.ministry.versions import Versions

REFUSED, OLD_SUCCESS = "refused", "old_success"
SERVER, OURS = "server", "ours"
ACCEPTED, DECIDED = "accepted", "decided"
UNCHECKED, REQUIRED = "unchecked", "required"
_FIRMA_YOK = Answer(FIRMA_YOK, "Bu kod ve parola ile aktif firma bulunamadı")


@dataclass(slots=True)
class Ministry:
    """Everything a face needs; the last seven are its personality.

    `repeats`: what is already stored gets 211, or its old answer. `g3_numbers`: an acceptance tells a number of the
    server's or the sender's own. `g1_unsigned`: a single record without signature is refused (210) or accepted.
    `processing_seconds`: how long generation 3 takes to decide; None is for ever. `g3_answers`: what is decided at once
    is answered as accepted, or as decided. `dress`: what its answers look like (`dress`). `hizmet_kaydi`: does
    generation 4 look for an approved served workplace.
    """

    plan: FaultPlan
    clock: Clock = field(default_factory=Clock)
    register: Register = field(default_factory=Register)
    ledger: Ledger = field(default_factory=Ledger)
    acceptances: Acceptances = field(default_factory=Acceptances)
    versions: Versions = field(default_factory=Versions)
    firms: Firms = field(default_factory=Firms)
    anchors: list[x509.Certificate] = field(default_factory=list)
    repeats: str = REFUSED
    g3_numbers: str = SERVER
    g1_unsigned: str = REFUSED
    processing_seconds: float | None = 0.05
    g3_answers: str = ACCEPTED
    dress: str = "metro"
    hizmet_kaydi: str = UNCHECKED

    def __post_init__(self) -> None:
        self.plan.clock = self.clock

    def now(self) -> datetime:
        """The present moment, UTC."""
        return self.clock.now()

    def today(self) -> date:
        """The date in Turkey."""
        return self.clock.today()

    def admits(self, firma_kodu: str, parola: str, peer: str = "") -> bool:
        """Is this pair an active firm's that calls from where it may, at a moment when firms are known at all?"""
        if self.plan.is_in_401_spell() or not self.register.has_active_firma(firma_kodu, parola):
            return False
        return self.firms.admits(firma_kodu, peer, self.today())

    def begin_outage(self) -> None:
        """From now on nothing is served, for the hours of the plan."""
        self.plan.begin_outage(self.now())

    def is_out(self) -> bool:
        """Is nothing served at this moment?"""
        return self.plan.outage is not None and self.plan.is_out(self.now())

    def refused_firma(self, kind: str) -> Answer:
        """401; counted when it was a save."""
        return self.ledger.counted(_FIRMA_YOK) if kind == SAVE else _FIRMA_YOK

    def forget(self) -> None:
        """Lose what happened (ledger, acceptances, counts, arrivals, scripts); keep parties, trust and rates."""
        self.ledger = Ledger(self.ledger.keep)
        self.acceptances = Acceptances(self.acceptances.keep)
        self.plan.forget()

    def keep_for(self, hours: float) -> None:
        """Forget what was stored or decided longer ago than this, on the stub's clock."""
        self.ledger.keep = self.acceptances.keep = timedelta(hours=hours)
