"""The second half of the faults: true replies in an odd form, and refusals that leave something out.

A reply that is only odd (another encoding, chunks, CDATA) is one that a careful reader can take; what the gateway
makes of it is its own affair, as long as it never takes it for something else. Drawn as in `faults`.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from xml.sax.saxutils import unescape

from integrator.ministry.answers import IMZALI_ICERIK
from integrator.ministry.fault_table import Exchange, fault
from integrator.ministry.wire import Close, Reply, Send, Step, plain

CLOCK_SKEW = timedelta(minutes=10)
HUGE = 24  # pieces of one MiB
_LEAF = re.compile(r">([^<>]+)</")
_BEFORE_TAG = re.compile(r"><(?!/)")
_LAST_END = re.compile(r"(</return>)(?!.*</return>)", re.DOTALL)
_MINUTES = re.compile(r"(<egitimSuresi>[0-9]+)\.0<")


def _rewritten(reply: Reply, body: str, encoding: str = "utf-8", errors: str = "strict") -> Reply:
    """`reply` with another body, in `encoding`, which head and XML declaration then name."""
    declared = body.replace('encoding="UTF-8"', f'encoding="{encoding.upper()}"', 1)
    content_type = reply.content_type.replace("utf-8", encoding)
    return replace(reply, content_type=content_type, body=declared.encode(encoding, errors))


def _chunks(octets: bytes, count: int) -> bytes:
    """`octets` in `count` HTTP chunks, without the chunk that ends them."""
    size = -(-len(octets) // count)
    pieces = (octets[at : at + size] for at in range(0, len(octets), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


def _unmeasured(reply: Reply, *headers: tuple[str, str]) -> bytes:
    """The head of `reply` without a Content-Length."""
    head = replace(reply, headers=(*reply.headers, *headers)).head(0)
    return head.replace(b"Content-Length: 0\r\n", b"")


@fault(hostile=0.005)
def http_429_bare(exchange: Exchange) -> Iterator[Step]:
    """Stores nothing and answers HTTP 429 that does not say for how long."""
    yield Send(plain(429, "Too Many Requests").encode())


@fault(hostile=0.003)
def http_503_bare(exchange: Exchange) -> Iterator[Step]:
    """Stores nothing and answers HTTP 503 that does not say for how long."""
    yield Send(plain(503, "Service Unavailable").encode())


@fault(hostile=0.003)
def http_503_until_date(exchange: Exchange) -> Iterator[Step]:
    """Stores nothing and answers HTTP 503 with Retry-After as a date, two seconds from now."""
    until = format_datetime(exchange.now() + timedelta(seconds=2), usegmt=True)
    yield Send(plain(503, "Service Unavailable", ("Retry-After", until)).encode())


@fault(hostile=0.004)
def http_500_true_reply(exchange: Exchange) -> Iterator[Step]:
    """Stores, answers truly but under HTTP 500."""
    yield Send(replace(exchange.honest(), status=500).encode())


@fault(hostile=0.003)
def clock_skew(exchange: Exchange) -> Iterator[Step]:
    """Stores, answers truly with a Date ten minutes ahead (even numbers) or behind (odd ones)."""
    skewed = exchange.now() + CLOCK_SKEW * (1 if exchange.sorgu_no % 2 == 0 else -1)
    dated = (("Date", format_datetime(skewed, usegmt=True)),)
    yield Send(replace(exchange.honest(), headers=dated).encode())


@fault(hostile=0.002)
def reply_in_utf16(exchange: Exchange) -> Iterator[Step]:
    """Stores, answers truly in UTF-16, and says so."""
    reply = exchange.honest()
    yield Send(_rewritten(reply, reply.body.decode(), "utf-16").encode())


@fault(hostile=0.002, on_json=False)
def reply_in_latin5(exchange: Exchange) -> Iterator[Step]:
    """Stores, answers truly in ISO-8859-9, and says so."""
    reply = exchange.honest()
    yield Send(_rewritten(reply, reply.body.decode(), "iso-8859-9", "xmlcharrefreplace").encode())


@fault(hostile=0.002)
def reply_with_bom(exchange: Exchange) -> Iterator[Step]:
    """Stores, answers truly with a byte order mark before the first character."""
    reply = exchange.honest()
    yield Send(replace(reply, body=b"\xef\xbb\xbf" + reply.body).encode())


@fault(hostile=0.003, on_json=False)
def reply_in_cdata(exchange: Exchange) -> Iterator[Step]:
    """Stores, answers truly with every value in a CDATA section."""
    reply = exchange.honest()
    wrapped = _LEAF.sub(lambda leaf: f"><![CDATA[{unescape(leaf[1])}]]></", reply.body.decode())
    yield Send(_rewritten(reply, wrapped).encode())


@fault(hostile=0.002, on_json=False)
def reply_with_comments(exchange: Exchange) -> Iterator[Step]:
    """Stores, answers truly with line breaks, comments and processing instructions between the elements."""
    reply = exchange.honest()
    yield Send(_rewritten(reply, _BEFORE_TAG.sub(">\n  <!-- v2 --><?v 2?><", reply.body.decode())).encode())


@fault(hostile=0.003)
def chunked_reply(exchange: Exchange) -> Iterator[Step]:
    """Stores, answers truly in five chunks."""
    reply = exchange.honest()
    yield Send(_unmeasured(reply, ("Transfer-Encoding", "chunked")) + _chunks(reply.body, 5) + b"0\r\n\r\n")


@fault(hostile=0.003)
def chunked_reply_cut(exchange: Exchange) -> Iterator[Step]:
    """Stores, answers in chunks and closes before the chunk that would end them."""
    reply = exchange.honest()
    yield Send(_unmeasured(reply, ("Transfer-Encoding", "chunked")) + _chunks(reply.body, 5))
    yield Close()


@fault(hostile=0.002)
def reply_until_close(exchange: Exchange) -> Iterator[Step]:
    """Stores, answers truly without a length: the reply ends where the connection does."""
    reply = exchange.honest()
    yield Send(_unmeasured(reply, ("Connection", "close")) + reply.body)
    yield Close()


@fault(hostile=0.002, on_json=False)
def reply_with_doctype(exchange: Exchange) -> Iterator[Step]:
    """Stores, answers truly behind a document type declaration that wants to read a local file."""
    reply = exchange.honest()
    doctype = '?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    yield Send(_rewritten(reply, reply.body.decode().replace("?>", doctype, 1)).encode())


@fault(hostile=0.004)
def unknown_element(exchange: Exchange) -> Iterator[Step]:
    """Stores, answers truly with one element more than the description knows (drift)."""
    reply = exchange.honest()
    body = _LAST_END.sub(r"<islemZamani>12</islemZamani>\1", reply.body.decode())
    body = body.removesuffix("}") + ', "islemZamani": 12}' if body.endswith("}") else body
    yield Send(_rewritten(reply, body).encode())


@fault(hostile=0.004, on_queries=False, on_json=False)
def partial_batch(exchange: Exchange) -> Iterator[Step]:
    """Stores and lists the pairs of every second worker only, under 200 (soap-g2; elsewhere an honest answer)."""
    yield Send(exchange.render(exchange.partial()).encode())


# Single switches, in no set: a lie about whose fault it is, and a flood.


@fault(on_queries=False, on_json=False)
def code_214_altered_xml(exchange: Exchange) -> Iterator[Step]:
    """Stores nothing and blames the signed content (214), ending with the right XML but for one value."""
    xml = _MINUTES.sub(r"\1<", exchange.signed_xml(), count=1)
    yield exchange.code(IMZALI_ICERIK, f"İmzalı içerik hatalı. XML'inizi karşılaştırınız: {xml}")


@fault()
def huge_reply(exchange: Exchange) -> Iterator[Step]:
    """Stores, then answers HTTP 200 with 24 MiB of blanks."""
    reply = exchange.honest()
    yield Send(reply.head(HUGE << 20))
    for _ in range(HUGE):
        yield Send(b" " * (1 << 20))
