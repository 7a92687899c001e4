"""The one door to zeep. It reads the WSDL once, writes envelopes from it, and calls through our own bounded wire."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any

import requests
import zeep
import zeep.exceptions
from lxml import etree

from integrator.deliver.soap import outcome_of_status
from integrator.deliver.wire import HttpReply, NoAnswer, NotSent, Wire
from integrator.domain.errors import Misconfigured
from integrator.domain.outcomes import Kind, Outcome

_SETTINGS = zeep.Settings(strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True)
# What zeep lets through when an answer does not fit its schema: its own errors, and plain ones from conversions.
_BAD_ANSWERS = (zeep.exceptions.Error, etree.LxmlError, ValueError, TypeError, LookupError, AttributeError)
BAD_WSDL = (*_BAD_ANSWERS, OSError)


class _FileTransport(zeep.Transport):
    """Loads the local WSDL and refuses every other address; calls never go through it."""

    def load(self, url: str) -> bytes:
        """The content of a local file."""
        path = Path(url)
        if not path.is_file():
            raise Misconfigured(f"the WSDL refers to {url}, which is no local file")
        return path.read_bytes()


make_transport: Any = _FileTransport  # zeep ships no types
make_client: Any = zeep.Client


class ZeepDoor:
    """One WSDL at one address."""

    def __init__(self, wsdl: Path, wire: Wire) -> None:
        try:
            self._client: Any = make_client(str(wsdl), transport=make_transport(), settings=_SETTINGS)
        except BAD_WSDL as error:
            raise Misconfigured(f"{wsdl}: not a WSDL this program can use ({error})") from error
        self._binding: Any = next(iter(self._client.wsdl.bindings.values()))
        self.namespace: str = self._binding.name.namespace
        self._wire = wire
        self._lock = Lock()  # zeep does not say it is safe to share; these calls are rare

    def write(self, operation: str, **arguments: Any) -> etree._Element:
        """The envelope zeep would send."""
        with self._lock:
            envelope: etree._Element = self._binding._create(operation, (), arguments, client=self._client)[0]
        return envelope

    def call(self, operation: str, **arguments: Any) -> tuple[Any, bytes]:
        """(the answer's value or an Outcome, the reply's bytes). The value is zeep's object, list or None."""
        with self._lock:
            envelope, headers = self._binding._create(operation, (), arguments, client=self._client)
        request = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
        try:
            reply = self._wire.post(request, headers)
        except NotSent as error:
            return Outcome(Kind.NOT_ARRIVED, str(error)), b""
        except NoAnswer as error:
            return Outcome(Kind.UNCERTAIN, str(error)), b""
        return outcome_of_status(reply) or self._read(operation, reply), reply.body

    def _read(self, operation: str, reply: HttpReply) -> Any:
        response = requests.Response()
        response.status_code = reply.status
        response.headers["Content-Type"] = "text/xml"  # theirs may name a form (multipart) that zeep would go into
        response._content = reply.body
        try:
            with self._lock:
                return self._binding.process_reply(self._client, self._binding.get(operation), response)
        except _BAD_ANSWERS:
            return Outcome(Kind.UNCERTAIN, "unreadable_reply")
