"""Finds the ministry's XML in the text of a 214, or in a file that a person saved.

The XML stands at the end of the message, behind a sentence; a saved reply carries it escaped once, in CDATA, or
inside a whole envelope. What looks like nothing of the kind is given back as it came.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8

_ENTITIES = {
    b"lt": b"<", b"gt": b">", b"quot": b'"', b"apos": b"'", b"amp": b"&",
    b"#60": b"<", b"#62": b">", b"#34": b'"', b"#39": b"'", b"#38": b"&",
}  # fmt: skip
_ENTITY = re.compile(rb"&(lt|gt|quot|apos|amp|#60|#62|#34|#39|#38);")
_ENVELOPE, _HEAD = re.compile(rb"<(?:[A-Za-z0-9_-]{1,20}:)?Envelope[\s>]"), 600
_TAG = re.compile(rb"<[A-Za-z?]")
_CDATA, _CDATA_END = b"<![CDATA[", b"]]>"
_ESCAPED_HEADS = (b"&lt;?xml", b"&#60;?xml")


def xml_in(content: bytes, root: bytes) -> bytes:
    """The XML echoed in `content`; empty when there is none. `root` is the element ours begins with."""
    if b"\0" in content[:200]:  # UTF-16: no envelope that we know carries it
        return content
    escaped = max(content.rfind(mark) for mark in (*_ESCAPED_HEADS, b"&lt;" + root if root else _ESCAPED_HEADS[0]))
    if escaped >= 0:
        return _unescape_from(content, escaped)
    is_envelope = _ENVELOPE.search(content[:_HEAD]) is not None
    if not is_envelope and content.removeprefix(BOM_UTF8).lstrip().startswith(
        (b"<?xml", b"<" + root if root else b"<?")
    ):
        return content
    if is_envelope and not (root and re.search(rb"<" + re.escape(root) + rb"\b", content)):
        return b""  # a reply whose message names no XML: its own declaration is not the one we look for
    begin = _begin(content, root)
    if begin < 0:
        return b""
    return _cut_end(content[begin:], in_cdata=_CDATA in content[:begin])


def _begin(content: bytes, root: bytes) -> int:
    """Where the XML begins: its last declaration, else its root, else the first thing that looks like a tag."""
    at = content.rfind(b"<?xml")
    if at >= 0:
        return at - 3 if content[max(0, at - 3) : at] == BOM_UTF8 else at
    named = re.search(rb"<" + re.escape(root) + rb"\b", content, re.IGNORECASE) if root else None
    found = named or _TAG.search(content)
    return found.start() if found else -1


def _unescape_from(content: bytes, begin: int) -> bytes:
    """The escaped XML that begins at `begin`; a raw ``<`` ends it, because inside there is none."""
    head = content.rfind(b"&lt;?xml", 0, begin)
    start = head if head >= 0 and b"<" not in content[head:begin] else begin
    end = content.find(b"<", start)
    return _cut_end(_unescape(content[start : end if end >= 0 else len(content)]), in_cdata=False)


def _unescape(content: bytes) -> bytes:
    return _ENTITY.sub(lambda found: _ENTITIES[found[1]], content)


def _cut_end(xml: bytes, *, in_cdata: bool) -> bytes:
    """Without the words, or the rest of the envelope, that follow; space alone may be part of the XML and stays."""
    end = xml.find(_CDATA_END) if in_cdata else -1
    xml = xml[:end] if end >= 0 else xml
    last = xml.rfind(b">") + 1
    return xml[:last] if last and xml[last:].strip() else xml
