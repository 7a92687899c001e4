"""The ministry in memory: parties, ledger, trust, fault plan and personality, and the clock they share."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone

from cryptography import x509

from integrator.ministry.fault_plan import FaultPlan
from integrator.ministry.ledger import Ledger
from integrator.ministry.register import Register

TURKEY = timezone(timedelta(hours=3))  # all year round since 2016
REFUSED, OLD_SUCCESS = "refused", "old_success"


@dataclass(slots=True)
class Ministry:
    """Everything a face needs. `repeats`: a number that is already stored gets 211, or its old answer."""

    plan: FaultPlan
    register: Register = field(default_factory=Register)
    ledger: Ledger = field(default_factory=Ledger)
    anchors: list[x509.Certificate] = field(default_factory=list)
    repeats: str = REFUSED

    def now(self) -> datetime:
        """The present moment, UTC."""
        return datetime.now(UTC)

    def today(self) -> date:
        """The date in Turkey."""
        return datetime.now(TURKEY).date()

    def forget(self) -> None:
        """Lose what happened (ledger, counts, arrivals, scripts); keep parties, trust and rates."""
        self.ledger = Ledger()
        self.plan.forget()
