"""Reads XML without losing a byte: encoding, prolog and a tree whose parts, put together again, give the text back.

A comparison of bytes must not go through a parser that repairs or normalises, so this is a small reader of our
own. It knows nothing of DTDs or entities' definitions, opens nothing, and gives up (None) on what is not
well-formed; every loop is bounded by the length of the text.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

DEEPEST = 40
_DECLARATION = re.compile(r"<\?xml(?=[\s?])[^<>]{0,200}\?>")
_SPACE = re.compile(r"\s*")
_NAMED = re.compile(r"""encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,39})["']""")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_ONE_BYTE = "iso-8859-9"  # every byte has a letter in it, so nothing is lost


@dataclass(frozen=True, slots=True)
class Page:
    """Bytes read as text. ``bom + text.encode(encoding)`` are the bytes again."""

    bom: bytes
    encoding: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A text cut at its prolog and its end; the five parts in order are the text again."""

    lead: str
    declaration: str
    gap: str
    body: str = field(repr=False)
    tail: str


@dataclass(slots=True)
class Node:
    """An element: its tags as written, what stands before each child, and what stands before its end tag."""

    name: str
    opening: str
    closing: str = ""  # empty for <a/>
    children: list[tuple[str, Node]] = field(default_factory=list)
    last: str = ""  # the text of a leaf
    raw: str = field(default="", repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in it, in either form."""
        return not self.children and not self.last


def read_page(content: bytes) -> Page:
    """`content` as text: by its BOM, by the zero bytes of UTF-16, as UTF-8, else as the one-byte set it names."""
    bom, encoding = next(((bom, name) for bom, name in _BOMS if content.startswith(bom)), (b"", ""))
    rest = content[len(bom) :]
    for name in [encoding] if encoding else [*_guesses(rest), "utf-8", *_named(rest)]:
        text = _decode(rest, name)
        if text is not None:
            return Page(bom, name, text)
    return Page(b"", _ONE_BYTE, content.decode(_ONE_BYTE))


def _guesses(content: bytes) -> list[str]:
    if content[:4] == b"<\0?\0" or (content[:1] == b"<" and content[1:2] == b"\0"):
        return ["utf-16-le"]
    return ["utf-16-be"] if content[:2] == b"\0<" else []


def _named(content: bytes) -> list[str]:
    """The encoding the declaration names, when Python knows it as a character set; else Turkish Windows."""
    found = _NAMED.search(content[:200].decode("ascii", "replace"))
    named = codec_of(found[1]) if found else ""
    return [named] if named else []


def codec_of(name: str) -> str:
    """Python's one name for a character set, empty for what is none."""
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):  # ValueError: a null character in the name
        return ""
    return info.name if getattr(info, "_is_text_encoding", True) and info.name not in _NOT_SETS else ""


_NOT_SETS = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined", "mbcs", "oem"})


def _decode(content: bytes, name: str) -> str | None:
    """The text, when it gives exactly these bytes back."""
    try:
        text = content.decode(name)
        return text if text.encode(name) == content else None
    except (UnicodeError, LookupError):
        return None


def cut_sheet(text: str) -> Sheet:
    """`text` cut into leading space, XML declaration, gap, body and trailing space."""
    lead = _space_at(text, 0)
    at = len(lead)
    found = _DECLARATION.match(text, at)
    declaration = found[0] if found else ""
    at += len(declaration)
    gap = _space_at(text, at) if declaration else ""
    body = text[at + len(gap) :]
    kept = body.rstrip()
    return Sheet(lead, declaration, gap, kept, body[len(kept) :])


def _space_at(text: str, at: int) -> str:
    found = _SPACE.match(text, at)
    return found[0] if found else ""


def read_tree(body: str) -> Node | None:
    """The one element that `body` is; None when it is not well-formed, too deep, or more than one."""
    top = Node("", "")
    open_nodes, starts, at = [top], [0], 0
    while at < len(body):
        plain = _PLAIN_TAG.match(body, at)
        begin, end = plain.span(1) if plain else _next_tag(body, at)
        if begin < 0:
            return None
        here = open_nodes[-1]
        here.last += body[at:begin]
        tag, at = body[begin:end], end
        if tag.startswith("</"):
            if len(open_nodes) == 1 or tag[2:-1].rstrip() != here.name:
                return None
            here.closing, here.raw = tag, body[starts.pop() : end]
            open_nodes.pop()
            continue
        node = Node(_name_of(tag), tag)
        here.children.append((here.last, node))
        here.last = ""
        if not node.name or len(open_nodes) > DEEPEST:
            return None
        if tag.endswith("/>"):
            node.raw = tag
        else:
            open_nodes.append(node)
            starts.append(begin)
    return _only_child(top) if len(open_nodes) == 1 else None


def _only_child(top: Node) -> Node | None:
    alone = len(top.children) == 1 and not top.children[0][0] and not top.last
    return top.children[0][1] if alone else None


def _next_tag(body: str, at: int) -> tuple[int, int]:
    """(begin, end) of the next tag; comments, CDATA and instructions on the way are text. (-1, -1) when broken."""
    begin = body.find("<", at)
    while begin >= 0:
        mark = _other_mark(body, begin) if body[begin + 1 : begin + 2] in _OTHER else ""
        if not mark:
            end = body.find(">", begin)
            return (begin, end + 1) if end > begin + 1 and "<" not in body[begin + 1 : end] else (-1, -1)
        end = body.find(mark, begin)
        begin = body.find("<", end + len(mark)) if end >= 0 else -1
    return -1, -1


_PLAIN_TAG = re.compile(r"[^<]*+(<[^!?<>][^<>]*+>)")
_OTHER = ("!", "?")
_OTHER_MARKS = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"))


def _other_mark(body: str, begin: int) -> str:
    """What ends the comment, CDATA or instruction at `begin`; empty when it is none of them."""
    return next((end for start, end in _OTHER_MARKS if body.startswith(start, begin)), "")


def _name_of(tag: str) -> str:
    """The element's name; empty for a DOCTYPE, which we never read."""
    if tag[1:-1].isalnum():
        return tag[1:-1]
    words = tag.strip("<>").rstrip("/").split(None, 1)
    return words[0] if words and not words[0].startswith("!") else ""


OUTSIDE_BEFORE, OUTSIDE_AFTER = "(prolog)", "(end)"
_LOOKED_AT = 1 << 20


def path_at(content: bytes, offset: int) -> str:
    """The element in which byte `offset` of `content` lies, as a path (``a/b[2]``), best effort for broken XML."""
    text = content[: min(len(content), _LOOKED_AT)].decode("latin-1")  # one character per byte
    names: list[str] = []
    counts: list[dict[str, int]] = [{}]
    at = text.find("<")
    while 0 <= at <= offset:
        end = text.find(">", at)
        stop = len(text) if end < 0 else end + 1
        tag, at = text[at:stop], text.find("<", stop)
        if tag.startswith(("<?", "<!")):
            continue
        if tag.startswith("</"):
            if stop > offset:
                break
            names, counts = names[:-1], counts[: max(1, len(counts) - 1)]
        elif len(names) < DEEPEST:
            name = _name_of(tag).encode("latin-1").decode("utf-8", "replace")[:80]
            place = counts[-1][name] = counts[-1].get(name, 0) + 1
            inside = stop > offset
            if inside or not tag.endswith("/>"):
                names, counts = [*names, f"{name}[{place}]" if place > 1 else name], [*counts, {}]
            if inside:
                break
    if names:
        return "/".join(names)
    return OUTSIDE_BEFORE if not counts[0] else OUTSIDE_AFTER
