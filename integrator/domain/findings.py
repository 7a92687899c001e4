"""A Finding: one fault in one place of a record, for a person to mend.

`path` is a JSON pointer-like path in the submitted record (``calisan[3]``), `seen` what stood there (an
identity number masked), `wanted` what should stand there, in words a secretary can act on. The sentence in
Turkish and English comes from ``texts.toml``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from integrator.domain.identifiers import holds_tckn, mask_tckn
from integrator.domain.texts import Language, text


class Severity(StrEnum):
    """`error` stops the record, `warning` asks for a second look."""

    ERROR = "error"
    WARNING = "warning"


MAX_SEEN = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: stable code, where, what was seen, what is wanted."""

    code: str
    path: str
    seen: str
    wanted: str
    severity: Severity = Severity.ERROR

    def sentence(self, language: Language) -> str:
        """What is wrong and what to do, in `language`."""
        return text(self.code, language, path=self.path, seen=self.seen, wanted=self.wanted)

    def as_json(self) -> dict[str, str]:
        """The finding as it is printed and answered, both languages in it."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "path": self.path,
            "seen": self.seen,
            "wanted": self.wanted,
            "tr": self.sentence("tr"),
            "en": self.sentence("en"),
        }


def seen(value: object) -> str:
    """What may be shown of an offending value: short, and never a whole identity number."""
    shown = str(value) if value is not None else ""
    if holds_tckn(shown) or (len(shown) == 11 and shown.isdigit()):
        return mask_tckn(shown) if len(shown) == 11 else "***"
    return shown if len(shown) <= MAX_SEEN else shown[:MAX_SEEN] + "..."
