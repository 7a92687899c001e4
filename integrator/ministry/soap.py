"""SOAP envelopes, 1.1 and 1.2: opens one safely, wraps an answer, says what was wrong as a fault.

Whatever carries a DOCTYPE is refused, entities are never resolved, nothing is fetched.
"""

from dataclasses import dataclass

from lxml import etree

from integrator.ministry.dress import Dress
from integrator.ministry.shapes import text_of
from integrator.ministry.wire import Reply

_PARSER = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    dtd_validation=False,
    huge_tree=False,
    remove_comments=True,
    remove_pis=True,
)


@dataclass(frozen=True, slots=True)
class Version:
    """A version of SOAP: its namespace, its media type, and what it calls the two parties of a fault."""

    namespace: str
    media_type: str
    sender: str
    receiver: str

    def reply(self, body: str, dress: Dress, status: int = 200) -> Reply:
        """`body` in an envelope as an HTTP reply of this version's media type."""
        return Reply(status, f"{self.media_type};charset=utf-8", dress.envelope(self.namespace, body))

    def fault(self, code: str, text: str, dress: Dress, status: int = 500) -> Reply:
        """A Fault as an HTTP reply; `code` is a local name such as Client or Receiver."""
        p = dress.prefix
        if self is SOAP_11:
            inner = f"<faultcode>{p}:{code}</faultcode><faultstring>{text_of(text)}</faultstring>"
        else:
            inner = (
                f"<{p}:Code><{p}:Value>{p}:{code}</{p}:Value></{p}:Code>"
                f'<{p}:Reason><{p}:Text xml:lang="en">{text_of(text)}</{p}:Text></{p}:Reason>'
            )
        return self.reply(f"<{p}:Fault>{inner}</{p}:Fault>", dress, status)


SOAP_11 = Version("http://schemas.xmlsoap.org/soap/envelope/", "text/xml", "Client", "Server")
SOAP_12 = Version("http://www.w3.org/2003/05/soap-envelope", "application/soap+xml", "Sender", "Receiver")
_VERSIONS = {version.namespace: version for version in (SOAP_11, SOAP_12)}


class SoapFault(Exception):
    """The message cannot be taken as a call; `reply` gives what to answer (HTTP 500, as JAX-WS does)."""

    def __init__(self, version: Version, text: str, code: str = "") -> None:
        super().__init__(text)
        self._version, self._text, self._code = version, text, code or version.sender

    def reply(self, dress: Dress) -> Reply:
        """The fault in its envelope."""
        return self._version.fault(self._code, self._text, dress)


@dataclass(frozen=True, slots=True)
class Call:
    """One operation asked for: the version it came in, its local name, its wrapper element."""

    version: Version
    operation: str
    element: etree._Element
    peer: str = ""  # the address it came from


def version_of(content_type: str) -> Version:
    """The version a Content-Type speaks of; 1.1 when it speaks of neither."""
    return SOAP_12 if content_type.lower().startswith(SOAP_12.media_type) else SOAP_11


def read_call(body: bytes, content_type: str, namespace: str) -> Call:
    """The operation in `body`, whose wrapper must stand in `namespace`; raises SoapFault."""
    announced = version_of(content_type)
    root = _parse(body, announced)
    version = _VERSIONS.get(root.tag.partition("}")[0][1:])
    if version is None or etree.QName(root).localname != "Envelope":
        raise SoapFault(announced, "the root is not a SOAP envelope of a known version", "VersionMismatch")
    if not content_type.lower().startswith(version.media_type):
        raise SoapFault(version, f"a {version.media_type} envelope came as {content_type or 'nothing'}")
    wrapper = _only_operation(root, version)
    name = etree.QName(wrapper)
    if name.namespace != namespace:
        raise SoapFault(version, f"the operation stands in another namespace than {namespace}")
    return Call(version, name.localname, wrapper)


def peek(element: etree._Element, *path: str) -> str:
    """The text at the end of `path`, empty when there is none; for what is needed before all else."""
    found: etree._Element | None = element
    for name in path:
        found = next(found.iterchildren(name), None) if found is not None else None
    return (found.text or "") if found is not None else ""


def _parse(body: bytes, version: Version) -> etree._Element:
    try:
        root = etree.fromstring(body, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SoapFault(version, f"not well-formed XML: {error}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise SoapFault(version, "a document type declaration is not allowed")
    return root


def _only_operation(envelope: etree._Element, version: Version) -> etree._Element:
    body = None
    for part in envelope:
        if part.tag == f"{{{version.namespace}}}Header":
            _check_understood(part, version)
        elif part.tag == f"{{{version.namespace}}}Body":
            body = part
    if body is None or len(body) != 1:
        raise SoapFault(version, "a Body with exactly one operation is expected")
    operation = body[0]
    if not isinstance(operation.tag, str):
        raise SoapFault(version, "entities are not allowed")
    return operation


def _check_understood(header: etree._Element, version: Version) -> None:
    for block in header:
        if block.get(f"{{{version.namespace}}}mustUnderstand") in ("1", "true"):
            raise SoapFault(version, f"{block.tag} is not understood", "MustUnderstand")
