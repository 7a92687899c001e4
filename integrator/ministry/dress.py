"""What three well-known SOAP stacks make of the same answer: prefixes, white space, order of attributes and fields.

Nothing published says which of them the ministry uses, so a client may rely on none of it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
XSD = 'xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
_END_OF_LINE = re.compile(r"</[^<>]*>(?=<)|<[^/<>][^<>]*>(?=<[^/])")  # never inside an empty element


@dataclass(frozen=True, slots=True)
class Dress:
    """How an answer looks. `envelope` and `wrapper` are templates; what is `is_spread` has a line for each element."""

    prefix: str
    envelope_template: str
    wrapper_template: str
    return_tag: str = "return"
    is_spread: bool = False
    json_indent: int | None = None
    is_json_reversed: bool = False

    def envelope(self, namespace: str, body: str) -> bytes:
        """`body` in an envelope of the SOAP version with this namespace."""
        text = self.envelope_template.format(namespace=namespace, body=body)
        return (DECLARATION + (_END_OF_LINE.sub(r"\g<0>\n", text) if self.is_spread else text)).encode()

    def wrapper(self, name: str, namespace: str, returned: str) -> str:
        """The element of an operation's answer around its `return` elements, which stand in no namespace."""
        told = returned.replace("<return>", f"<{self.return_tag}>") if self.return_tag != "return" else returned
        return self.wrapper_template.format(name=name, namespace=namespace, returned=told)

    def json(self, content: Mapping[str, Any]) -> bytes:
        """A JSON object; the order of its fields means nothing."""
        shown = dict(reversed(list(content.items()))) if self.is_json_reversed else content
        return json.dumps(shown, ensure_ascii=False, indent=self.json_indent).encode(errors="replace")


METRO = Dress(
    prefix="S",
    envelope_template='<S:Envelope xmlns:S="{namespace}"><S:Body>{body}</S:Body></S:Envelope>',
    wrapper_template='<ns2:{name} xmlns:ns2="{namespace}">{returned}</ns2:{name}>',
)
AXIS = Dress(
    prefix="soapenv",
    envelope_template=f'<soapenv:Envelope {XSD} {XSI} xmlns:soapenv="{{namespace}}">'
    "<soapenv:Header></soapenv:Header><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>",
    wrapper_template='<ns:{name} xmlns:ax21="urn:unused" xmlns:ns="{namespace}">{returned}</ns:{name}>',
    is_spread=True,
    json_indent=2,
)
DOTNET = Dress(
    prefix="s",
    envelope_template=f'<s:Envelope xmlns:s="{{namespace}}"><s:Body {XSI} {XSD}>{{body}}</s:Body></s:Envelope>',
    wrapper_template='<{name} xmlns="{namespace}">{returned}</{name}>',
    return_tag='return xmlns=""',
    is_json_reversed=True,
)
DRESSES = {"metro": METRO, "axis": AXIS, "dotnet": DOTNET}
