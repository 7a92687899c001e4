"""SOAP 1.1 envelopes as bytes, and the reading of answers with a parser that trusts nothing.

Document/literal wrapped, unqualified children, empty SOAPAction, one `return` (contract 2.1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from xml.sax.saxutils import escape

from lxml import etree

from integrator.deliver.wire import HttpReply
from integrator.domain.outcomes import Kind, Outcome
from integrator.protect.safe_xml import UnsafeXml, parse_xml

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
_BODY = f"{{{SOAP11}}}Body"
_ENVELOPE = f"{{{SOAP11}}}Envelope"
_SECONDS = re.compile(r"[0-9]{1,6}")


class Unreadable(Exception):
    """The bytes are not the answer to our call."""


def envelope(namespace: str, operation: str, inside: str) -> bytes:
    """The request of one operation; `inside` is ready markup."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<soap-env:Envelope xmlns:soap-env="{SOAP11}"><soap-env:Body>'
        f'<ns0:{operation} xmlns:ns0="{namespace}">{inside}</ns0:{operation}>'
        "</soap-env:Body></soap-env:Envelope>"
    ).encode()


def element(name: str, value: str) -> str:
    """One child with text."""
    return f"<{name}>{escape(value)}</{name}>"


def read_returns(body: bytes, namespace: str, operation: str) -> list[etree._Element]:
    """The `return` children of the operation's response; raises Unreadable for anything else, faults included."""
    try:
        root = parse_xml(body)
    except UnsafeXml as error:
        raise Unreadable(f"no XML that is read: {error}") from error
    content = root.find(_BODY) if root.tag == _ENVELOPE else None
    response = content[0] if content is not None and len(content) == 1 else None
    if response is None or response.tag != f"{{{namespace}}}{operation}Response":
        raise Unreadable("not the response of this operation")
    return response.findall("return")


def children(parent: etree._Element, lists: frozenset[str] = frozenset()) -> dict[str, etree._Element]:
    """Children by name. A name that stands twice makes the answer Unreadable, unless it is in `lists`."""
    found: dict[str, etree._Element] = {}
    for child in parent:
        if child.tag in found and child.tag not in lists:
            raise Unreadable(f"{child.tag} stands twice")
        if isinstance(child.tag, str):
            found[child.tag] = child
    return found


def text_in(found: Mapping[str, etree._Element], *path: str) -> str:
    """The text under a path of names, empty when there is none."""
    *outer, last = path
    for name in outer:
        found = children(found[name]) if name in found else {}
    return (found[last].text or "").strip() if last in found else ""


def outcome_of_status(reply: HttpReply) -> Outcome | None:
    """What an HTTP status means by itself; None for 200, whose body must be read (docs/errors.md)."""
    code = f"http_{reply.status}"
    if reply.status == 200:
        return None
    if reply.status in (429, 503):
        return Outcome(Kind.BUSY, code, retry_after=retry_after(reply))
    if 300 <= reply.status < 500:
        return Outcome(Kind.NOT_ARRIVED, code)
    return Outcome(Kind.UNCERTAIN, code)


def retry_after(reply: HttpReply) -> timedelta | None:
    """The wait the other side asks for, in its form in seconds; a date is passed over."""
    text = reply.headers.get("retry-after", "")
    return timedelta(seconds=int(text)) if _SECONDS.fullmatch(text) else None
