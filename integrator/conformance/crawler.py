"""Walks every page of a gateway and names what points or loads elsewhere, and what looks like advertising (7d)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit, urlunsplit

from integrator.conformance.client import Reply

MAX_PAGES = 400
_POINTERS = ("href", "src", "action", "formaction", "poster", "data", "srcset", "content", "background")
_ADVERTISING = ("reklam", "sponsor", "banner", "advert", "promo")
_WORDS_IN = ("id", "class", "alt", "title", "src")


@dataclass
class Walk:
    """What was visited, and every fault as (page, what)."""

    visited: list[str] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)


class _Page(HTMLParser):
    """Collects addresses and suspicious words of one page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str]] = []
        self.suspicious: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser."""
        told = {name: value or "" for name, value in attrs}
        refreshes = tag == "meta" and told.get("http-equiv", "").lower() == "refresh"
        for name in _POINTERS:
            if name in told and (name != "content" or refreshes):
                self.found.append((tag, told[name].partition("url=")[2] if refreshes else told[name].split(" ")[0]))
        words = " ".join(told.get(name, "").lower() for name in _WORDS_IN)
        self.suspicious += [f"<{tag}> {word}" for word in _ADVERTISING if word in words]


def walk(start: str, ask: Callable[[str], Reply], allowed: Sequence[str]) -> Walk:
    """Every page below the origin of `start`. `allowed` are hosts, or ``.domain`` for all below one."""
    origin, done, waiting = urlsplit(start).netloc, Walk(), [start]
    while waiting and len(done.visited) < MAX_PAGES:
        address = waiting.pop(0)
        if address in done.visited:
            continue
        done.visited.append(address)
        for tag, target in _look_at(address, ask(address), done):
            whole = urlunsplit((*urlsplit(urljoin(address, target))[:4], ""))
            parts = urlsplit(whole)
            if parts.scheme in ("http", "https") and parts.netloc == origin:
                waiting.append(whole)
            elif parts.scheme not in ("", "data") and not _is_allowed(parts.hostname or parts.scheme, allowed):
                done.faults.append((address, f"<{tag}> points to {parts.hostname or parts.scheme}"))
    return done


def _look_at(address: str, reply: Reply, done: Walk) -> list[tuple[str, str]]:
    if reply.location:
        return [("redirect", reply.location)]
    if "html" not in reply.content_type:
        return []
    page = _Page()
    page.feed(reply.body.decode("utf-8", "replace"))
    done.faults += [(address, each) for each in page.suspicious]
    return page.found


def _is_allowed(host: str, allowed: Sequence[str]) -> bool:
    return any(host == each.lstrip(".") or (each.startswith(".") and host.endswith(each)) for each in allowed)
