"""Tells in which way two texts of one value, or two spellings of one name, differ.

Each way is a normalisation: when it makes the two equal, it is the cause. Singles are tried first, then pairs.
Nothing here changes a value that is sent; it only compares what two parties wrote (values are never case-mapped).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from enum import Enum
from functools import lru_cache

LONGEST = 2_000
_DAY_DIGITS = 8  # yyyyMMdd
Turn = Callable[[str], str]


class Cause(Enum):
    """Why two texts differ; the value is its stable code (texts.toml, docs/errors.md section 5)."""

    STANDALONE = "INT-RCP-001"
    BOM = "INT-RCP-002"
    DECLARATION_MISSING = "INT-RCP-003"
    DECLARATION_QUOTES = "INT-RCP-004"
    ENCODING_NAME = "INT-RCP-005"
    DECLARATION_FORM = "INT-RCP-006"
    PROLOG_BREAK = "INT-RCP-007"
    TRAILING_SPACE = "INT-RCP-008"
    LEADING_SPACE = "INT-RCP-009"
    INDENTATION = "INT-RCP-010"
    LINE_ENDS = "INT-RCP-011"
    ENCODING = "INT-RCP-012"
    DOUBLE_TEXT = "INT-RCP-020"
    LEADING_ZERO = "INT-RCP-021"
    DATE_FORM = "INT-RCP-022"
    VALUE_SPACE = "INT-RCP-023"
    ESCAPING = "INT-RCP-024"
    DOTLESS_I = "INT-RCP-025"
    TURKISH_LETTER = "INT-RCP-026"
    MOJIBAKE = "INT-RCP-027"
    VALUE = "INT-RCP-028"
    ELEMENT_ORDER = "INT-RCP-030"
    LIST_ORDER = "INT-RCP-031"
    ELEMENT_MISSING = "INT-RCP-032"
    ELEMENT_EXTRA = "INT-RCP-033"
    NAME_CASE = "INT-RCP-034"
    TAG_FORM = "INT-RCP-035"
    EMPTY_FORM = "INT-RCP-036"
    ROOT_NAME = "INT-RCP-037"
    SIGNATURE = "INT-RCP-040"
    NO_XML = "INT-RCP-041"
    BROKEN_XML = "INT-RCP-042"
    TOO_LARGE = "INT-RCP-043"
    UNKNOWN = "INT-RCP-044"

    @property
    def word(self) -> str:
        """The cause's name as it is printed: ``double_text``."""
        return self.name.lower()


@lru_cache(maxsize=4096)
def value_causes(ours: str, theirs: str) -> tuple[Cause, ...]:
    """Why two texts of one value differ; (VALUE,) when only the value itself is left."""
    if ours.isascii() and theirs.isascii() and value_key(ours) != value_key(theirs):
        return (Cause.VALUE,)  # most differing values: told at once
    return _causes(ours, theirs, _VALUE_TURNS) or (Cause.VALUE,)


def known_causes(kinds: Sequence[tuple[Cause, ...]], ours: str, theirs: str) -> tuple[Cause, ...]:
    """The first of these kinds that explains the two, or the one cause in it that does; empty when none does.

    Values of one message mostly differ in one way: who tries that first is done early.
    """
    for kind in kinds:
        if _are_equal(kind, ours, theirs):
            return next(((cause,) for cause in kind if _are_equal((cause,), ours, theirs)), kind)
    return ()


def _are_equal(causes: tuple[Cause, ...], ours: str, theirs: str) -> bool:
    turns = [(cause, _TURN_OF[cause]) for cause in causes if cause in _TURN_OF]
    return _turned(ours, turns) == _turned(theirs, turns)


@lru_cache(maxsize=1024)
def name_causes(ours: str, theirs: str) -> tuple[Cause, ...]:
    """Why two spellings of one element name differ; empty when these are two names."""
    return _causes(ours, theirs, _NAME_TURNS)


@lru_cache(maxsize=8192)
def value_key(text: str) -> str:
    """Equal for texts that differ in ways we can name only."""
    if text.isascii() and text.isdigit() and len(text) != _DAY_DIGITS:
        return _no_leading_zeros(text)  # the only turn that means something to a plain number
    return _turned(text, _VALUE_TURNS) if len(text) <= LONGEST else text


@lru_cache(maxsize=1024)
def name_key(name: str) -> str:
    """Equal for spellings of one element name."""
    return _turned(name, _NAME_TURNS) if len(name) <= LONGEST else name


def _turned(text: str, turns: Sequence[tuple[Cause, Turn]]) -> str:
    for _, turn in turns:
        text = turn(text)
    return text


def _causes(ours: str, theirs: str, turns: Sequence[tuple[Cause, Turn]]) -> tuple[Cause, ...]:
    if max(len(ours), len(theirs)) > LONGEST:
        return ()
    once = [(cause, turn(ours), turn(theirs)) for cause, turn in turns]
    for cause, mine, other in once:
        if mine == other:
            return (cause,)
    for (first, mine, other), (second, turn) in _pairs(once, turns):
        if (mine, other) != (ours, theirs) and turn(mine) == turn(other):  # an idle first turn was tried above
            return first, second
    return (Cause.TURKISH_LETTER,) if _has_lost_letters(ours, theirs) else ()


def _pairs(
    once: Sequence[tuple[Cause, str, str]], turns: Sequence[tuple[Cause, Turn]]
) -> Iterator[tuple[tuple[Cause, str, str], tuple[Cause, Turn]]]:
    """Every turn that was made once, with every later one."""
    for place, first in enumerate(once):
        for second in turns[place + 1 :]:
            yield first, second


def _has_lost_letters(ours: str, theirs: str) -> bool:
    """Whether they differ only where one of them has a question mark and the other a letter beyond ASCII."""
    if len(ours) != len(theirs):
        return False
    pairs = [{one, other} for one, other in zip(ours, theirs, strict=True) if one != other]
    return all(pair & {"?", "\ufffd"} and any(not sign.isascii() and sign.isalpha() for sign in pair) for pair in pairs)


_ENTITY = re.compile(r"&(?:#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6})|(lt|gt|amp|quot|apos));")
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}


def unescape(text: str) -> str:
    """The value that `text` writes, character references and CDATA resolved."""
    if "&" not in text and "<" not in text:
        return text
    parts = _CDATA.split(text)  # every second part stood in CDATA, where nothing is escaped
    return "".join(part if place % 2 else _ENTITY.sub(_character, part) for place, part in enumerate(parts))


def _character(found: re.Match[str]) -> str:
    decimal, hexadecimal, name = found.groups()
    if name:
        return _NAMED[name]
    number = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(number) if number < 0x110000 else found[0]


def repair(text: str) -> str:
    """UTF-8 that was read as a one-byte set, read rightly again; other text unchanged."""
    return text if text.isascii() else _BEYOND_ASCII.sub(_repair_run, text)


_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")


def _repair_run(found: re.Match[str]) -> str:
    for wrong in ("cp1254", "iso-8859-9", "cp1252", "latin-1"):
        try:
            return b"".join(_byte_of(sign, wrong) for sign in found[0]).decode("utf-8")
        except UnicodeError:
            continue
    return found[0]


def _byte_of(sign: str, charset: str) -> bytes:
    """The byte that was read as `sign`; bytes that the set leaves open are read as themselves (Windows does)."""
    try:
        return sign.encode(charset)
    except UnicodeError:
        return sign.encode("latin-1")


def _squeeze(text: str) -> str:
    return " ".join(text.split())


_I_FORMS = str.maketrans({"İ": "i", "I": "i", "ı": "i"})


def _fold_i(text: str) -> str:
    return text.translate(_I_FORMS).replace("i\u0307", "i")


def _fold_letters(text: str) -> str:
    """Without the marks that make ş of s, and ğ, ü, ö, ç of g, u, o, c."""
    if text.isascii():
        return text
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))


_NUMBER = re.compile(r"([0-9]{1,15})(?:[.,]([0-9]{1,10}))?(?:[eE]([+-]?[0-9]{1,2}))?")


def _plain_number(text: str) -> str:
    """A decimal number without exponent and idle zeros behind the point; other text unchanged."""
    found = _NUMBER.fullmatch(text)
    if not found or (found[2] is None and found[3] is None):
        return text
    exact = format(Decimal(f"{found[1]}.{found[2] or 0}E{found[3] or 0}"), "f")
    whole = exact.rstrip("0").rstrip(".") if "." in exact else exact
    return whole.lstrip("0") or "0"


def _no_leading_zeros(text: str) -> str:
    return (text.lstrip("0") or "0") if text.isascii() and text.isdigit() else text


_DATES = (
    re.compile(r"(?P<d>[0-9]{1,2})[-./ ](?P<m>[0-9]{1,2})[-./ ](?P<y>[0-9]{4})(?:[T ][0-9:.+Z-]{0,30})?"),
    re.compile(r"(?P<y>[0-9]{4})[-./](?P<m>[0-9]{1,2})[-./](?P<d>[0-9]{1,2})(?:[T ][0-9:.+Z-]{0,30}|[+-][0-9:]{5}|Z)?"),
    re.compile(r"(?P<y>(?:19|20)[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})"),
)


def _iso_date(text: str) -> str:
    found = next((match for match in (pattern.fullmatch(text) for pattern in _DATES) if match), None)
    return f"{found['y']}-{int(found['m']):02}-{int(found['d']):02}" if found else text


_VALUE_TURNS: Sequence[tuple[Cause, Turn]] = (
    (Cause.ESCAPING, unescape),
    (Cause.MOJIBAKE, repair),
    (Cause.VALUE_SPACE, _squeeze),
    (Cause.DOTLESS_I, _fold_i),
    (Cause.TURKISH_LETTER, _fold_letters),
    (Cause.DOUBLE_TEXT, _plain_number),
    (Cause.LEADING_ZERO, _no_leading_zeros),
    (Cause.DATE_FORM, _iso_date),
)

_TURN_OF = dict(_VALUE_TURNS)

_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")

_NAME_TURNS: Sequence[tuple[Cause, Turn]] = (
    (Cause.TAG_FORM, lambda name: name.rpartition(":")[2]),
    (Cause.NAME_CASE, lambda name: name.translate(_LOWER)),
    (Cause.MOJIBAKE, repair),
    (Cause.DOTLESS_I, _fold_i),
    (Cause.TURKISH_LETTER, _fold_letters),
)
