"""Finds and reads what is published of a generation: its WSDL or OpenAPI. Host names stand only there."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_HERE = Path(__file__).resolve().parent
_ADDRESS = re.compile(rb'(<soap(?:12)?:address\s+location=")[^"]*(")')


@dataclass(frozen=True, slots=True)
class Wsdl:
    """A WSDL as published: its bytes, its tree and the namespace of its operations."""

    octets: bytes
    root: etree._Element
    namespace: str

    def at(self, address: str) -> bytes:
        """The same WSDL with `address` in every port."""
        return _ADDRESS.sub(rb"\g<1>" + address.encode() + rb"\g<2>", self.octets)


def published_folder() -> Path:
    """Where `schemas/` lies: IBYS_PUBLISHED_DIR, else the checkout, else the copy in the wheel."""
    told = os.environ.get("IBYS_PUBLISHED_DIR")
    if told:
        return Path(told)
    checkout = _HERE.parent.parent
    return checkout if (checkout / "schemas").is_dir() else _HERE.parent / "published"


def read_wsdl(generation: str) -> Wsdl:
    """The WSDL of `generation` (`soap-g2`); FileNotFoundError when it was not published with this copy."""
    octets = (published_folder() / "schemas" / generation / "ibys.wsdl").read_bytes()
    root = etree.fromstring(octets)
    return Wsdl(octets, root, root.get("targetNamespace", ""))


def read_openapi(generation: str) -> dict[str, Any]:
    """The OpenAPI of `generation` (`json-g4`); FileNotFoundError when it was not published with this copy."""
    document: dict[str, Any] = json.loads((published_folder() / "schemas" / generation / "openapi.json").read_bytes())
    return document
