"""The one XML parser of the gateway: what comes from outside is parsed here or not at all.

No entity is resolved, no DTD loaded, nothing fetched, no limit of libxml2 lifted. Before the parser sees a byte the
encoding must be a plain one and there must be no DOCTYPE; after it, depth, attributes and texts are bounded. lxml
before 6.1.0 read local files in iterparse (CVE-2026-41066), which is why the pull parser is built here too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from lxml import etree

ENCODINGS = frozenset({"utf-8", "us-ascii", "ascii", "iso-8859-1", "iso-8859-9", "windows-1254"})
"""Supersets of ASCII in which ``<!DOCTYPE`` can only be written one way. No UTF-16, UTF-7 or EBCDIC."""

_DECLARATION = re.compile(rb"<\?xml(?=[\s?])[^<>]{0,200}?\?>")
_NAMED = re.compile(rb"""\bencoding\s*=\s*["']([^"']*)["']""")
_VERSION_1_0 = re.compile(rb"""\bversion\s*=\s*["']1\.0["']""")
_BOM = b"\xef\xbb\xbf"
_SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "huge_tree": False,
    "recover": False,
}


class UnsafeXml(ValueError):
    """The bytes hold what no document of ours needs, or more of something than is taken. The text says what."""


@dataclass(frozen=True, slots=True)
class XmlCaps:
    """Bounds on one document: bytes, tags, levels, attributes of an element, characters of a text or attribute."""

    content_bytes: int = 64 << 20
    tags: int = 300_000
    depth: int = 32
    attributes: int = 16
    characters: int = 1 << 20


DEFAULT_CAPS = XmlCaps()


def xml_parser() -> etree.XMLParser:
    """A parser that trusts nothing. For bytes that are our own; what comes from outside goes through `parse_xml`."""
    return etree.XMLParser(**_SAFE)


def pull_parser(*tags: str) -> etree.XMLPullParser:
    """The same for a document read in pieces: starts and ends of all elements, or only the ends of `tags`.

    Its caller bounds what it is fed (integrator/intake/read_xml.py, workbook.py).
    """
    if tags:
        return etree.XMLPullParser(events=("end",), tag=tags, **_SAFE)
    return etree.XMLPullParser(events=("start", "end"), **_SAFE)


def parse_xml(content: bytes, caps: XmlCaps = DEFAULT_CAPS) -> etree._Element:
    """The root element; raises UnsafeXml for everything that is not plain, bounded, well-formed XML."""
    if len(content) > caps.content_bytes:
        raise UnsafeXml(f"more than {caps.content_bytes} bytes")
    if content.count(b"<") > caps.tags:
        raise UnsafeXml(f"more than {caps.tags} tags")
    check_opening(content)
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise UnsafeXml("a DOCTYPE")
    try:
        root = etree.fromstring(content, xml_parser())
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise UnsafeXml("not well-formed") from error
    docinfo: Any = root.getroottree().docinfo
    if docinfo.doctype:
        raise UnsafeXml("a DOCTYPE")
    for wrong, words in _too_much(caps):
        if wrong(root):
            raise UnsafeXml(words)
    return root


def check_opening(content: bytes) -> int:
    """Where the XML declaration ends, 0 without one. Raises UnsafeXml unless it is XML 1.0 in one of ENCODINGS."""
    if b"\0" in content:
        raise UnsafeXml("UTF-16, UTF-32 or a null character")
    opening = content.removeprefix(_BOM)
    if not opening.lstrip(b" \t\r\n").startswith(b"<"):
        raise UnsafeXml("not XML in a plain encoding")
    declaration = _DECLARATION.match(opening)
    if not declaration:
        return 0
    named = _NAMED.search(declaration[0])
    if named and named[1].decode("latin-1").lower() not in ENCODINGS:
        raise UnsafeXml(f"the encoding {named[1][:20].decode('latin-1')}")
    if not _VERSION_1_0.search(declaration[0]):
        raise UnsafeXml("a version of XML other than 1.0")
    return len(content) - len(opening) + declaration.end()


@cache
def _too_much(caps: XmlCaps) -> tuple[tuple[Any, str], ...]:
    """Compiled questions, answered in C; each is linear in the size of the document."""
    deeper = "/*" * (caps.depth + 1)
    return (
        (etree.XPath(f"boolean({deeper})"), f"more than {caps.depth} levels"),
        (etree.XPath(f"boolean(//*[@*[{caps.attributes + 1}]])"), f"more than {caps.attributes} attributes"),
        (etree.XPath(f"boolean(//@*[string-length() > {caps.characters}])"), "an attribute of great length"),
        (etree.XPath(f"boolean(//text()[string-length() > {caps.characters}])"), "a text of great length"),
    )
