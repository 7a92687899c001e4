"""What a message says, in words, read from the very bytes that are to be signed.

Whoever signs must see what is signed, so nothing may hide: bytes that do not follow the form to the last sign are
not summed up and therefore not signed. The names of codes come from the gateway; the codes themselves are always shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from integrator.agent.other_sets import OtherSummary, read_other_summary
from integrator.domain.errors import Malformed
from integrator.domain.findings import seen
from integrator.domain.texts import Language

MAX_CONTENT_BYTES = 65_536
MAX_NAME = 80

_FRAME = re.compile(
    r'<\?xml version="1\.0" encoding="UTF-8"\?><EgitimDVO><egitimBildirim>(.*)</egitimBildirim></EgitimDVO>'
)
_TRAINING = re.compile(rb"[^>]*>\s*<EgitimDVO>")
_LEAF = re.compile(r"<([A-Za-z]+)>([0-9.-]+)</\1>")
_LIST = re.compile(r"</?(?:calisan|egitim)>")
_ONCE = ("belgeTipi", "isgProfTckNo", "egitimTarihi", "egitimYer", "egitimTur", "sgkTescilNo", "egiticiTckNo")
_REPEATED = ("calisanTckNo", "egitimKoduId", "egitimSuresi")
NAMED = ("belgeTipi", "egitimYer", "egitimTur", "egitimKoduId")

Names = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Element -> code -> {"tr": name, "en": name}, as the gateway's code lists have them."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One message in facts. Identity numbers stay out of `repr` and are masked in every sentence."""

    values: Mapping[str, str] = field(repr=False)
    workers: int
    trainings: tuple[tuple[str, str], ...]

    @property
    def professional(self) -> str:
        """Whose signature it must be: the whole identity number."""
        return self.values["isgProfTckNo"]

    def codes(self) -> list[tuple[str, str]]:
        """(element, code) of every code that could have a name."""
        return [*((name, self.values[name]) for name in NAMED[:3]), *((NAMED[3], code) for code, _ in self.trainings)]

    def sentence(self, language: Language, names: Names) -> str:
        """What, when, where, how many workers, which trainings, by whom."""
        words = _SENTENCE[language]
        told = {name: _named(name, self.values[name], names, language) for name in NAMED[:3]}
        trainings = [
            words["training"].format(code=_named("egitimKoduId", code, names, language), minutes=minutes)
            for code, minutes in self.trainings
        ]
        return words["all"].format(
            **told,
            day=self.values["egitimTarihi"].replace("-", "."),
            workplace=self.values["sgkTescilNo"],
            workers=self.workers,
            trainings=", ".join(trainings),
            professional=seen(self.professional),
            trainer=seen(self.values["egiticiTckNo"]),
        )


_SENTENCE: Mapping[Language, Mapping[str, str]] = {
    "tr": {
        "all": "Eğitim bildirimi: {day}, işyeri {workplace}, yer {egitimYer}, tür {egitimTur}; "
        "çalışan sayısı {workers}; eğitim kodları: {trainings}. "
        "İmzalayan {professional}, belge tipi {belgeTipi}; eğitici {trainer}.",
        "training": "{code} {minutes} dk",
    },
    "en": {
        "all": "Training notification: {day}, workplace {workplace}, place {egitimYer}, mode {egitimTur}; "
        "workers {workers}; training codes: {trainings}. "
        "Signer {professional}, certificate type {belgeTipi}; trainer {trainer}.",
        "training": "{code} {minutes} min",
    },
}


def read_any_summary(content: bytes) -> Summary | OtherSummary:
    """The facts of one signed message of whatever veri seti this program can show; raises Malformed."""
    if len(content) <= MAX_CONTENT_BYTES and not _TRAINING.match(content):
        return read_other_summary(content)
    return read_summary(content)


def read_summary(content: bytes) -> Summary:
    """The facts of one signed training message (contract 4.4, single and list form); raises Malformed."""
    leaves = _leaves(content)
    found: dict[str, list[str]] = {}
    for name, value in leaves:
        found.setdefault(name, []).append(value)
    strange = set(found) - {*_ONCE, *_REPEATED}
    if strange or any(len(found.get(name, ())) != 1 for name in _ONCE):
        raise Malformed("the bytes hold elements a training message does not have, or lack some: not to be signed")
    codes, minutes = found.get("egitimKoduId", []), found.get("egitimSuresi", [])
    if not codes or len(codes) != len(minutes) or "calisanTckNo" not in found:
        raise Malformed("the bytes name no worker, or trainings without duration: not to be signed")
    once = {name: found[name][0] for name in _ONCE}
    return Summary(once, len(found["calisanTckNo"]), tuple(zip(codes, minutes, strict=True)))


def _leaves(content: bytes) -> list[tuple[str, str]]:
    """(element, text) in order; nothing may stand between them."""
    try:
        frame = _FRAME.fullmatch(content.decode("ascii")) if len(content) <= MAX_CONTENT_BYTES else None
    except ValueError:
        frame = None
    flat = _LIST.sub("", frame[1]) if frame else ""
    leaves = list(_LEAF.finditer(flat))
    if not leaves or sum(len(leaf[0]) for leaf in leaves) != len(flat):
        raise Malformed("the bytes are no training message of a form this program can show: not to be signed")
    return [(leaf[1], leaf[2]) for leaf in leaves]


def _named(element: str, code: str, names: Names, language: Language) -> str:
    """The code, and its name behind it where the gateway gave one."""
    name = names.get(element, {}).get(code, {}).get(language, "")
    shown = "".join(sign for sign in name if sign.isprintable())[:MAX_NAME]
    return f"{code} ({shown})" if shown else code
