"""What the ministry can lose, break or say wrongly, one function each; the first half of the faults.

Rates are shares of saves; `usual` is in both named sets, `hostile` in one. NOTE: the draw walks through the table
in order, so a new fault goes to the end of `reply_forms`: then what a seed did before, it still does.
"""

from collections.abc import Iterator
from dataclasses import replace

from integrator.ministry.answers import BASARISIZ, FIRMA_YOK, IMZALI_ICERIK, SISTEM_HATASI, SQL_HATASI
from integrator.ministry.fault_table import Exchange, fault
from integrator.ministry.wire import Close, Reply, Reset, Send, Step, Wait, plain

UNKNOWN_CODE = 777
DRIP_PIECES = 20
HTML = b"<!DOCTYPE html><html><head><title>%s</title></head><body><h1>%s</h1></body></html>"


def _html(status: int, title: bytes, *headers: tuple[str, str]) -> Send:
    return Send(Reply(status, "text/html; charset=utf-8", HTML % (title, title), headers).encode())


# In both sets.


@fault(usual=0.03)
def reply_lost_after_commit(exchange: Exchange) -> Iterator[Step]:
    """Stores, then resets the connection instead of answering."""
    exchange.answer()
    yield Reset()


@fault(usual=0.02)
def reset_before_commit(exchange: Exchange) -> Iterator[Step]:
    """Reads the request, stores nothing and resets the connection."""
    yield Reset()


@fault(usual=0.02)
def code_1111_after_storing(exchange: Exchange) -> Iterator[Step]:
    """Stores, then answers 1111 (system error)."""
    exchange.answer()
    yield exchange.code(SISTEM_HATASI, "Sistem hatası")


@fault(usual=0.01)
def slow_reply_past_timeout(exchange: Exchange) -> Iterator[Step]:
    """Stores at once, answers truly but only after `slow_seconds`."""
    reply = exchange.honest()
    yield Wait(exchange.slow_seconds)
    yield Send(reply.encode())


@fault(usual=0.02)
def http_500_html(exchange: Exchange) -> Iterator[Step]:
    """Stores nothing and answers HTTP 500 with a page of HTML."""
    yield _html(500, b"Internal Server Error")


@fault(usual=0.02)
def repeated_reply(exchange: Exchange) -> Iterator[Step]:
    """Stores, sends the whole reply twice, then closes."""
    octets = exchange.honest().encode()
    yield Send(octets + octets)
    yield Close()


# In the hostile set only.


@fault(hostile=0.012)
def reset_during_body(exchange: Exchange) -> Iterator[Step]:
    """Stores nothing and resets as soon as the body has named its number, without looking at the rest."""
    yield Reset()


@fault(hostile=0.015)
def half_reply(exchange: Exchange) -> Iterator[Step]:
    """Stores, sends the head and half of the body, then closes."""
    reply = exchange.honest()
    yield Send(reply.head(len(reply.body)) + reply.body[: len(reply.body) // 2])
    yield Close()


@fault(hostile=0.015)
def wrong_content_length(exchange: Exchange) -> Iterator[Step]:
    """Stores, sends the whole reply but announces forty bytes less, then closes."""
    reply = exchange.honest()
    yield Send(reply.head(max(0, len(reply.body) - 40)) + reply.body)
    yield Close()


@fault(hostile=0.018)
def code_2222_before_storing(exchange: Exchange) -> Iterator[Step]:
    """Stores nothing and answers 2222 (SQL exception)."""
    yield exchange.code(SQL_HATASI, "SQL hatası")


@fault(hostile=0.015)
def code_204_after_storing(exchange: Exchange) -> Iterator[Step]:
    """Stores, then answers 204 (not successful, no cause given)."""
    exchange.answer()
    yield exchange.code(BASARISIZ, "İşlem başarısız")


@fault(hostile=0.01)
def late_store(exchange: Exchange) -> Iterator[Step]:
    """Waits `slow_seconds` and only then checks, stores and answers; the client is long gone."""
    yield Wait(exchange.slow_seconds)
    yield Send(exchange.honest().encode())


@fault(hostile=0.018)
def http_503_retry_after(exchange: Exchange) -> Iterator[Step]:
    """Stores nothing and answers HTTP 503 with Retry-After: 1."""
    yield Send(plain(503, "Service Unavailable", ("Retry-After", "1")).encode())


@fault(hostile=0.012)
def http_429(exchange: Exchange) -> Iterator[Step]:
    """Stores nothing and answers HTTP 429 with Retry-After: 1."""
    yield Send(plain(429, "Too Many Requests", ("Retry-After", "1")).encode())


@fault(hostile=0.012, on_json=False)
def wrong_sorgu_no_in_reply(exchange: Exchange) -> Iterator[Step]:
    """Stores, answers truly but under the next number."""
    yield Send(exchange.render(exchange.answer().renumbered(exchange.sorgu_no + 1)).encode())


@fault(hostile=0.01, on_json=False)
def reply_to_another_record(exchange: Exchange) -> Iterator[Step]:
    """Stores, then sends the answer that belongs to another message."""
    exchange.answer()
    yield Send(exchange.render(exchange.another()).encode())


@fault(hostile=0.012)
def empty_body_200(exchange: Exchange) -> Iterator[Step]:
    """Stores, then answers HTTP 200 with nothing in it."""
    honest = exchange.honest()
    yield Send(replace(honest, body=b"").encode())


@fault(hostile=0.012)
def soap_fault_200(exchange: Exchange) -> Iterator[Step]:
    """Stores nothing and answers HTTP 200 with a SOAP fault (on json-g4: a platform's error document)."""
    yield Send(replace(exchange.platform_error("java.lang.NullPointerException"), status=200).encode())


@fault(hostile=0.01)
def garbage_reply(exchange: Exchange) -> Iterator[Step]:
    """Stores, then sends bytes that are not HTTP (on json-g4: HTTP 200 with what is not JSON), and closes."""
    exchange.answer()
    yield Send(exchange.garbage)
    yield Close()


@fault(hostile=0.012)
def html_200(exchange: Exchange) -> Iterator[Step]:
    """Stores nothing and answers HTTP 200 with a proxy's page of HTML."""
    yield _html(200, b"Giris")


@fault(hostile=0.01)
def redirect_302(exchange: Exchange) -> Iterator[Step]:
    """Stores nothing and redirects to another path of the same host."""
    yield _html(302, b"Found", ("Location", f"{exchange.path}/moved"))


@fault(hostile=0.002)
def unknown_code_after_storing(exchange: Exchange) -> Iterator[Step]:
    """Stores, then answers with a result code that no document knows (777)."""
    exchange.answer()
    yield exchange.code(UNKNOWN_CODE, "Bilinmeyen durum")


@fault(hostile=0.015, on_json=False)
def missing_pairs_in_reply(exchange: Exchange) -> Iterator[Step]:
    """Stores, answers truly but leaves out every second pair, or the number where no pairs are listed."""
    yield Send(exchange.render(exchange.thin(exchange.answer())).encode())


@fault(hostile=0.01)
def slow_drip(exchange: Exchange) -> Iterator[Step]:
    """Stores, then lets the true reply drip out in twenty pieces over `slow_seconds`."""
    octets = exchange.honest().encode()
    size = -(-len(octets) // DRIP_PIECES)
    for at in range(0, len(octets), size):
        yield Send(octets[at : at + size])
        yield Wait(exchange.slow_seconds / DRIP_PIECES)


# Single switches, in no set: both are lies about whose fault it is.


@fault(on_json=False)
def code_214_lie(exchange: Exchange) -> Iterator[Step]:
    """Stores nothing and blames the signed content (214), ending with an XML that is not ours."""
    xml = '<?xml version="1.0" encoding="UTF-8" standalone="no"?><egitimDVO/>'
    yield exchange.code(IMZALI_ICERIK, f"İmzalı içerik hatalı. XML'inizi karşılaştırınız: {xml}")


@fault()
def code_401_spell(exchange: Exchange) -> Iterator[Step]:
    """Answers 401 to this request and to every one with credentials for the next `spell_seconds`."""
    exchange.begin_401_spell()
    yield exchange.code(FIRMA_YOK, "Bu kod ve parola ile aktif firma bulunamadı")
