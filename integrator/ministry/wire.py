"""What goes over the wire: HTTP requests and replies, and the steps that a faulty exchange is made of.

A face or the control port is a function from Request to either a Reply (written at once, head and body in
one write: a split write costs 40 ms of Nagle and delayed ACK) or Steps, a generator of what happens on the
socket; `connection` carries both out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus

BANNER = "integrator.ministry test stub; this is not the ministry"
REASONS = {status.value: status.phrase for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, read to its end; header names are lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    peer: str = ""  # the address it came from


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP reply; `encode` gives its bytes, in which Content-Length is always true."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    def head(self, content_length: int) -> bytes:
        """Status line and header lines, announcing `content_length` bytes (a fault may announce wrongly)."""
        extra = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        return (
            f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Unknown')}\r\n"
            f"Content-Type: {self.content_type}\r\nContent-Length: {content_length}\r\n"
            f"X-Not-The-Ministry: {BANNER}\r\n{extra}\r\n"
        ).encode("latin-1")

    def encode(self) -> bytes:
        """Head and body in one piece."""
        return self.head(len(self.body)) + self.body


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Let this many seconds pass; other connections are served meanwhile."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reset:
    """Break the connection with a TCP RST."""


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection in order, after what was written has left."""


Step = Send | Wait | Reset | Close
Steps = Iterator[Step]
Respond = Callable[[Request], Reply | Steps]


def plain(status: int, text: str, *headers: tuple[str, str]) -> Reply:
    """A reply of one line of text."""
    return Reply(status, "text/plain; charset=utf-8", text.encode() + b"\n", headers)


@dataclass(frozen=True, slots=True)
class Patience:
    """What a client may take: `body` bytes (413), seconds for one whole `request` (408), seconds of `idle`ness."""

    body: int
    request: float = 30.0
    idle: float = 60.0


@dataclass(slots=True)
class Draft:
    """A request while its bytes arrive."""

    url: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    head_size: int = 0
    body: list[bytes] = field(default_factory=list)
    body_size: int = 0
    announced: int = 0
