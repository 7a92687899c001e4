"""Code 214 explained: where our signed bytes and the ministry's XML part, and why.

1. Find the XML in the ministry's words (`echoed.py`). 2. Find the first byte that differs and the element it lies in.
3. Mend every difference that has a name (`blend.py`): when the texts are equal then, the causes are certain.
4. Look for fewer: one cause alone, then two together. 5. Show both sides around the place, numbers of people masked.
Never raises for any bytes; the work is bounded by the size of the input and a budget.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from integrator.domain.findings import MAX_SEEN, PERSONAL_DIGITS
from integrator.domain.outcomes import Outcome
from integrator.domain.states import State
from integrator.domain.texts import Language, text
from integrator.receipt.blend import Blend, Met, Pair, pair_of
from integrator.receipt.echoed import xml_in
from integrator.receipt.markup import OUTSIDE_BEFORE, Page, path_at, read_page
from integrator.receipt.values import Cause

CODE = "214"
BUDGET = 100_000  # characters written while looking for a smaller set of causes
SHOWN_AT_MOST = 6
_BEFORE, _AFTER, _AROUND = 24, 40, 300
_LONGEST_PATH = 200


@dataclass(frozen=True, slots=True)
class Named:
    """One cause, where it was met first and what stood there on both sides, fit to be shown."""

    cause: Cause
    element: str
    ours: str
    theirs: str

    def sentence(self, language: Language) -> str:
        """What differs and what to do."""
        return text(self.cause.value, language, path=self.element or "-", seen=self.ours, wanted=self.theirs)

    def as_json(self) -> dict[str, str]:
        """Both languages in it."""
        return {
            "code": self.cause.value,
            "cause": self.cause.word,
            "element": self.element,
            "ours": self.ours,
            "theirs": self.theirs,
            "tr": self.sentence("tr"),
            "en": self.sentence("en"),
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the ministry's XML is not ours. `certain`: with these causes mended the two are equal byte for byte.

    `ours` and `theirs` are excerpts, masked; `column` is where in them byte `offset` stands.
    """

    causes: tuple[Named, ...]
    certain: bool
    offset: int | None = None
    element: str = ""
    ours: str = field(default="", repr=False)
    theirs: str = field(default="", repr=False)
    column: int = 0

    @property
    def equal(self) -> bool:
        """Whether no byte differs."""
        return self.causes[0].cause is Cause.SIGNATURE

    @property
    def codes(self) -> str:
        """The codes of the causes, for the log and the audit entry: nothing personal."""
        return ",".join(each.cause.value for each in self.causes[:SHOWN_AT_MOST])

    @property
    def last_step(self) -> str:
        """The innermost element of the place, when it is a plain name: for the log."""
        step = self.element.rpartition("/")[2]
        return step if _PLAIN_STEP.fullmatch(step) else ""

    def as_json(self) -> dict[str, Any]:
        """As `ibys explain-214 --json` prints it and as it is sealed beside the message."""
        return {
            "equal": self.equal,
            "certain": self.certain,
            "offset": self.offset,
            "element": self.element,
            "ours": self.ours,
            "theirs": self.theirs,
            "column": self.column,
            "causes": [each.as_json() for each in self.causes],
        }


_PLAIN_STEP = re.compile(r"[A-Za-z]{1,40}(?:\[[0-9]{1,4}\])?|\(prolog\)|\(end\)")


def explain(ours: bytes, theirs: bytes) -> Explanation:
    """Why `theirs`, the ministry's XML or its message with the XML in it, is not `ours`. Never raises."""
    # 1. the XML in their words
    page = read_page(ours)
    theirs = xml_in(theirs, _root_of(page))
    if not theirs.strip():
        return Explanation((Named(Cause.NO_XML, "", "", ""),), certain=False)
    if ours == theirs:
        return Explanation((Named(Cause.SIGNATURE, "", "", ""),), certain=True)
    # 2. the first place
    offset = first_difference(ours, theirs)
    element = path_at(ours if offset < len(ours) else theirs, offset)
    other = read_page(theirs)
    # 3. and 4. the causes
    met, certain = _causes(pair_of(page, other), ours)
    named = tuple(_named(each) for each in met[:SHOWN_AT_MOST])
    # 5. side by side
    shown, column = _excerpt(ours, offset, page)
    return Explanation(named, certain, offset, _shown_path(element), shown, _excerpt(theirs, offset, other)[0], column)


def words_of_214(outcome: Outcome) -> str | None:
    """What the ministry said with its 214, about the message or its first such part; None when this is no 214."""
    if outcome.code != CODE or outcome.end not in (State.REFUSED, State.PARTIAL):
        return None
    return outcome.detail or next((part.message for part in outcome.parts if part.code == CODE), "")


def _root_of(page: Page) -> bytes:
    found = _ROOT.search(page.text[:400])
    return found[1].encode("utf-8", "replace") if found else b""


_ROOT = re.compile(r"<([A-Za-z][^\s<>/&]{0,60})")


def first_difference(ours: bytes, theirs: bytes) -> int:
    """The offset of the first byte that differs; the shorter one's length when it begins the other."""
    low, high = 0, min(len(ours), len(theirs))
    while low < high:  # equal up to low; slices are compared at memory speed
        middle = (low + high + 1) // 2
        if ours[low:middle] == theirs[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _causes(pair: Pair, ours: bytes) -> tuple[list[Met], bool]:
    """(what was met, whether mending just that makes them equal), the smallest set that could be found."""
    everything = Blend(pair)
    certain = everything.write() == ours
    met = everything.met
    if certain:
        return [met[cause] for cause in _smallest(pair, ours, tuple(met))], True
    return list(met.values()) or [Met(Cause.UNKNOWN, "", "", "")], False


def _smallest(pair: Pair, ours: bytes, met: tuple[Cause, ...]) -> tuple[Cause, ...]:
    """One cause alone, else two together, else all; no more than the budget is written."""
    tries = BUDGET // max(1, len(pair.theirs.text))
    for chosen in _few(met):
        if tries == 0:
            break
        tries -= 1
        if Blend(pair, frozenset(chosen)).write() == ours:
            return chosen
    return met


def _few(met: tuple[Cause, ...]) -> Iterator[tuple[Cause, ...]]:
    for count in (1, 2):
        if count < len(met):
            yield from combinations(met, count)


def _named(met: Met) -> Named:
    path = met.path or (OUTSIDE_BEFORE if met.cause in _OF_THE_PROLOG else "")
    return Named(met.cause, _shown_path(path), _shown(met.ours), _shown(met.theirs))


_OF_THE_PROLOG = frozenset(
    {
        Cause.STANDALONE,
        Cause.BOM,
        Cause.DECLARATION_MISSING,
        Cause.DECLARATION_QUOTES,
        Cause.ENCODING_NAME,
        Cause.DECLARATION_FORM,
        Cause.PROLOG_BREAK,
        Cause.LEADING_SPACE,
    }
)


def _shown_path(path: str) -> str:
    return "/".join(_masked(step) for step in path[:_LONGEST_PATH].split("/"))


def _shown(value: str) -> str:
    short = _masked(value[: 4 * MAX_SEEN])
    return short if len(short) <= MAX_SEEN else short[:MAX_SEEN] + "..."


def _masked(value: str) -> str:
    """`value` fit to be shown: whatever holds nine digits between two angle brackets keeps four of them only."""
    return "".join(_mask_piece(piece) for piece in _BRACKETS.split(value)).translate(_VISIBLE)


_BRACKETS = re.compile(r"([<>])")
_VISIBLE: Mapping[int, str] = {
    **{code: chr(0x2400 + code) for code in range(32)},
    # C1 controls, marks that turn or hide text, and halves of UTF-16 pairs
    **dict.fromkeys((*range(0x7F, 0xA0), *range(0x200B, 0x2010), *range(0x202A, 0x202F)), "\ufffd"),
    **dict.fromkeys((*range(0x2060, 0x2070), *range(0xD800, 0xE000)), "\ufffd"),
    0xFEFF: "[BOM]",
}


def _mask_piece(piece: str) -> str:
    digits = [place for place, sign in enumerate(piece) if sign.isdigit()]
    if len(digits) < PERSONAL_DIGITS:
        return piece
    hidden = set(digits[2:-2])
    return "".join("*" if place in hidden else sign for place, sign in enumerate(piece))


def _excerpt(content: bytes, offset: int, page: Page) -> tuple[str, int]:
    """(what stands around byte `offset`, its column): masked while wide, cut to what fits a line, controls visible."""
    begin, middle = _whole_sign(offset - _AROUND, content, page), _whole_sign(offset, content, page)
    before = content[begin:middle].decode(page.encoding, "replace")
    after = content[middle : middle + _AROUND].decode(page.encoding, "replace")
    masked = "".join(_mask_piece(piece) for piece in _BRACKETS.split(before + after))
    left, right = max(0, len(before) - _BEFORE), len(before) + _AFTER
    head = "..." if begin + left > 0 else ""
    ends = right >= len(masked) and middle + _AROUND >= len(content)
    cut = head + masked[left:right] + ("" if ends else "...")
    return cut.translate(_VISIBLE), len(head) + len(before) - left


def _whole_sign(at: int, content: bytes, page: Page) -> int:
    """`at`, moved back to where a character begins."""
    at = max(0, min(at, len(content)))
    if page.encoding.startswith("utf-16"):
        return at - (at - len(page.bom)) % 2 if at > len(page.bom) else 0
    while page.encoding == "utf-8" and 0 < at < len(content) and content[at] & 0xC0 == 0x80:
        at -= 1
    return at
