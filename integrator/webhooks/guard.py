"""Where a webhook may lead: public addresses only, whatever a name says, and whenever it says it (SSRF).

An address is read strictly: what two readers could read in two ways is refused, not mended. Its name is resolved once
for each delivery, every answer is checked, and the connection goes to the answers that were checked. Special networks
are those of IANA's registries (RFC 6890 and its successors); of IPv6 only global unicast is let through.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urlsplit

from integrator.domain.errors import RefusedAddress
from integrator.domain.identifiers import holds_tckn

LONGEST = 2_048
RESOLVING_AT_MOST = 32
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Place = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
"""(name, port) -> addresses as text; raises OSError when there are none."""

_SIGNS = re.compile(r"[!#$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]+")
_IN_BRACKETS = re.compile(r"\[[0-9A-Fa-f:.]+\](:[0-9]+)?")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LOOKS_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_SPECIAL_V4 = tuple(
    ipaddress.IPv4Network(each)
    for each in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # a cloud's own services, under an address that looks public
    )
)  # fmt: skip
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    ipaddress.IPv6Network(each)
    for each in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")  # Teredo, ORCHID; examples; 6to4
)


class NotResolved(Exception):
    """The name has no address now, or whoever knows did not say so in time."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was read: its host in lower case, as a name or a literal without brackets."""

    address: str
    scheme: str
    host: str
    port: int


def resolve(host: str, port: int) -> list[str]:
    """What the system's resolver answers, in its order, each once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True, slots=True)
class Guard:
    """The operator's rules. `allowed` networks are let through though they are special, `refused` never are."""

    schemes: tuple[str, ...] = ("https",)
    ports: tuple[int, ...] = (443,)
    allowed: tuple[Network, ...] = ()
    refused: tuple[Network, ...] = ()
    resolve: Resolve = resolve
    seconds: float = 5.0

    def read(self, text: str) -> Target:
        """The address in `text`; raises RefusedAddress, which says what is wrong and never quotes the path."""
        if len(text) > LONGEST or not _SIGNS.fullmatch(text) or holds_tckn(text):
            _refuse("it is too long, holds a sign that must be escaped, or an identity number")
        try:
            parts = urlsplit(text)
            port = parts.port
            host = _literal(parts.netloc, parts.hostname or "") or _host(parts.hostname or "")
        except ValueError:
            _refuse("its host or port cannot be read")
        if parts.scheme not in self.schemes:
            _refuse(f"{' or '.join(self.schemes)}:// is wanted")
        if "@" in parts.netloc or "#" in text or parts.netloc.endswith(":"):
            _refuse("neither a user, a password, a fragment nor an empty port may stand in it")
        port = port if port is not None else {"https": 443, "http": 80}[parts.scheme]
        if port not in self.ports and 0 not in self.ports:
            _refuse(f"of ports {', '.join(map(str, self.ports))} is wanted")
        return Target(text, parts.scheme, host, port)

    def reach(self, target: Target) -> tuple[str, ...]:
        """The addresses of `target`, checked just now; raises RefusedAddress when one is not public, NotResolved."""
        found = self._resolved(target)
        if not found:
            raise NotResolved(target.host)
        for each in found:
            if not self.is_public(each):
                _refuse("its host is, or resolves to, an address that is not public")
        return tuple(found)

    def is_public(self, text: str) -> bool:
        """Whether a connection to this address may be made."""
        try:
            place = ipaddress.ip_address(text)
        except ValueError:
            return False
        if any(place in each for each in self.refused):
            return False
        return any(place in each for each in self.allowed) or not _is_special(place)

    def _resolved(self, target: Target) -> Sequence[str]:
        try:
            return [str(ipaddress.ip_address(target.host))]
        except ValueError:
            return _in_time(self.resolve, target, self.seconds)


def _is_special(place: Place) -> bool:
    if isinstance(place, ipaddress.IPv4Address):
        return any(place in each for each in _SPECIAL_V4)
    return place.scope_id is not None or place not in _GLOBAL_V6 or any(place in each for each in _SPECIAL_V6)


def _literal(netloc: str, host: str) -> str | None:
    """An IPv6 address in brackets; None when there are no brackets. Raises ValueError."""
    if "[" not in netloc:
        return None
    if not _IN_BRACKETS.fullmatch(netloc):
        raise ValueError(netloc)
    return str(ipaddress.IPv6Address(host))


def _host(host: str) -> str:
    """A name or an IPv4 address, if it has one reading only."""
    labels = host.split(".")
    if _LOOKS_NUMERIC.fullmatch(labels[-1]):
        return _dotted(host)
    if len(host) > 253 or not all(_LABEL.fullmatch(each) for each in labels):
        _refuse("its host is no name: letters, digits, hyphens; others in their xn-- form; no dot at the end")
    return host


def _dotted(host: str) -> str:
    try:
        return str(ipaddress.IPv4Address(host))
    except ValueError:
        _refuse("its host is a number in another form than 192.0.2.1")


def _refuse(why: str) -> NoReturn:
    raise RefusedAddress(why)


_resolving = threading.BoundedSemaphore(RESOLVING_AT_MOST)


def _in_time(resolve: Resolve, target: Target, seconds: float) -> Sequence[str]:
    """A resolver cannot be interrupted: one that hangs is left behind, and there are never more than a few of them."""
    answer: Future[Sequence[str]] = Future()

    def ask() -> None:
        try:
            answer.set_result(resolve(target.host, target.port))
        except (OSError, UnicodeError) as error:
            answer.set_exception(NotResolved(str(error)))
        finally:
            _resolving.release()

    if not _resolving.acquire(timeout=seconds):
        raise NotResolved("too many names are being resolved")
    threading.Thread(target=ask, daemon=True, name="resolve").start()
    try:
        return answer.result(timeout=seconds)
    except NotInTime as error:
        raise NotResolved("no answer in time") from error
