"""What an examination's and a served workplace's message says, in words, read from the bytes that are to be signed.

The form is one expression over the whole text: what it does not name cannot be there, and all it names is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from integrator.domain.errors import Malformed
from integrator.domain.findings import seen
from integrator.domain.texts import Language

Names = Mapping[str, Mapping[str, Mapping[str, str]]]
MAX_NAME = 80

_HEADER = re.escape('<?xml version="1.0" encoding="UTF-8"?>')
_CLASSES = (
    "fizikiOrtamSinifi", "havaSinifi", "gurultuSinifi", "elektrikSinifi", "tozYonetmeligiSinifi",
    "kimyasalMaddeSinifi", "biyolojikEtkenlerSinifi",
)  # fmt: skip
_WAYS = ("calismaPozisyonu", "calismaZamani", "aracKullanimi")
_TESTS = (
    "rontgenYapildiMi", "isitmeTestiYapildiMi", "solunumFonkTestiYapildiMi", "kanTetkikiYapildiMi",
    "idrarTetkikiYapildiMi",
)  # fmt: skip


def _one(name: str) -> str:
    return f"<{name}>(?P<{name}>[0-9.-]+)</{name}>"


def _maybe(name: str) -> str:
    return f"(?:{_one(name)})?"


def _several(name: str) -> str:
    return f"(?P<{name}>(?:<{name}>[0-9]+</{name}>)+)"


def _inside(name: str, *parts: str) -> str:
    return f"<{name}>{''.join(parts)}</{name}>"


_EXAMINATION = re.compile(
    _HEADER
    + _inside(
        "MuayeneDVO",
        _inside(
            "muayeneBildirim",
            _one("isyeriHekimiTcKimlikNo"),
            _one("sgkTescilNo"),
            _inside(
                "calisanMuayeneVerisi",
                *map(_one, ("calisanTcKimlikNo", "raporTuru")),
                _maybe("calisanMeslegi"),
                _inside("calismaOrtami", *map(_several, _CLASSES)),
                _inside("calismaSekli", *map(_one, _WAYS)),
                _several("isEkipmanlari"),
                *map(_one, ("raporTarihi", *_TESTS, "raporSonGecerlilikTarihi", "sonucVeKanaat")),
            ),
        ),
    )
)
_SERVICE = re.compile(
    _HEADER
    + _inside(
        "HizmetVerilenIsyeriDVO",
        _inside(
            "hizmetVerilenIsyeriBildirim",
            *map(_one, ("isgProfTckNo", "sgkTescilNo", "hizmetBaslangicTarihi")),
            _maybe("hizmetBitisTarihi"),
        ),
    )
)


@dataclass(frozen=True, slots=True)
class OtherSummary:
    """One message in facts: `values` by element, several codes parted by spaces. Nothing personal in `repr`."""

    kind: str
    values: Mapping[str, str] = field(repr=False)

    @property
    def professional(self) -> str:
        """Whose signature it must be: the whole identity number."""
        return self.values["isyeriHekimiTcKimlikNo" if self.kind == "muayene" else "isgProfTckNo"]

    def codes(self) -> list[tuple[str, str]]:
        """(element, code) of every code that could have a name."""
        coded = (*_CLASSES, *_WAYS, "isEkipmanlari", "raporTuru", "sonucVeKanaat", "calisanMeslegi")
        return [(name, code) for name in coded for code in self.values.get(name, "").split()]

    def sentence(self, language: Language, names: Names) -> str:
        """Everything the bytes say; identity numbers masked, each code with its name where the gateway gave one."""
        told = {
            name: ", ".join(_named(name, code, names, language) for code in value.split())
            for name, value in self.values.items()
        }
        for name in ("raporTarihi", "raporSonGecerlilikTarihi", "hizmetBaslangicTarihi", "hizmetBitisTarihi"):
            told[name] = self.values.get(name, "-").replace("-", ".")
        told |= {"professional": seen(self.professional), "worker": seen(self.values.get("calisanTcKimlikNo"))}
        told.setdefault("calisanMeslegi", "-")
        told["tests"] = ", ".join(f"{name} {self.values[name]}" for name in _TESTS if name in self.values)
        told["environment"] = "; ".join(told[name] for name in (*_CLASSES, *_WAYS) if name in told)
        return _SENTENCE[self.kind][language].format(**told)


_SENTENCE: Mapping[str, Mapping[Language, str]] = {
    "muayene": {
        "tr": "Muayene bildirimi: {raporTarihi}, işyeri {sgkTescilNo}, çalışan {worker}, meslek {calisanMeslegi}; "
        "rapor türü {raporTuru}, sonuç ve kanaat {sonucVeKanaat}, geçerlilik {raporSonGecerlilikTarihi}; "
        "tetkikler (1 yapıldı): {tests}; ortam ve çalışma şekli: {environment}; ekipman: {isEkipmanlari}. "
        "İmzalayan {professional}.",
        "en": "Examination notification: {raporTarihi}, workplace {sgkTescilNo}, worker {worker}, occupation "
        "{calisanMeslegi}; kind of report {raporTuru}, conclusion {sonucVeKanaat}, valid until "
        "{raporSonGecerlilikTarihi}; tests (1: done): {tests}; environment and way of working: {environment}; "
        "equipment: {isEkipmanlari}. Signer {professional}.",
    },
    "hizmet_verilen_isyeri": {
        "tr": "Hizmet verilen işyeri bildirimi: işyeri {sgkTescilNo}, başlangıç {hizmetBaslangicTarihi}, "
        "bitiş {hizmetBitisTarihi}. İmzalayan {professional}.",
        "en": "Served workplace notification: workplace {sgkTescilNo}, from {hizmetBaslangicTarihi}, "
        "until {hizmetBitisTarihi}. Signer {professional}.",
    },
}


def read_other_summary(content: bytes) -> OtherSummary:
    """The facts of a signed examination or served workplace message (docs/divergences.md 67, 69); raises Malformed."""
    try:
        text = content.decode("ascii")
    except ValueError:
        text = ""
    for kind, form in (("muayene", _EXAMINATION), ("hizmet_verilen_isyeri", _SERVICE)):
        found = form.fullmatch(text)
        if found:
            values = {name: _spaced(value) for name, value in found.groupdict().items() if value is not None}
            return OtherSummary(kind, values)
    raise Malformed("the bytes are no message of a form this program can show: not to be signed")


def _spaced(value: str) -> str:
    """The codes in a run of elements; a plain value as it is."""
    return " ".join(re.findall(r">([0-9]+)<", value)) if value.startswith("<") else value


def _named(element: str, code: str, names: Names, language: Language) -> str:
    name = names.get(element, {}).get(code, {}).get(language, "")
    shown = "".join(sign for sign in name if sign.isprintable())[:MAX_NAME]
    return f"{code} ({shown})" if shown else code
