"""Offers to speak another protocol are not heard (RFC 9110, 7.8), and the call that carries one is answered.

Java's HttpClient offers HTTP/2 (``Upgrade: h2c``) with its first call. The parser believes that whatever follows such a
head is no HTTP any more, so a record would arrive without its body: the field's name is spoilt before it is parsed. A
name that the network cut in two is missed; heads of a few hundred bytes come in one piece.
"""

from __future__ import annotations

import re

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_FIELD = re.compile(rb"\r\nupgrade(?=[ \t]*:)", re.IGNORECASE)


class DeafToUpgrades(HttpToolsProtocol):
    """One connection."""

    _is_in_head = True

    def data_received(self, data: bytes) -> None:
        """Whatever came; bodies are left as they are."""
        if self._is_in_head:
            head, end, rest = data.partition(b"\r\n\r\n")
            data = _FIELD.sub(b"\r\nx-not-heard", head) + end + rest
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """The body comes next."""
        self._is_in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next head comes next."""
        self._is_in_head = True
        super().on_message_complete()
