"""A Finding: one fault in one place of a record, for a person to mend.

`path` is a JSON pointer-like path in the submitted record (``calisan[3]``), `seen` what stood there (an
identity number masked), `wanted` what should stand there, in words a secretary can act on. The sentence in
Turkish and English comes from ``texts.toml``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from integrator.domain.identifiers import holds_tckn
from integrator.domain.texts import Language, text


class Severity(StrEnum):
    """`error` stops the record, `warning` asks for a second look, `info` only tells."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


MAX_SEEN = 60
PERSONAL_DIGITS = 9
LONGEST_PERSONAL = 16


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
    """What may be shown of an offending value: short, printable, and never a whole identity number.

    Anything with nine digits or more, of whatever script, is treated as one: faulty numbers are personal too.
    """
    shown = _printable(value)
    if sum(sign.isdigit() for sign in shown) >= PERSONAL_DIGITS:
        return shown[:2] + "*" * min(len(shown) - 4, 20) + shown[-2:]
    return shown if len(shown) <= MAX_SEEN else shown[:MAX_SEEN] + "..."


def seen_number(value: object) -> str:
    """The same for a workplace number, which is public and longer than any person's."""
    shown = _printable(value)
    public = len(shown) > LONGEST_PERSONAL and not holds_tckn(shown)
    return shown[:MAX_SEEN] if public else seen(shown)


def _printable(value: object) -> str:
    shown = "" if value is None else str(value)[: 4 * MAX_SEEN]
    shown = shown.encode("utf-8", "backslashreplace").decode("utf-8")
    if shown.isprintable():
        return shown
    # a control character would move a terminal's cursor, and no workbook may hold it; a person sees its number
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in shown)
