"""Days against today and against one another."""

from __future__ import annotations

from collections.abc import Iterator

from integrator.catalogue.regulation import examination_period, night_period, years_later
from integrator.domain.findings import Finding, Severity
from integrator.validate.context import Context, rule


@rule(cites="contract 8.1: only finished trainings are sent", only=("egitim", "muayene", "tehlike_kaynagi"))
def event_is_not_in_the_future(context: Context) -> Iterator[Finding]:
    """The event is not later than today."""
    day = context.event_date
    if day and day > context.today:
        yield Finding("INT-VAL-030", context.definition.event_date, day.isoformat(), f"<= {context.today.isoformat()}")


@rule(cites="domain 3.4, INT-3.4b: validity at most the class's period after the examination", only=("muayene",))
def report_is_not_valid_for_too_long(context: Context) -> Iterator[Finding]:
    """The report ends after it began, and within the period of the hazard class; shorter is the physician's right."""
    began, ends = context.event_date, context.values.get("raporSonGecerlilikTarihi")
    if began is None or ends is None:
        return
    if ends < began:
        yield Finding("INT-VAL-033", "raporSonGecerlilikTarihi", ends.isoformat(), f">= {began.isoformat()}")
    latest = years_later(began, examination_period(context.isyeri.tehlike_sinifi))
    if ends > latest:
        yield Finding("INT-VAL-034", "raporSonGecerlilikTarihi", ends.isoformat(), f"<= {latest.isoformat()}")


@rule(cites="domain 3.4: 4857 m.69, who works at night is examined at least every two years", only=("muayene",))
def night_work_is_examined_every_two_years(context: Context) -> Iterator[Finding]:
    """A report about night work ends within two years, where the hazard class would allow more."""
    began, ends = context.event_date, context.values.get("raporSonGecerlilikTarihi")
    years = night_period(context.values.get("calismaZamani", ""))
    if began is None or ends is None or years is None:
        return
    latest = years_later(began, years)
    if latest < ends <= years_later(began, examination_period(context.isyeri.tehlike_sinifi)):
        path = "raporSonGecerlilikTarihi"
        yield Finding("INT-VAL-058", path, ends.isoformat(), f"<= {latest.isoformat()}", Severity.WARNING)


@rule(cites="contract 8.3: a service ends after it began", only=("hizmet_verilen_isyeri",))
def service_does_not_end_before_it_begins(context: Context) -> Iterator[Finding]:
    """The last day is not before the first."""
    began, ends = context.event_date, context.values.get("hizmetBitisTarihi")
    if began and ends and ends < began:
        yield Finding("INT-VAL-039", "hizmetBitisTarihi", ends.isoformat(), f">= {began.isoformat()}")
