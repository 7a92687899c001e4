"""Reads XML into Submitted records: ``<egitim-kaydi id="...">``, or many of them inside ``<kayitlar>``.

What stands inside the record element is what ``schemas/<veri_seti>/<version>/kayit.xsd`` describes; its only
attributes are ``id`` and ``version``. Nothing else is taken: no DOCTYPE, comment, CDATA, processing instruction,
namespace or other attribute, because no record needs them and each can be used to show one thing and mean another.
The document is read twice in flat memory: first to its end, so that from ill-formed XML nothing is taken at all.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

from lxml import etree

from integrator.catalogue.catalogue import Catalogue
from integrator.domain.findings import Finding, seen
from integrator.domain.records import Submitted
from integrator.intake.lines import CHUNK
from integrator.intake.read_json import Caps, Unreadable, faulty, submitted_of
from integrator.intake.shaping import REPEATED, newest_definition, shaped, shaped_entry
from integrator.protect.safe_xml import UnsafeXml, check_opening, pull_parser

MANY = "kayitlar"
SUFFIX = "-kaydi"
_PLAIN = "<a>text</a>"
_SPACE = " \t\r\n"
_ENVELOPE = frozenset({"id", "version"})
LONGEST_ATTRIBUTE = 200
MAX_ELEMENTS = 20_000  # of one record; 1,000 workers and 200 trainings are 2,600


def read_xml(stream: BinaryIO, caps: Caps, catalogue: Catalogue) -> Iterator[Submitted]:
    """The records of a document, or one finding when any part of it is not what a document of ours holds."""
    try:
        for _ in _elements(stream, caps):
            pass
        stream.seek(0)
        for number, element in enumerate(_elements(stream, caps), 1):
            yield _read_record(element, f"record {number}", caps, catalogue)
    except Unreadable as error:
        yield faulty("file", error.finding)


def _elements(stream: BinaryIO, caps: Caps) -> Iterator[etree._Element]:
    """The record elements, one at a time; each is emptied when the next is asked for."""
    walk = _Walk(pull_parser(), caps)
    for chunk in chain(_plain_chunks(stream), [b""]):
        try:
            walk.feed(chunk)
        except etree.XMLSyntaxError as error:
            raise Unreadable("INT-INT-001", _place(error), "XML") from error
        for element in walk.completed():
            yield element
            _forget(element)


class _Walk:
    """Follows the parser's events and holds them against the caps, so that no tree grows unseen."""

    def __init__(self, parser: Any, caps: Caps) -> None:
        self._parser = parser
        self._caps = caps
        self._path: list[str] = []
        self._fed = 0
        self._count = 0

    def feed(self, chunk: bytes) -> None:
        """The next bytes; none says that the document ends here."""
        if not chunk:
            self._parser.close()
            return
        self._fed += len(chunk)
        if self._fed > self._caps.record_bytes + 2 * CHUNK:
            wanted = f"<= {self._caps.record_bytes}"
            raise Unreadable("INT-INT-003", f"> {self._caps.record_bytes}", wanted)
        self._parser.feed(chunk)

    def completed(self) -> Iterator[etree._Element]:
        """The record elements that ended in what was fed."""
        for event, element in self._parser.read_events():
            if event == "start":
                self._begin(element)
                continue
            if self._is_record():
                self._fed = self._count = 0
                _refuse_text(element.getprevious(), element.getparent())
                yield element
            elif len(self._path) == 1:
                _refuse_text(element[-1] if len(element) else None, element)
            self._path.pop()

    def _begin(self, element: etree._Element) -> None:
        tag = element.tag
        self._path.append(str(tag))
        if len(self._path) > self._caps.depth:
            raise Unreadable("INT-INT-004", f"> {self._caps.depth}", f"<= {self._caps.depth}")
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise Unreadable("INT-INT-003", f"> {MAX_ELEMENTS} <...>", f"<= {MAX_ELEMENTS}")
        if element.nsmap or element.prefix:
            raise _foreign("xmlns", self._path)
        if len(self._path) == 1 and tag != MANY and not str(tag).endswith(SUFFIX):
            raise Unreadable("INT-INT-016", seen(tag), f"<egitim{SUFFIX}>, <{MANY}>", "/")
        allowed = _ENVELOPE if self._is_record() else frozenset()
        if len(element.attrib) > len(allowed):  # before they are looked at: looking at n of them takes n * n steps
            raise _foreign("...=", self._path)
        for name, value in element.attrib.items():
            if name not in allowed or len(value) > LONGEST_ATTRIBUTE:
                raise _foreign(f"{seen(name)}=...", self._path)

    def _is_record(self) -> bool:
        return len(self._path) == (2 if self._path[0] == MANY else 1)


def _plain_chunks(stream: BinaryIO) -> Iterator[bytes]:
    """The bytes, when they are UTF-8 and hold no markup but elements; raises Unreadable otherwise."""
    decoder, before, first = codecs.getincrementaldecoder("utf-8")(), b"", True
    while chunk := stream.read(CHUNK):
        try:
            after = check_opening(chunk) if first else 0
            decoder.decode(chunk)
        except UnsafeXml as error:
            raise Unreadable("INT-INT-015", str(error), _PLAIN) from error
        except UnicodeDecodeError as error:
            raise Unreadable("INT-INT-005", f"byte {error.start}", "UTF-8") from error
        found = _MARK.search(before + chunk, after)
        if found:
            raise Unreadable("INT-INT-015", _MARKS[found[0][:2]], _PLAIN)
        before, first = chunk[-_LONGEST_MARK:], False
        yield chunk


_MARK = re.compile(rb"<!|<\?|\0|&#[0-9A-Fa-fx]{10}")
_MARKS = {b"<!": "<!...> (DOCTYPE, CDATA, <!-- -->)", b"<?": "<?...?>", b"\0": "NUL", b"&#": "&#..........;"}
_LONGEST_MARK = 11


def _foreign(what: str, path: list[str]) -> Unreadable:
    return Unreadable("INT-INT-015", what, _PLAIN, "/".join(path)[:200])


def _place(error: etree.XMLSyntaxError) -> str:
    line, column = error.position
    return f"line {line}, column {column}"


def _refuse_text(before: etree._Element | None, parent: etree._Element | None) -> None:
    """Between records stands nothing but space."""
    text = before.tail if before is not None else None if parent is None else parent.text
    if text and text.strip(_SPACE):
        raise Unreadable("INT-INT-015", seen(text.strip(_SPACE)), _PLAIN, MANY)


def _forget(element: etree._Element) -> None:
    """Let go of a record's content, and of the records before it; it stays itself, for the parser is at it."""
    parent = element.getparent()
    element.clear(keep_tail=True)  # type: ignore[call-arg]  # the stubs are older
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _read_record(element: etree._Element, where: str, caps: Caps, catalogue: Catalogue) -> Submitted:
    tag = str(element.tag)
    if not tag.endswith(SUFFIX):
        return faulty(where, Finding("INT-INT-016", "", seen(tag), f"<egitim{SUFFIX}>"))
    attributes = {str(name): str(value) for name, value in element.attrib.items()}
    envelope: dict[str, Any] = {"veriSeti": tag.removesuffix(SUFFIX).replace("-", "_"), **attributes}
    definition = newest_definition(catalogue, envelope["veriSeti"], envelope.get("version"))
    by_name = definition.field_by_name if definition else {}
    fields: dict[str, Any] = {}
    try:
        for name, value in _children(element):
            field = by_name.get(name)
            if field is not None and field.kind in REPEATED:
                fields.setdefault(name, []).append(shaped_entry(field, value))
            elif name in fields or name in ("id", "veriSeti", "version"):
                raise Unreadable("INT-INT-006", seen(name), "1", seen(name))
            else:
                fields[name] = shaped(field, value) if isinstance(value, str) else value
    except Unreadable as error:
        return faulty(where, error.finding)
    return submitted_of({**fields, **envelope}, where, caps)


def _children(element: etree._Element) -> Iterator[tuple[str, Any]]:
    """(name, text or mapping) of each child; text beside elements is nobody's value, so it is refused."""
    for part in (element.text, *(child.tail for child in element)):
        if part and part.strip(_SPACE):
            raise Unreadable("INT-INT-015", seen(part.strip(_SPACE)), _PLAIN, str(element.tag))
    for child in element:
        if not isinstance(child.tag, str):
            raise Unreadable("INT-INT-015", "&...;", _PLAIN, str(element.tag))
        yield child.tag, _value(child)


def _value(element: etree._Element) -> Any:
    if not len(element):
        return (element.text or "").strip(_SPACE)
    values: dict[str, Any] = {}
    for name, value in _children(element):
        if name in values:
            raise Unreadable("INT-INT-006", seen(name), "1", seen(name))
        values[name] = value
    return values
